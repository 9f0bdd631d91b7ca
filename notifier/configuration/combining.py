"""Feeds made of feeds: what a combination selects, once the feeds that it names are known.

Pure. Refuses unknown names, circles, and combinations of combinations without end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from feeds import Query
from notifier.configuration.models import FeedSection
from notifier.configuration.problems import Report, Spot, did_you_mean
from notifier.configuration.sections import Unread
from notifier.configuration.selections import within
from notifier.configuration.validation import Part

_DEEPEST = 20  # combinations of combinations
_LARGEST = 1000  # selections that are looked at for one feed
_SHOWN = 6  # feeds of a circle that are named


@dataclass(frozen=True, slots=True)
class Combination:
    """What a feed selects itself, and the feeds it is made of; `part` is where it says so."""

    own: Query
    feeds: tuple[str, ...] = ()
    part: Part[FeedSection] | None = None

    def place(self, feed: str) -> Spot | None:
        """Return where the name of `feed` stands."""
        return self.part.item.at("feeds", self.feeds.index(feed)) if self.part else None


@dataclass(frozen=True, slots=True)
class _Resolved:
    query: Query
    depth: int = 0
    size: int = 1


_UNKNOWN = _Resolved(Query())


def combine(
    combinations: Mapping[str, Combination], report: Report, unread: Unread
) -> dict[str, Query]:
    """Return what each feed selects all in all; everything, where that cannot be told.

    An unknown feed may be in what is `unread`.
    """
    _check_names(combinations, report, unread)
    graph = {
        name: [feed for feed in dict.fromkeys(combination.feeds) if feed in combinations]
        for name, combination in combinations.items()
    }
    resolved: dict[str, _Resolved] = {}
    for name in _ordered(graph):
        inner = [resolved[feed] for feed in graph[name]]
        resolved[name] = _resolve(combinations[name], inner, report)
    for circle in _circles({name: graph[name] for name in graph if name not in resolved}):
        _tell_circle(circle, combinations, report)
    return {name: resolved.get(name, _UNKNOWN).query for name in combinations}


def _check_names(combinations: Mapping[str, Combination], report: Report, unread: Unread) -> None:
    for combination in combinations.values():
        for number, feed in enumerate(combination.feeds):
            if feed not in combinations and combination.part and not unread.may_say(feed):
                message = f"there is no feed {combination.part.quoted(feed, 'feeds', number)}"
                spot = combination.part.item.at("feeds", number)
                report.error(spot, message, did_you_mean(feed, combinations))


def _ordered(graph: Mapping[str, list[str]]) -> Iterator[str]:
    """Yield the feeds, those that others are made of first, but for circles and what needs them."""
    sorter = TopologicalSorter(graph)
    with suppress(CycleError):  # what is in no circle, nor needs one, comes all the same
        sorter.prepare()
    while sorter.is_active():
        ready = sorter.get_ready()
        yield from ready
        sorter.done(*ready)


def _resolve(combination: Combination, inner: list[_Resolved], report: Report) -> _Resolved:
    if not inner:
        return _Resolved(combination.own, 0, _size(combination.own))
    depth = 1 + max(feed.depth for feed in inner)
    size = _size(combination.own) + sum(feed.size for feed in inner)
    if combination.part and (depth > _DEEPEST or size > _LARGEST):
        message = "these feeds are themselves combined of too many"
        report.error(combination.part.item.at("feeds"), message)
        return _UNKNOWN
    return _Resolved(within(combination.own, [feed.query for feed in inner]), depth, size)


def _size(query: Query) -> int:
    """Return how many selections `query` consists of; its depth is bounded by that of YAML."""
    inner = [query.exclude] if query.exclude else []
    return 1 + sum(map(_size, [*inner, *query.any]))


def _circles(graph: Mapping[str, list[str]]) -> Iterator[list[str]]:
    """Yield the circles that are met first; each feed is walked over once."""
    walked: set[str] = set()
    for start in graph:
        path: list[str] = []
        name = start
        while name not in walked:
            walked.add(name)
            path.append(name)
            name = next(feed for feed in graph[name] if feed in graph)
        if name in path:
            yield path[path.index(name) :]


def _tell_circle(
    circle: list[str], combinations: Mapping[str, Combination], report: Report
) -> None:
    spot = combinations[circle[0]].place(circle[1 % len(circle)])
    shown = [f"`{name}`" for name in circle[:_SHOWN]]
    left_out = ["…"] if len(circle) > _SHOWN else []
    way = " > ".join([*shown, *left_out, shown[0]])
    if spot:
        report.error(spot, f"the feeds go round in a circle: {way}")
