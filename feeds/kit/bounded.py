"""A cache with a bound: what was used last stays, as long as everything together is not too much.

Refuses nothing; a value that is heavier than the bound is simply not kept.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Bounded(Generic[K, V]):
    """Values by key, at most `most` in weight together; the least recently used go first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._weight = 0
        self._kept: OrderedDict[K, tuple[V, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def room(self) -> int:
        """How much more can be kept without letting anything go."""
        return self._most - self._weight

    def get(self, key: K) -> V | None:
        """Return the value of `key`, which counts as a use, or None."""
        found = self._kept.get(key)
        if found is None:
            return None
        self._kept.move_to_end(key)
        return found[0]

    def put(self, key: K, value: V, weight: int) -> None:
        """Keep `value` instead of what `key` had, and let go of what is too much then."""
        self.drop(key)
        if weight > self._most:
            return
        self._kept[key] = (value, weight)
        self._weight += weight
        while self._weight > self._most:
            _, (_, lost) = self._kept.popitem(last=False)
            self._weight -= lost

    def drop(self, key: K) -> None:
        """Let go of `key`, if it is there."""
        found = self._kept.pop(key, None)
        if found is not None:
            self._weight -= found[1]
