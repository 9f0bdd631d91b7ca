"""Enrolments: a reader as the roster has one, and what a declaration or a wish makes of it.

Pure; standard library only. Decides in which lanes a reader stands; where in a lane they begin is
left to whoever knows the arrivals. Refuses wishes that cannot be met by saying why.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from feeds import Site
from notifier.digest.lane import LaneKey, is_daily_at_most, lane_of, schedule_of
from notifier.digest.spec import DigestSpec
from notifier.preferences import (
    AS_DECLARED,
    NO_PROFILE,
    Profile,
    Terms,
    Wish,
    choice_of,
    news,
    profile_news,
    reader_of,
    with_profile,
    with_terms,
)
from notifier.schedule.slots import Slot, slots
from notifier.subscriber import Choice, Declaration


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A reader's subscription to one digest: `declared`, or `added` by somebody's wish, or neither.

    `lane` is None until the reader has been settled in one; `paused_until` is an instant.
    """

    declared: bool = False
    added: bool = False
    chosen: Terms = AS_DECLARED
    lane: LaneKey | None = None
    paused_until: datetime | None = None
    left_at: datetime | None = None

    @property
    def active(self) -> bool:
        """Whether the subscription is in force, paused or not."""
        return (self.declared or self.added) and self.left_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """A reader with everything that was declared and chosen; `held` is by digest."""

    address: str
    declared: Declaration | None = None
    chosen: Profile = NO_PROFILE
    held: Mapping[str, Held] = field(default_factory=dict)

    @property
    def reader(self) -> Declaration:
        """Name, zone and language as they hold; without digests."""
        return reader_of(self.address, self.declared, self.chosen)

    def declared_for(self, digest: str) -> Choice | None:
        """Return what was declared of the reader and `digest`, if anything was."""
        return self.declared.digests.get(digest) if self.declared else None

    def choice(self, spec: DigestSpec) -> Choice:
        """Return how the reader wants `spec`, as it holds."""
        held = self.held.get(spec.name, _NOT_HELD)
        return choice_of(spec, self.declared_for(spec.name), held.chosen)


@dataclass(frozen=True, slots=True)
class Rules:
    """What decides about lanes: the declared digests by name, and the site."""

    specs: Mapping[str, DigestSpec]
    site: Site


_NOT_HELD = Held()
_TICK, _FAR = timedelta(microseconds=1), timedelta(days=800)


def state_of(held: Held, suppressed: str, now: datetime) -> str:
    """Return `left`, `removed` (from the configuration), `suppressed`, `paused` or `active`."""
    if held.left_at is not None:
        return "left"
    if not held.active:
        return "removed"
    if suppressed:
        return "suppressed"
    paused = held.paused_until is not None and held.paused_until > now
    return "paused" if paused else "active"


def next_for(
    held: Held, spec: DigestSpec, now: datetime, served_on: date | None = None
) -> Slot | None:
    """Return the next slot of which the reader may get the issue; None where nothing is due.

    Not one on a local date on which another lane has served them.
    """
    if held.lane is None or not held.active:
        return None
    schedule, after = schedule_of(spec, held.lane), now
    if held.paused_until is not None and held.paused_until > now:
        after = held.paused_until - _TICK
    once_a_day = served_on is not None and is_daily_at_most(schedule)
    for slot in slots(schedule, held.lane.timezone, after, after + _FAR):
        if not (once_a_day and served_on and slot.local_date and slot.local_date <= served_on):
            return slot
    return None


def declare(before: Enrolment | None, declared: Declaration | None) -> Enrolment:
    """Return the reader once `declared` (None: not any more) is what the configuration says."""
    if before is None:
        assert declared is not None
        before = Enrolment(address=declared.email)
    wanted = declared.digests if declared else {}
    if before.declared == declared and _stands(before, wanted):
        return before
    held = {
        digest: one
        if one.declared == (digest in wanted)
        else replace(one, declared=not one.declared)
        for digest, one in before.held.items()
    }
    held |= {digest: Held(declared=True) for digest in wanted if digest not in held}
    address = declared.email if declared else before.address
    return Enrolment(address=address, declared=declared, chosen=before.chosen, held=held)


def settle(enrolment: Enrolment, rules: Rules) -> Enrolment:
    """Return the reader in the lanes that go with what holds.

    Stays put in digests that are gone, and in those that nobody wants for them any more.
    """
    reader = enrolment.reader
    held = {}
    for digest, one in enrolment.held.items():
        spec = rules.specs.get(digest)
        if spec is not None and (one.declared or one.added):
            choice = choice_of(spec, enrolment.declared_for(digest), one.chosen)
            settled = _settled(one, lane_of(spec, choice, reader, rules.site), choice)
            if settled is not one:
                held[digest] = settled
    if not held:
        return enrolment
    held = {**enrolment.held, **held}
    return replace(enrolment, held=held)


def resumes_at(day: date, zone: str) -> datetime:
    """Return the instant at which `day` begins in `zone`: the end of a gap at midnight."""
    return datetime.combine(day, time(), _zone(zone)).astimezone(UTC)


def refusals(before: Enrolment | None, address: str, wish: Wish) -> tuple[str, ...]:
    """Return why `wish` cannot be met: a digest that the reader does not get, or has left."""
    if before is None and not wish.joins:
        return (f"there is no reader {address}",)
    return tuple(_refusals(before, address, wish))


def wished(before: Enrolment | None, address: str, wish: Wish, rules: Rules) -> Enrolment:
    """Return the reader once `wish` has been met; their lanes are not yet settled."""
    after = before or Enrolment(address=address)
    said = profile_news(after.reader, wish.profile) if wish.news_only else wish.profile
    held = dict(after.held)
    for digest, asked in wish.digests.items():
        one, spec = held.get(digest, _NOT_HELD), rules.specs.get(digest)
        terms = news(after.choice(spec), asked) if spec and wish.news_only else asked
        joins = wish.joins and not (wish.news_only and one.active)
        held[digest] = replace(
            one,
            added=one.added or joins,
            chosen=with_terms(one.chosen, terms, wish.unset),
            left_at=None if wish.returns else one.left_at,
        )
    return replace(after, chosen=with_profile(after.chosen, said, wish.unset), held=held)


def _refusals(before: Enrolment | None, address: str, wish: Wish) -> Iterator[str]:
    for digest in wish.digests:
        held = before.held.get(digest) if before else None
        if held is not None and held.left_at is not None:
            if wish.joins and not wish.returns:
                yield f"{address} left `{digest}` on {held.left_at:%Y-%m-%d}"
        elif not wish.joins and (held is None or not held.active):
            yield f"{address} does not get `{digest}`"


def _stands(before: Enrolment, wanted: Mapping[str, Choice]) -> bool:
    """Tell whether just the digests that are `wanted` are held as declared."""
    return {digest for digest, one in before.held.items() if one.declared} == wanted.keys()


def _settled(held: Held, lane: LaneKey, choice: Choice) -> Held:
    until = resumes_at(choice.pause_until, lane.timezone) if choice.pause_until else None
    if held.lane == lane and held.paused_until == until:
        return held
    return replace(held, lane=lane, paused_until=until)


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
