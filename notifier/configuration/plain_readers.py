"""Subscribers that are plainly right, made without the machinery that explains what is wrong.

Long lists are nearly all like that. Says nothing about any mistake: what is not plainly right is
left to the thorough check, and what is accepted here would have come out of it the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from functools import lru_cache
from types import MappingProxyType

from pydantic_core import PydanticCustomError

from feeds.kit.text import normalised_phrase
from notifier.configuration import scalars, times
from notifier.digest.spec import DigestSpec
from notifier.subscriber import Choice, Declaration

_KEYS = frozenset({"email", "name", "digests", "timezone", "language", "pause_until"})
_CHOICE_KEYS = frozenset({"topics", "words", "schedule", "pause_until"})
_WHOLE = Choice()
_REMEMBERED = 10_000  # maps of digests


class PlainReaders:
    """Reads subscribers of digests that have these `topics`, by the name of the digest.

    Those in `confined` say which schedules readers may choose.
    """

    def __init__(
        self,
        topics: Mapping[str, tuple[str, ...]],
        confined: Mapping[str, DigestSpec] = MappingProxyType({}),
    ) -> None:
        self._topics = topics
        self._confined = confined
        self._shared: dict[int, tuple[object, dict[str, Choice] | None]] = {}

    def read(self, value: object) -> Declaration | None:
        """Return the subscriber that `value` declares; None if it needs a closer look."""
        if not isinstance(value, dict) or not value.keys() <= _KEYS:
            return None
        try:
            digests = self._understood(value.get("digests"))
            if digests and "pause_until" in value:
                digests = _paused(digests, times.day(value["pause_until"]))
            return self._declaration(value, digests) if digests else None
        except (PydanticCustomError, TypeError):  # the latter: a list or map has no hash
            return None

    def _declaration(
        self, value: Mapping[str, object], digests: Mapping[str, Choice]
    ) -> Declaration:
        return Declaration(
            email=scalars.address(value.get("email")),
            name=scalars.line(value.get("name", "")),
            timezone=_zone(value.get("timezone", "")),
            language=_language(value.get("language", "")),
            digests=digests,
        )

    def _understood(self, value: object) -> dict[str, Choice] | None:
        """Return the digests in `value`; in a map that many readers share, they are read once."""
        if not isinstance(value, dict):
            return self._digests(value)
        known = self._shared.get(id(value))
        if known is None:
            if len(self._shared) >= _REMEMBERED:
                self._shared.clear()
            # What is kept beside it keeps the number from being given to another.
            known = self._shared[id(value)] = value, self._digests(value)
        return known[1]

    def _digests(self, value: object) -> dict[str, Choice] | None:
        """Return the digests in the list, map or text `value`, all of them known; else None."""
        if isinstance(value, dict):
            return self._chosen(value)
        names = value if isinstance(value, list) else [value]
        if all(name in self._topics for name in names):
            return dict.fromkeys(names, _WHOLE)
        return None

    def _chosen(self, value: Mapping[str, object]) -> dict[str, Choice] | None:
        found = {}
        for name, choice in value.items():
            declared = self._choice(name, choice) if name in self._topics else None
            if declared is None:
                return None
            found[name] = declared
        return found

    def _choice(self, digest: str, value: object) -> Choice | None:
        if not value:
            return _WHOLE if value is None or value == {} else None
        if not isinstance(value, dict) or not value.keys() <= _CHOICE_KEYS:
            return None
        topics, words = value.get("topics", ()), value.get("words", ())
        if "topics" in value and not self._are_topics(digest, topics):
            return None
        if "words" in value and not _are_words(words):
            return None
        written, until = value.get("schedule"), value.get("pause_until")
        schedule = scalars.schedule(written) if written is not None else None
        if schedule and digest in self._confined and not self._confined[digest].offers(schedule):
            return None
        return Choice(
            topics=tuple(topics),
            words=tuple(scalars.filled(word) for word in words),
            schedule=schedule,
            pause_until=times.day(until) if until is not None else None,
        )

    def _are_topics(self, digest: str, topics: object) -> bool:
        """Tell whether `topics` is a list of topics of `digest`, at least one."""
        return (
            isinstance(topics, list)
            and bool(topics)
            and all(topic in self._topics[digest] for topic in topics)
        )


def _are_words(words: object) -> bool:
    """Tell whether `words` is a list of words or phrases that can be found, at least one."""
    return (
        isinstance(words, list)
        and bool(words)
        and all(isinstance(word, str) and normalised_phrase(word) for word in words)
    )


def _paused(digests: Mapping[str, Choice], until: date) -> dict[str, Choice]:
    return {
        name: choice if choice.pause_until else replace(choice, pause_until=until)
        for name, choice in digests.items()
    }


_zone = lru_cache(maxsize=1024)(scalars.zone)
_language = lru_cache(maxsize=1024)(scalars.language)
