"""Groups: the readers of a lane, parted by how far they were served and by what they have had.

Pure; what stands in the ledger is asked for in `audience`, what will stand there in `prospect`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from notifier.digest.overlap import NOTHING_HAD, Overlap


@dataclass(frozen=True, slots=True)
class Group:
    """Readers of a lane who are owed everything after the same arrival.

    Of that they have had what `mask` says of `overlap`.
    """

    after: int
    readers: int
    overlap: Overlap = NOTHING_HAD
    mask: tuple[int, ...] = ()

    @property
    def had(self) -> frozenset[int]:
        """The arrivals that these readers have had already."""
        return self.overlap.had(self.mask)


@dataclass(frozen=True, slots=True)
class Standing:
    """How many readers of a lane were served up to which arrival: its `places`.

    `contents` are those that any of them has had; None where that is not known. `had` says, where
    it is known, how many at a place have had just these contents; the others there had none.
    """

    places: Mapping[int, int]
    contents: frozenset[str] | None = None
    had: Mapping[int, Mapping[frozenset[str], int]] | None = None

    @classmethod
    def of(
        cls, places: Mapping[int, int], had: Mapping[int, Mapping[frozenset[str], int]]
    ) -> Standing:
        """Return how a lane stands of which all is known."""
        contents = {name for at_place in had.values() for names in at_place for name in names}
        return cls(places, frozenset(contents), had)

    def among(self, earlier: Mapping[str, frozenset[int]]) -> Iterator[tuple[str, frozenset[int]]]:
        """Return those contents that matter to the lane, with their arrivals."""
        if self.contents is None:
            return iter(earlier.items())
        return ((name, earlier[name]) for name in self.contents if name in earlier)

    def groups(self, after: int, overlap: Overlap) -> list[Group] | None:
        """Part the readers of one place; None where it is not known what each has had."""
        readers = self.places.get(after, 0)
        if not overlap.parts:
            return [Group(after, readers)] if readers else []
        if self.had is None:
            return None
        masks: Counter[tuple[int, ...]] = Counter()
        for contents, some in self.had.get(after, {}).items():
            masks[overlap.mask_of(contents)] += some
        masks[overlap.mask_of(frozenset())] += readers - masks.total()
        return [Group(after, some, overlap, mask) for mask, some in sorted(masks.items()) if some]


class Position(NamedTuple):
    """Where a reader of a lane is, and which contents they have had of what comes after."""

    reader: int
    lane: int
    place: int
    had: frozenset[str]


def group_of(position: Position, groups: Iterable[Group]) -> Group | None:
    """Return the one of `groups` of a lane that a reader is in, if any."""
    for group in groups:
        if group.after == position.place and group.mask == group.overlap.mask_of(position.had):
            return group
    return None
