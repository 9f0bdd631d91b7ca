"""Whether a selection can match anything at all: told from the selection alone.

Pure; standard library only. Looks for one way in which an article could meet every condition, as in
a truth tree. Where there are too many ways to look at, it says that there may be one; it never says
that there is none where there is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from feeds.kit.text import normalised_name, normalised_phrase
from feeds.query import KEYS, Query

_STEPS = 100_000  # comparisons, about a tenth of a second
_DEPTH = 300  # choices one within the other
_ONE_EACH = {"sections", "sources", "languages"}  # an article has one of these


@dataclass(frozen=True, slots=True)
class _Fact:
    """An article has this value of a key, or has it not; the value as it is compared."""

    key: str
    value: str
    holds: bool


@dataclass(frozen=True, slots=True)
class _Claim:
    """A selection admits an article, or does not."""

    query: Query
    holds: bool


@dataclass(frozen=True, slots=True)
class _NoneOf:
    """None of the ways holds in which a condition can be met."""

    ways: tuple[_Fact | _Claim, ...]


_Demand = _Fact | _Claim | _NoneOf
_Ways = Sequence[_Demand]  # one of these holds


class _GaveUp(Exception):
    """There are too many ways to look at."""


def can_match(query: Query) -> bool:
    """Tell whether an article may exist that `query` admits; False only if none can."""
    try:
        return _Search().possible([[_Claim(query, holds=True)]], (), 0)
    except _GaveUp:
        return True


class _Search:
    """Goes through the ways, and counts them."""

    def __init__(self) -> None:
        self._steps = 0

    def possible(self, groups: Sequence[_Ways], facts: tuple[_Fact, ...], depth: int) -> bool:
        """Tell whether one of each of `groups` may hold beside `facts`, which agree."""
        todo, choices = list(groups), []
        while todo:
            ways = todo.pop()
            if len(ways) != 1:
                choices.append(ways)
                continue
            [demand] = ways
            if not isinstance(demand, _Fact):
                todo += _taken_apart(demand)
            elif self._agrees(demand, facts):
                facts = (*facts, demand)
            else:
                return False
        return self._choose(sorted(choices, key=len), facts, depth)

    def _choose(self, choices: list[_Ways], facts: tuple[_Fact, ...], depth: int) -> bool:
        if not choices:
            return True
        if depth > _DEPTH:
            raise _GaveUp
        first, *others = choices
        return any(self.possible([[way], *others], facts, depth + 1) for way in first)

    def _agrees(self, fact: _Fact, facts: tuple[_Fact, ...]) -> bool:
        self._steps += len(facts) + 1
        if self._steps > _STEPS:
            raise _GaveUp
        nowhere = fact.key == "words" and fact.holds and not fact.value
        return not nowhere and not any(_exclude(fact, other) for other in facts)


def _taken_apart(demand: _Claim | _NoneOf) -> list[_Ways]:
    """Return what a demand comes to: one of each of these holds."""
    if isinstance(demand, _NoneOf):
        return [[replace(way, holds=not way.holds)] for way in demand.ways]
    conditions = list(_conditions(demand.query))
    return [*conditions] if demand.holds else [[_NoneOf(ways) for ways in conditions]]


def _conditions(query: Query) -> Iterator[tuple[_Fact | _Claim, ...]]:
    """Yield the conditions of `query`, each as the ways in which it can be met."""
    for key in KEYS:
        values = dict.fromkeys(_value(key, value) for value in getattr(query, key))
        if values:
            yield tuple(_Fact(key, value, holds=True) for value in values)
    if query.exclude is not None:
        yield (_Claim(query.exclude, holds=False),)
    if query.any:
        yield tuple(_Claim(inner, holds=True) for inner in query.any)


def _value(key: str, value: str) -> str:
    if key == "languages":
        return value.lower()
    return normalised_phrase(value) if key == "words" else normalised_name(value)


def _exclude(one: _Fact, other: _Fact) -> bool:
    """Tell whether no article is as both say."""
    if one.key != other.key or not (one.holds or other.holds):
        return False
    if one.holds and other.holds:
        apart = not (_implies(one, other) or _implies(other, one))
        return one.key in _ONE_EACH and apart
    return _implies(one, other) if one.holds else _implies(other, one)


def _implies(one: _Fact, other: _Fact) -> bool:
    """Tell whether an article that has the value of `one` has that of `other`."""
    if one.key == "languages":
        return one.value == other.value or one.value.startswith(f"{other.value}-")
    if one.key == "words":
        return bool(other.value) and other.value in one.value
    return one.value == other.value
