"""Strides: how much is done in one transaction, so that nobody else waits long for their turn.

Large work is cut into transactions. How long one of so many rows takes depends on the machine and
on what else runs there, so it is measured, and the next is made larger or smaller by that.
"""

from __future__ import annotations

from dataclasses import dataclass


def resized(size: int, seconds: float, wished: float, *, least: int, most: int) -> int:
    """Return how many rows come next, after `size` took `seconds` where `wished` were right: pure.

    It grows slowly and shrinks at once, for a transaction that is too long cannot be taken back.
    """
    fits = size * wished / max(seconds, wished / 8)
    return max(least, min(most, int(fits), size + size // 2))


@dataclass(slots=True)
class Stride:
    """How many rows the next transaction of some work takes, between `least` and `most`.

    Where it only adds rows, and changes none that others might, it `holds` nothing.
    """

    size: int
    least: int
    most: int
    holds: bool = True

    def took(self, seconds: float, wished: float) -> None:
        """Take note of how long a transaction of this size took, and how long it should."""
        self.size = resized(self.size, seconds, wished, least=self.least, most=self.most)
