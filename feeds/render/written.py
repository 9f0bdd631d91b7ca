"""Entries as they stand in documents: written once in every format, and kept for the next document.

A feed of fifty entries changes by one at a time, and one entry is in several feeds.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from feeds.article import Entry
from feeds.feed import FeedSpec, Site
from feeds.kit.bounded import Bounded
from feeds.membership import Shown
from feeds.render.item import item_of
from feeds.render.jsonfeed import json_item
from feeds.render.syndication import written_in_xml

KEEP = 64 << 20  # octets of written entries that stay in memory

Key = tuple[str, int, str, str, Site]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Written:
    """One entry in every format: pieces of UTF-8 that stand in a document as they are.

    `name` is the id of its article, `id` the one it is published under; `order` says where it
    stands among others.
    """

    name: str
    id: str
    order: tuple[float, int, int, str]
    updated: datetime
    rss: bytes
    atom: bytes
    json: bytes


def write(entry: Entry, spec: FeedSpec, site: Site) -> Written:
    """Write `entry` as a document of `spec` has it; any exception means that it cannot be said."""
    item = item_of(entry, spec, site)
    rss, atom = written_in_xml(item)
    date, position, arrival = entry.sort_key
    return Written(
        name=entry.article.id,
        id=item.id,
        order=(float(date), int(position), int(arrival), item.id),
        updated=item.updated,
        rss=rss,
        atom=atom,
        json=json_item(item),
    )


class Kept:
    """Written entries, as many as fit in `most` octets; for any number of threads."""

    def __init__(self, most: int = KEEP) -> None:
        self._kept: Bounded[Key, Written] = Bounded(most)
        self._turn = threading.Lock()

    def written(self, entry: Entry, spec: FeedSpec, site: Site) -> Written:
        """Return `entry` as a document of `spec` has it, written now or earlier."""
        key = _key(entry.article.id, entry.change, spec, site)
        with self._turn:
            found = self._kept.get(key)
        if found is None:
            found = write(entry, spec, site)
            with self._turn:
                self._kept.put(key, found, len(found.rss) + len(found.atom) + len(found.json))
        return found

    def known(self, shown: Iterable[Shown], spec: FeedSpec, site: Site) -> list[Written]:
        """Return those of `shown` that were written earlier, as a document of `spec` has them."""
        with self._turn:
            found = [self._kept.get(_key(one.id, one.change, spec, site)) for one in shown]
        return [one for one in found if one is not None]


def _key(article_id: str, change: int, spec: FeedSpec, site: Site) -> Key:
    """Everything that the words depend on: a change has a number of its own for ever."""
    return (article_id, change, str(spec.body), spec.language or site.language, site)
