"""Preferences: what a reader chose, beside what was declared; the chosen one wins, per setting.

Pure; standard library only. A choice that is not offered any more is passed over, and kept.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from typing import Any

from notifier.digest.spec import DigestSpec
from notifier.schedule.language import Schedule, parse_schedule
from notifier.subscriber import Choice, Declaration

NOT_PAUSED = date.min  # chosen: no pause, whatever is declared
OF_READER = ("name", "timezone", "language")
OF_DIGEST = ("topics", "words", "schedule", "pause_until")


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What a reader chose for all of their digests; None: as declared, "": the default."""

    name: str | None = None
    timezone: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a reader chose for one digest; None: as declared.

    No `topics` are the whole digest, `schedule` is canonical and "" the digest's own, `pause_until`
    may be NOT_PAUSED.
    """

    topics: tuple[str, ...] | None = None
    words: tuple[str, ...] | None = None
    schedule: str | None = None
    pause_until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody asks for: what is not None is chosen, what is in `unset` is as declared again.

    With `joins`, digests are taken that the reader does not get; with `returns`, also those that
    they had left. With `news_only`, a value that holds already is no choice.
    """

    profile: Profile = Profile()
    digests: Mapping[str, Terms] = field(default_factory=dict)
    unset: frozenset[str] = frozenset()
    joins: bool = False
    returns: bool = False
    news_only: bool = False


AS_DECLARED, NO_PROFILE = Terms(), Profile()
_NOTHING = Choice()


def reader_of(address: str, declared: Declaration | None, chosen: Profile) -> Declaration:
    """Return name, zone and language as they hold; without digests."""
    base = declared or Declaration(email=address)
    if chosen == NO_PROFILE:
        return base
    said = {name: value for name in OF_READER if (value := getattr(chosen, name)) is not None}
    return replace(base, **said)


def choice_of(spec: DigestSpec, declared: Choice | None, chosen: Terms) -> Choice:
    """Return how one digest is wanted, from what was declared of it (if it was) and chosen."""
    base = declared or _NOTHING
    if chosen == AS_DECLARED:
        return base
    schedule, pause = base.schedule, base.pause_until
    if chosen.schedule is not None:
        wanted = _parsed(chosen.schedule) if chosen.schedule else None
        schedule = wanted if wanted is None or spec.offers(wanted) else schedule
    if chosen.pause_until is not None:
        pause = None if chosen.pause_until == NOT_PAUSED else chosen.pause_until
    return Choice(
        topics=base.topics if chosen.topics is None else chosen.topics,
        words=base.words if chosen.words is None else chosen.words,
        schedule=schedule,
        pause_until=pause,
    )


def said_by(entered: Declaration, specs: Mapping[str, DigestSpec]) -> Wish:
    """Return the wish of a reader who was entered: what was left open is not chosen.

    The digest's own schedule by its name stays the digest's own, whatever becomes of it.
    """
    return Wish(
        profile=Profile(**{name: getattr(entered, name) or None for name in OF_READER}),
        digests={
            name: Terms(
                topics=one.topics or None,
                words=one.words or None,
                schedule=_own_or(one.schedule, specs[name]) if one.schedule else None,
                pause_until=one.pause_until,
            )
            for name, one in entered.digests.items()
        },
    )


def _own_or(schedule: Schedule, spec: DigestSpec) -> str:
    return "" if schedule == spec.schedule else schedule.canonical


def with_profile(chosen: Profile, said: Profile, unset: Collection[str]) -> Profile:
    """Return what is chosen once `said` has been chosen too, and `unset` taken back."""
    return replace(chosen, **(_news(said, OF_READER) | _gone(unset, OF_READER)))


def with_terms(chosen: Terms, said: Terms, unset: Collection[str]) -> Terms:
    """Return the same for one digest."""
    return replace(chosen, **(_news(said, OF_DIGEST) | _gone(unset, OF_DIGEST)))


def news(held: Choice, said: Terms) -> Terms:
    """Return what `said` asks for that does not hold already."""
    schedule = held.schedule.canonical if held.schedule else ""
    return Terms(
        topics=None if said.topics == held.topics else said.topics,
        words=None if said.words == held.words else said.words,
        schedule=None if said.schedule == schedule else said.schedule,
        pause_until=None if said.pause_until == held.pause_until else said.pause_until,
    )


def profile_news(held: Declaration, said: Profile) -> Profile:
    """Return what `said` asks for that does not hold already."""
    asked = {name: getattr(said, name) for name in OF_READER}
    return Profile(**{name: v for name, v in asked.items() if v != getattr(held, name)})


def _news(said: Profile | Terms, names: Collection[str]) -> dict[str, Any]:
    return {name: value for name in names if (value := getattr(said, name)) is not None}


def _gone(unset: Collection[str], names: Collection[str]) -> dict[str, Any]:
    return {name: None for name in names if name in unset}


@lru_cache(maxsize=4096)
def _parsed(canonical: str) -> Schedule:
    return parse_schedule(canonical)  # many readers choose among a few
