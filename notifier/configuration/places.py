"""Where in the files things stand, for whoever wants to know which line decided something.

Reads nothing again: it looks at what was loaded, when it is asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from feeds import Query, selection_paths
from feeds.kit.yaml import Path as KeyPath
from notifier.configuration.digests import topic_names
from notifier.configuration.files import Item
from notifier.configuration.models import DigestSection, FeedSection
from notifier.configuration.problems import Report, Spot
from notifier.configuration.readers import Readers
from notifier.configuration.sections import Sections
from notifier.configuration.selections import query
from notifier.configuration.validation import check
from notifier.digest.rule import Rule
from notifier.subscriber import Declaration

if TYPE_CHECKING:
    from notifier.configuration.effective import Effective


class Places:
    """Where settings stand, and the declared selections as rules that know their places."""

    def __init__(self, sections: Sections, environ: Mapping[str, str]) -> None:
        self._sections = sections
        self._environ = environ

    def effective(self) -> Effective:
        """Return every setting as it takes effect, with its origin."""
        from notifier.configuration.effective import (  # noqa: PLC0415 - few commands ask for it
            Effective,
        )

        return Effective(self._sections, self._environ)

    def readers(self, items: Sequence[Item], report: Report) -> tuple[Declaration, ...]:
        """Return `items` as readers of the declared digests; mistakes go into `report`."""
        sections = self._sections
        found = Readers(topic_names(sections), sections.unread, self._environ, report)
        found.add(items)
        return tuple(found.found)

    def setting(self, path: KeyPath) -> Spot:
        """Return where the setting at `path`, keys from the top, stands; else what is nearest."""
        item = self._sections.single.get(str(path[0]))
        if item is not None:
            return item.at(*path[1:])
        return self._sections.files[0].spot() if self._sections.files else Spot(path="")

    def of_digest(self, name: str, key: str) -> Spot:
        """Return where a digest has the setting `key`, or else its name."""
        item = self._sections.digests[name]
        says = isinstance(item.value, dict) and key in item.value
        return item.at(key) if says else item.key()

    def digest(self, name: str) -> Rule:
        """Return the selection of the digest `name`, and the feeds it is made of."""
        item = self._sections.digests[name]
        part = check(DigestSection, item, self._environ, Report())
        feeds = part.values.feeds if part else ()
        select = query(part.values.select) if part else Query()
        return Rule(
            kind="digest",
            name=name,
            select=select,
            feeds=tuple(map(self._feed, feeds)),
            places=_places(item, select, ("select",)),
        )

    def topic(self, digest: str, name: str) -> Rule:
        """Return the selection of a topic of `digest`."""
        item = self._sections.digests[digest]
        part = check(DigestSection, item, self._environ, Report())
        select = query(part.values.topics[name].select) if part else Query()
        path = ("topics", name, "select")
        return Rule(kind="topic", name=name, select=select, places=_places(item, select, path))

    def _feed(self, name: str) -> Rule:
        item = self._sections.feeds[name]
        part = check(FeedSection, item, self._environ, Report()) if item.value is not None else None
        if part is None:
            return Rule(kind="feed", name=name, select=Query(), places={(): _told(item.key())})
        select, words = query(part.values.select), part.values.words
        places = _places(item, select, ("select",))
        if words:
            select = replace(select, words=words)
            places |= _places(item, Query(words=words), ())
        feeds = tuple(map(self._feed, part.values.feeds))
        return Rule(kind="feed", name=name, select=select, feeds=feeds, places=places)


def _places(item: Item, select: Query, path: KeyPath) -> dict[KeyPath, str]:
    """Tell where `select`, which is at `path` of an item, stands with all that is in it."""
    here = item.at(*path) if path else item.key()
    inside = {steps: _told(item.at(*path, *steps)) for steps in selection_paths(select)}
    return {(): _told(here)} | inside


def _told(spot: Spot) -> str:
    return f"{spot.path}:{spot.line}"
