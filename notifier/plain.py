"""Declarations and choices as plain values for JSON, and back: what the roster keeps of them.

Pure; standard library only. Leaves out what says nothing; passes over what it does not know.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Any

from notifier.preferences import AS_DECLARED, NO_PROFILE, NOT_PAUSED, OF_READER, Profile, Terms
from notifier.schedule.language import Schedule, parse_schedule
from notifier.subscriber import Choice, Declaration

_WHOLE = Choice()


def declaration_to_plain(declared: Declaration) -> dict[str, Any]:
    """Return a declaration as plain values."""
    plain: dict[str, Any] = {"address": declared.email}
    plain |= {name: value for name in OF_READER if (value := getattr(declared, name))}
    plain["digests"] = {name: choice_to_plain(one) for name, one in declared.digests.items()}
    return plain


def declaration_from_plain(plain: Mapping[str, Any]) -> Declaration:
    """Return the declaration that `plain` stands for."""
    return Declaration(
        email=plain.get("address", ""),
        name=plain.get("name", ""),
        timezone=plain.get("timezone", ""),
        language=plain.get("language", ""),
        digests={name: _choice(one) for name, one in plain.get("digests", {}).items()},
    )


def profile_to_plain(chosen: Profile) -> dict[str, Any]:
    """Return what a reader chose for all digests as plain values."""
    return {name: value for name in OF_READER if (value := getattr(chosen, name)) is not None}


def profile_from_plain(plain: Mapping[str, Any]) -> Profile:
    """Return what `plain` stands for."""
    if not plain:
        return NO_PROFILE
    return Profile(**{name: plain.get(name) for name in OF_READER})


def terms_to_plain(chosen: Terms) -> dict[str, Any]:
    """Return what a reader chose for one digest as plain values; "" is no pause."""
    plain: dict[str, Any] = {}
    if chosen.topics is not None:
        plain["topics"] = list(chosen.topics)
    if chosen.words is not None:
        plain["words"] = list(chosen.words)
    if chosen.schedule is not None:
        plain["schedule"] = chosen.schedule
    if chosen.pause_until is not None:
        no = chosen.pause_until == NOT_PAUSED
        plain["pause_until"] = "" if no else chosen.pause_until.isoformat()
    return plain


def terms_from_plain(plain: Mapping[str, Any]) -> Terms:
    """Return what `plain` stands for."""
    if not plain:
        return AS_DECLARED
    topics, words, until = (plain.get(name) for name in ("topics", "words", "pause_until"))
    return Terms(
        topics=None if topics is None else tuple(topics),
        words=None if words is None else tuple(words),
        schedule=plain.get("schedule"),
        pause_until=None if until is None else _day(until) or NOT_PAUSED,
    )


def choice_to_plain(choice: Choice) -> dict[str, Any]:
    """Return how one digest is wanted as plain values."""
    plain: dict[str, Any] = {}
    if choice.topics:
        plain["topics"] = list(choice.topics)
    if choice.words:
        plain["words"] = list(choice.words)
    if choice.schedule:
        plain["schedule"] = choice.schedule.canonical
    if choice.pause_until:
        plain["pause_until"] = choice.pause_until.isoformat()
    return plain


def _choice(plain: Mapping[str, Any]) -> Choice:
    if not plain:
        return _WHOLE
    schedule = plain.get("schedule")
    return Choice(
        topics=tuple(plain.get("topics", ())),
        words=tuple(plain.get("words", ())),
        schedule=_schedule(schedule) if schedule else None,
        pause_until=_day(plain.get("pause_until", "")),
    )


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


@lru_cache(maxsize=4096)
def _schedule(canonical: str) -> Schedule:
    return parse_schedule(canonical)  # many readers choose among a few
