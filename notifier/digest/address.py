"""Where an issue is found on the web: by its local date, and the time where that is no name yet.

Pure; standard library only. An address is `2026-11-23` or, with the time of day, `2026-11-23T0730`.
An issue that was sent by hand has the seconds too. Of two slots of an interval at which clocks read
the same, in the night in which they go back, the second has `-2` after it.
"""

from __future__ import annotations

import re
from datetime import date
from zoneinfo import ZoneInfo

from notifier.digest.lane import is_daily_at_most
from notifier.schedule.language import Schedule
from notifier.schedule.rules import WallClock
from notifier.schedule.slots import Slot

_NOMINAL = re.compile(r"([0-9]{4,}-[0-9]{2}-[0-9]{2})T([0-9]{2}):([0-9]{2}) ")
_ADDRESS = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:T[0-9]{4}(?:[0-9]{2})?(?:-2)?)?\Z")
_DATE = len("2026-11-23")


def address_of(slot: Slot, zone: str, schedule: Schedule) -> str:
    """Return the address of the issue of `slot` in `zone`, of a digest with that schedule.

    The date alone where the schedule has one slot on a date at most, and this is such a one.
    """
    full = full_address(slot, zone)
    if isinstance(schedule, WallClock) and is_daily_at_most(schedule):
        usual = f"T{schedule.times[0]:%H%M}"
        if _NOMINAL.match(slot.identity) and full.endswith(usual):
            return full[:_DATE]
    return full


def full_address(slot: Slot, zone: str) -> str:
    """Return the address with the time of day, which leads to the same issue."""
    nominal = _NOMINAL.match(slot.identity)
    if nominal:
        return f"{nominal[1]}T{nominal[2]}{nominal[3]}"
    local = slot.instant.astimezone(ZoneInfo(zone))
    seconds = "" if slot.local_date else f"{local:%S}"
    return f"{local:%Y-%m-%dT%H%M}{seconds}{'-2' if local.fold else ''}"


def day_of(address: str) -> date | None:
    """Return the date of an address; None for what never was one."""
    found = _ADDRESS.match(address)
    try:
        return date.fromisoformat(found[1]) if found else None
    except ValueError:
        return None


def time_of(address: str) -> str:
    """Return the time of day in an address as clocks show it, "" where there is none."""
    time = address[_DATE + 1 :]
    return f"{time[:2]}:{time[2:4]}" if time else ""
