"""Turns: which lanes are due, for which slot, and in which order they come.

Reads the lanes and decides by the time it is told. The earlier slot comes first, then the digest
that stands first in the configuration: whoever comes first has the first claim on an article.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

from feeds import Query
from notifier.delivery.audience import Lane
from notifier.delivery.opening import TOGETHER
from notifier.delivery.outbox import Pending
from notifier.digest.issue import Due, due, expiry
from notifier.digest.lane import follows, is_daily_at_most, schedule_of, selection_of
from notifier.digest.spec import DigestSpec
from notifier.mailing.desk import Desk
from notifier.schedule.language import Schedule
from notifier.schedule.slots import Slot, extra_slot, last_slot, next_slot

_SLOTS = 8  # that are looked at for the next one on which a lane may be served


@dataclass(frozen=True, slots=True)
class Turn:
    """A lane, and the slot for which it is due."""

    lane: Lane
    spec: DigestSpec
    schedule: Schedule
    due: Due

    @property
    def slot(self) -> Slot:
        """The slot."""
        return self.due.slot

    @property
    def query(self) -> Query:
        """What the lane admits."""
        return selection_of(self.spec, self.lane.key.topics, self.lane.key.words)

    @property
    def day(self) -> date | None:
        """The local date on which nobody may get a second issue; None where several are usual."""
        return self.slot.local_date if is_daily_at_most(self.schedule) else None

    @property
    def periods(self) -> float:
        """How many periods of the schedule have passed since articles were last sent.

        One of those at once: that it was quiet for long makes no import usual.
        """
        if self.schedule.at_once:
            return 1.0
        passed = self.slot.instant - self.lane.covered_to
        return passed / self.schedule.period if self.schedule.period else 1.0


async def lanes_of(
    desk: Desk, names: Sequence[str], numbers: Sequence[int] | None = None
) -> list[tuple[Lane, DigestSpec, Schedule]]:
    """Return the lanes of these digests that anybody reads, with what they follow."""
    specs = specs_of(desk)
    return [
        (lane, specs[lane.key.digest], schedule_of(specs[lane.key.digest], lane.key))
        for lane in await desk.audience.lanes(names, numbers)
        if lane.key.digest in specs
    ]


async def due_turns(desk: Desk, at: datetime) -> list[Turn]:
    """Return the lanes that have a slot due at `at`, in order; none of those `at once`."""
    turns = []
    known: dict[tuple[object, ...], Due | None] = {}  # many lanes differ in their selection only
    for lane, spec, schedule in await lanes_of(desk, *await _perhaps_due(desk, at)):
        key = lane.key
        alike = (key.digest, key.schedule, key.timezone, *_clock(lane))
        if alike not in known:
            known[alike] = due(
                spec,
                schedule,
                key.timezone,
                served_at=lane.served_at,
                covered_to=lane.covered_to,
                now=at,
                served_on=lane.served_on,
            )
        found = known[alike]
        if found is not None:
            turns.append(Turn(lane, spec, schedule, found))
    return in_order(desk, turns)


async def next_turns(desk: Desk, now: datetime, but: Collection[int] = ()) -> list[Turn]:
    """Return the next turn of each lane, if it has one, whatever is due; none of the lanes `but`.

    None of those `at once`.
    """
    found: list[Turn] = []
    known: dict[tuple[object, ...], Due | None] = {}
    for lane, spec, schedule in await lanes_of(desk, list(specs_of(desk))):
        if lane.id in but:
            continue
        alike = (lane.key.digest, lane.key.schedule, lane.key.timezone, *_clock(lane))
        if alike not in known:
            known[alike] = _following(spec, schedule, lane, now)
        following = known[alike]
        if following is not None:
            found.append(Turn(lane, spec, schedule, following))
    return found


def _clock(lane: Lane) -> tuple[datetime, datetime, date | None]:
    return lane.served_at, lane.covered_to, lane.served_on


def _following(spec: DigestSpec, schedule: Schedule, lane: Lane, now: datetime) -> Due | None:
    """Return what `lane` is due for next: its next slot on a day of which it has had none."""
    after = max(now, lane.served_at)
    for _ in range(_SLOTS):
        slot = next_slot(schedule, lane.key.timezone, after)
        if slot is None:
            return None
        found = due(
            spec,
            schedule,
            lane.key.timezone,
            served_at=lane.served_at,
            covered_to=lane.covered_to,
            now=slot.instant,
            served_on=lane.served_on,
        )
        if found:
            return found
        after = slot.instant
    return None


async def at_once_turns(desk: Desk, now: datetime) -> list[Turn]:
    """Return the lanes that are served at once, each with a slot to look at `now`."""
    specs = specs_of(desk)
    numbers = [
        clock.id
        for clock in await desk.audience.clocks(list(specs))
        if follows(specs[clock.digest], clock.schedule).at_once
    ]
    found = Due(slot=extra_slot(now), expires=now)
    return [Turn(*one, found) for one in await lanes_of(desk, list(specs), numbers)]


async def _perhaps_due(desk: Desk, at: datetime) -> tuple[list[str], list[int]]:
    """Return digests, and those lanes of them whose clock is behind: most of the time, none."""
    specs = specs_of(desk)
    numbers = []
    known: dict[tuple[str, str, str], Slot | None] = {}
    for clock in await desk.audience.clocks(list(specs)):
        alike = (clock.digest, clock.schedule, clock.timezone)
        if alike not in known:
            schedule = follows(specs[clock.digest], clock.schedule)
            known[alike] = last_slot(schedule, clock.timezone, at)
        slot = known[alike]
        if slot is not None and slot.instant > clock.served_at:
            numbers.append(clock.id)
    return list(specs), numbers


async def extra_turns(desk: Desk, names: Sequence[str], at: datetime) -> list[Turn]:
    """Return every lane of the named digests, with an extra slot at `at`, in order."""
    slot = extra_slot(at)
    turns = [
        Turn(
            lane,
            spec,
            schedule,
            Due(slot=slot, expires=expiry(spec, schedule, lane.key.timezone, slot.instant)),
        )
        for lane, spec, schedule in await lanes_of(desk, names)
    ]
    return in_order(desk, turns)


async def pending_turns(desk: Desk, pending: Sequence[Pending]) -> list[tuple[Turn, Pending]]:
    """Return the turn of the latest issue of each lane among those that were begun."""
    latest: dict[int, Pending] = {}
    for one in pending:
        latest.setdefault(one.lane_id, one)
    return [
        (Turn(lane, spec, schedule, latest[lane.id].due), latest[lane.id])
        for lane, spec, schedule in await lanes_of(desk, [one.digest for one in pending])
        if lane.id in latest
    ]


def in_order(desk: Desk, turns: Sequence[Turn]) -> list[Turn]:
    """Return `turns` by instant, then as their digests stand in the configuration."""
    order = {spec.name: number for number, spec in enumerate(desk.digests)}
    return sorted(turns, key=lambda t: (t.slot.instant, order[t.spec.name], t.lane.id))


def in_slices(turns: Sequence[Turn]) -> Iterator[list[Turn]]:
    """Part turns, in order, into runs of one digest that are opened together."""
    for _, run in groupby(turns, key=lambda turn: turn.spec.name):
        some = list(run)
        for start in range(0, len(some), TOGETHER):
            yield some[start : start + TOGETHER]


def specs_of(desk: Desk) -> Mapping[str, DigestSpec]:
    """Return the declared digests by name."""
    return {spec.name: spec for spec in desk.digests}
