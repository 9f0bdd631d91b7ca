"""Turns: which lanes are due, for which slot, and in which order they come.

Reads the lanes and decides by the time it is told. The earlier slot comes first, then the digest
that stands first in the configuration: whoever comes first has the first claim on an article.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from feeds import Query
from notifier.delivery.audience import Lane
from notifier.digest.issue import Due, due, expiry
from notifier.digest.lane import is_daily_at_most, schedule_of, selection_of
from notifier.digest.spec import DigestSpec
from notifier.mailing.desk import Desk
from notifier.schedule.language import Schedule
from notifier.schedule.slots import Slot, extra_slot


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
        """How many periods of the schedule have passed since articles were last sent."""
        passed = self.slot.instant - self.lane.covered_to
        return passed / self.schedule.period if self.schedule.period else 1.0


async def lanes_of(desk: Desk, names: Sequence[str]) -> list[tuple[Lane, DigestSpec, Schedule]]:
    """Return the lanes of these digests that anybody reads, with what they follow."""
    specs = specs_of(desk)
    return [
        (lane, specs[lane.key.digest], schedule_of(specs[lane.key.digest], lane.key))
        for lane in await desk.audience.lanes(names)
        if lane.key.digest in specs
    ]


async def due_turns(desk: Desk, at: datetime) -> list[Turn]:
    """Return the lanes that have a slot due at `at`, in order; none of those `at once`."""
    turns = []
    for lane, spec, schedule in await lanes_of(desk, list(specs_of(desk))):
        found = due(
            spec,
            schedule,
            lane.key.timezone,
            served_at=lane.served_at,
            covered_to=lane.covered_to,
            now=at,
            served_on=lane.served_on,
        )
        if found is not None:
            turns.append(Turn(lane, spec, schedule, found))
    return in_order(desk, turns)


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


def in_order(desk: Desk, turns: Sequence[Turn]) -> list[Turn]:
    """Return `turns` by instant, then as their digests stand in the configuration."""
    order = {spec.name: number for number, spec in enumerate(desk.digests)}
    return sorted(turns, key=lambda t: (t.slot.instant, order[t.spec.name], t.lane.id))


def specs_of(desk: Desk) -> Mapping[str, DigestSpec]:
    """Return the declared digests by name."""
    return {spec.name: spec for spec in desk.digests}
