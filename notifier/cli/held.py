"""What does not go out yet: what the fuse holds until the operator says so, what waits for a time.

An issue with far more articles than usual is held.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

import click

from notifier.cli.common import counted, in_utc, table
from notifier.mailing import Desk
from notifier.mailing.turns import pending_turns


@dataclass(frozen=True, slots=True)
class Held:
    """The latest issue of a lane that is held: how much it is, for how many readers."""

    digest: str
    slot: str
    timezone: str
    articles: int
    readers: int


async def held_of(desk: Desk, digests: Sequence[str]) -> list[Held]:
    """Return what is held of these digests, of all if none is named."""
    pending = await desk.outbox.pending("held", digests or [spec.name for spec in desk.digests])
    found = []
    for turn, issue in await pending_turns(desk, pending):
        places = await desk.audience.places(turn.lane, turn.slot.instant, turn.day)
        readers = sum(number for _, number in places)
        zone, slot = turn.lane.key.timezone, turn.slot.identity
        found.append(Held(issue.digest, slot, zone, issue.articles, readers))
    return found


def waiting_data(waiting: Mapping[str, datetime]) -> list[dict[str, str]]:
    """Return by when the deliveries that wait for a time are due, as the documented objects."""
    return [{"digest": digest, "until": until.isoformat()} for digest, until in waiting.items()]


def waiting_lines(waiting: Sequence[Mapping[str, str]]) -> list[str]:
    """Return the same for people."""
    times = [(one["digest"], datetime.fromisoformat(one["until"])) for one in waiting]
    return [f"what waits of {name} is due by {in_utc(at)}" for name, at in times]


def held_data(held: Sequence[Held]) -> list[dict[str, object]]:
    """Return what is held as the documented objects."""
    return [asdict(one) for one in held]


def held_lines(held: Sequence[Held]) -> list[str]:
    """Return what people read of it."""
    rows: list[tuple[object, ...]] = [("held", "slot", "zone", "articles", "readers")]
    rows += [(one.digest, one.slot, one.timezone, one.articles, one.readers) for one in held]
    return table(rows) if held else ["nothing is held"]


def release_command(held: Sequence[Held]) -> str:
    """Return what to type to let it go."""
    return f"paperround send --release {' '.join(sorted({one.digest for one in held}))}"


def is_confirmed(held: Sequence[Held]) -> bool:
    """Ask at a terminal whether all of it is to be sent; whoever cannot be asked has decided."""
    if not sys.stdin.isatty():
        return True
    readers = counted(sum(one.readers for one in held), "message")
    return click.confirm(f"Send {readers}?", err=True)
