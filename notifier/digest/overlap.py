"""What readers have had already of a window: sets of arrivals, told apart as far as they matter.

Pure; standard library only. An article counts as had from the moment an issue with it opens; which
deliveries keep that claim is for the ledger to say.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Set
from dataclasses import dataclass

BITS = 60  # parts that one number tells apart: a sum of them stays within 64 bits


@dataclass(frozen=True, slots=True)
class Part:
    """Earlier contents of which the same `arrivals` of the window are part, by their names."""

    contents: tuple[str, ...]
    arrivals: frozenset[int]


@dataclass(frozen=True, slots=True)
class Overlap:
    """What earlier issues share with a window; `masks` say which parts a reader has had."""

    parts: tuple[Part, ...] = ()

    @property
    def words(self) -> int:
        """How many numbers a mask has."""
        return -(-len(self.parts) // BITS)

    def had(self, mask: Iterable[int]) -> frozenset[int]:
        """Return the arrivals that a reader with this mask has had."""
        found: set[int] = set()
        for word, bits in enumerate(mask):
            for position, part in enumerate(self.parts[word * BITS : (word + 1) * BITS]):
                if bits >> position & 1:
                    found |= part.arrivals
        return frozenset(found)

    def mask_of(self, contents: Set[str]) -> tuple[int, ...]:
        """Return the mask of a reader who has had these contents."""
        return tuple(
            sum(
                1 << position
                for position, part in enumerate(self.parts[word * BITS : (word + 1) * BITS])
                if not contents.isdisjoint(part.contents)
            )
            for word in range(self.words)
        )


NOTHING_HAD = Overlap()


def overlap_of(window: Collection[int], earlier: Iterable[tuple[str, Collection[int]]]) -> Overlap:
    """Return what `earlier` contents, by name, share with the arrivals of a window."""
    wanted = frozenset(window)
    parts: dict[frozenset[int], list[str]] = {}
    for content, arrivals in earlier:
        shared = wanted.intersection(arrivals)
        if shared:
            parts.setdefault(shared, []).append(content)
    ordered = sorted(parts.items(), key=lambda part: sorted(part[0]))
    return Overlap(tuple(Part(tuple(sorted(names)), arrivals) for arrivals, names in ordered))
