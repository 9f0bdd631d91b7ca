"""Many selections that are asked of one article together: only those that may admit it are.

Pure; standard library only. Gives what asking each of them gives, in the same order.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Generic, TypeVar

from feeds.query import KEYS, Query, Selectable, names_of, wanted_of

K = TypeVar("K")
Feature = tuple[str, str]  # a key of a query, and a value as it is compared; of words, one word

_INDEXED = tuple(key for key in KEYS if key != "languages")  # a language says next to nothing


class Selections(Generic[K]):
    """Selections by name, and an index of what an article must have for each of them."""

    def __init__(self, queries: Mapping[K, Query]) -> None:
        self._queries = tuple(queries.items())
        self._names = frozenset(queries)
        self._always: list[int] = []
        self._by_feature: defaultdict[Feature, list[int]] = defaultdict(list)
        for number, (_, query) in enumerate(self._queries):
            features = required(query)
            if features is None:
                self._always.append(number)
            for feature in features or ():
                self._by_feature[feature].append(number)
        self._has_words = any(key == "words" for key, _ in self._by_feature)

    def __contains__(self, name: object) -> bool:
        """Tell whether there is a selection of this name."""
        return name in self._names

    def admitting(self, article: Selectable) -> list[K]:
        """Return the names of the selections that admit `article`, in the order they were given."""
        asked = set(self._always)
        for feature in self._features(article):
            asked.update(self._by_feature.get(feature, ()))
        chosen = (self._queries[number] for number in sorted(asked))
        return [name for name, query in chosen if query.admits(article)]

    def _features(self, article: Selectable) -> Iterator[Feature]:
        yield from names_of(article)
        if self._has_words:
            for word in set(article.normalised.split()):
                yield "words", word


def required(query: Query) -> frozenset[Feature] | None:
    """Return features of which an article that `query` admits has at least one; the fewest known.

    None where it may admit articles that have none of any such set.
    """
    found = [features for key in _INDEXED if (features := _of_key(query, key)) is not None]
    if query.exclude is not None and query.exclude == Query(exclude=query.exclude.exclude):
        inner = query.exclude.exclude  # not what is not in it
        features = required(inner) if inner is not None else frozenset()
        found += [features] if features is not None else []
    if query.any:
        ways = [required(inner) for inner in query.any]
        if None not in ways:
            found.append(frozenset().union(*(way for way in ways if way is not None)))
    return min(found, key=len, default=None)


def _of_key(query: Query, key: str) -> frozenset[Feature] | None:
    if not getattr(query, key):
        return None
    wanted = wanted_of(query, key)
    if key != "words":
        return frozenset((key, value) for value in wanted)
    words = [_whole_word(phrase) for phrase in wanted]
    return frozenset(("words", word) for word in words) if all(words) else None


def _whole_word(phrase: str) -> str:
    """Return the longest word of `phrase` that stands between spaces; those at open ends do not."""
    words = f".{phrase}.".split(" ")[1:-1]
    return max(words, key=len, default="")
