"""Issues: which slot of a lane is due, what it covers, and when it is too much or too little.

Pure; standard library only. Decides with the time that it is told, and writes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from notifier.digest.lane import is_daily_at_most
from notifier.digest.spec import DigestSpec
from notifier.schedule.language import Schedule
from notifier.schedule.slots import Slot, last_slot, next_slot

LATE_AT_MOST = timedelta(hours=12)
EXPIRES_AT_MOST = timedelta(hours=48)
HOUR = timedelta(hours=1)
TOO_MUCH = 5  # times the usual number of articles


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A slot that is to become an issue now, or is too late and folded into the next.

    `spans_from` is where the issue's period begins when it catches up on more than one.
    """

    slot: Slot
    expires: datetime
    spans_from: datetime | None = None
    folded: bool = False


def due(
    spec: DigestSpec,
    schedule: Schedule,
    zone: str,
    *,
    served_at: datetime,
    covered_to: datetime,
    now: datetime,
    served_on: date | None = None,
) -> Due | None:
    """Decide which slot after `served_at` is due at `now`; several missed ones are one issue.

    `covered_to` is the instant up to which the lane's articles have been sent, `served_on` the
    local date of the last slot: of a schedule that was edited since, no second one is due on it.
    """
    slot = last_slot(schedule, zone, now)
    if slot is None or slot.instant <= served_at or not _is_new_day(slot, schedule, served_on):
        return None
    before = last_slot(schedule, zone, slot.instant - timedelta(microseconds=1))
    catches_up = before is not None and covered_to < before.instant
    return Due(
        slot=slot,
        expires=expiry(spec, schedule, zone, slot.instant),
        spans_from=covered_to if catches_up else None,
        folded=now - slot.instant > lateness(spec, schedule),
    )


def lateness(spec: DigestSpec, schedule: Schedule) -> timedelta:
    """Return how late an issue may open: the digest's own word, or half a period up to 12 h."""
    return spec.late if spec.late is not None else min(schedule.period / 2, LATE_AT_MOST)


def expiry(spec: DigestSpec, schedule: Schedule, zone: str, instant: datetime) -> datetime:
    """Return when an issue of `instant` is stale: at the next slot, at most after 48 h."""
    limit = instant + (spec.expires or EXPIRES_AT_MOST)
    following = next_slot(schedule, zone, instant)
    return min(limit, following.instant) if following else limit


@dataclass(frozen=True, slots=True)
class Size:
    """How many articles an issue would have, over how many of its schedule's periods."""

    articles: int
    periods: float = 1.0


def is_too_much(spec: DigestSpec, size: Size, usual: Sequence[int]) -> bool:
    """Tell whether an issue needs the operator's word: far more articles than usual.

    `usual` are the numbers of articles of the digest's issues of late. An operator's own `fuse`
    counts as it stands; else five times the largest of those, and of what a message may show.
    """
    if spec.fuse is not None:
        return size.articles > spec.fuse * max(size.periods, 1)
    return size.articles > TOO_MUCH * max(spec.maximum, *usual, 1) * max(size.periods, 1)


def is_too_little(spec: DigestSpec, articles: int, waited: timedelta) -> bool:
    """Tell whether articles are held over: fewer than `min`, and the oldest may wait longer."""
    if articles >= spec.minimum:
        return False
    return spec.longest_wait is None or waited < spec.longest_wait


def at_once(
    arrivals: Sequence[int], sent: Sequence[datetime], limit: int, now: datetime
) -> tuple[int, ...]:
    """Return where the messages `at once` end: one article each, the last one what is left.

    `arrivals` ascend; `sent` are the instants of the lane's messages of late. Within any hour
    there are at most `limit`: when all of them are used up, what arrives waits, and goes together.
    """
    room = limit - sum(now - HOUR < instant <= now for instant in sent)
    if not arrivals or room <= 0:
        return ()
    if len(arrivals) <= room:
        return tuple(arrivals)
    return (*arrivals[: room - 1], arrivals[-1])


def _is_new_day(slot: Slot, schedule: Schedule, served_on: date | None) -> bool:
    if served_on is None or slot.local_date is None or not is_daily_at_most(schedule):
        return True
    return slot.local_date > served_on
