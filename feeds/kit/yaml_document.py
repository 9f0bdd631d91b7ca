"""A YAML text as plain values that know where they stand, and what is wrong with it.

Pure: holds what the reader builds. Places are kept as bare numbers, and put into the shape of the
document only when asked: a text of 100,000 records has a million and few are ever looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from feeds.kit.yaml_problems import Mark, YamlProblem

Path = tuple[str | int, ...]

COLUMN_BITS = 24


# Where one value stands: the place of its key (else its own), its own place, and what it contains.
# A place is one number, line and column from 1 as `packed` makes it.
_Node = tuple[int, int, "dict[str | int, _Node] | None"]


def packed(line: int, column: int) -> int:
    """Return `line` and `column` as one number."""
    return line << COLUMN_BITS | column


def unpacked(place: int) -> Mark:
    """Return the place that `packed` made into a number."""
    return Mark(place >> COLUMN_BITS, place & (1 << COLUMN_BITS) - 1)


def _positions(value: object) -> int:
    """Return how many places `value` has in the list that `Marks` reads, with all in it."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 2 + sum(map(_positions, inner))


class Marks(Mapping[Path, Mark]):
    """Where each value stands, by its path: keys and list positions from the top.

    `places` has two for each value in the order of the text: that of its key, else its own, and its
    own. What belongs to what, the shape of `value` tells, which must be as it was read. That is
    found out when the first place is asked for, and in most texts nobody asks.
    """

    def __init__(self, value: object, places: Sequence[int]) -> None:
        self._value = value
        self._places = places

    def __getitem__(self, path: Path) -> Mark:
        return unpacked(self._node(path)[1])

    def key(self, path: Path) -> Mark:
        """Return where the key at the end of `path` stands; a list item has no key but itself.

        Raises KeyError for a path that is not in the document.
        """
        return unpacked(self._node(path)[0])

    def __iter__(self) -> Iterator[Path]:
        waiting: list[tuple[Path, _Node]] = [((), self._root)]
        while waiting:
            path, node = waiting.pop()
            yield path
            waiting.extend(((*path, step), child) for step, child in (node[2] or {}).items())

    def __len__(self) -> int:
        return sum(1 for _ in self)

    @cached_property
    def _root(self) -> _Node:
        places = iter(self._places)
        root = _node(self._value, places)
        assert next(places, None) is None, "the value is not the one that was read"
        return root

    def _node(self, path: Path) -> _Node:
        node = self._root
        for step in path:
            children = node[2]
            if children is None or step not in children:
                raise KeyError(path)
            node = children[step]
        return node


def _node(value: object, places: Iterator[int]) -> _Node:
    key, own = next(places), next(places)
    if isinstance(value, dict):
        return key, own, {step: _node(child, places) for step, child in value.items()}
    if isinstance(value, list):
        return key, own, {step: _node(child, places) for step, child in enumerate(value)}
    return key, own, None


@dataclass(frozen=True, slots=True)
class YamlDocument:
    """What a text says: dicts with text keys, lists, str, int, float, bool, None."""

    value: object
    marks: Marks

    def mark_of_key(self, path: Path) -> Mark:
        """Return where the key at the end of `path` stands, else its nearest known parent."""
        return self.marks.key(self._known(path))

    def mark(self, path: Path) -> Mark:
        """Return where the value at `path` stands, else its nearest known parent."""
        return self.marks[self._known(path)]

    def _known(self, path: Path) -> Path:
        while path not in self.marks:
            path = path[:-1]
        return path


@dataclass(slots=True)
class Frame:
    """A container that is open; in a map, `key` is the one whose value comes next.

    What is in it stands in the places from number `first` on. All that is forgotten again if the
    container itself has no place, because it `is_dropped`. Keys that were looked for are `found`.
    """

    value: list[object] | dict[str, object]
    is_map: bool
    first: int = 0
    is_dropped: bool = False
    key: str | None = None
    key_place: int = 0
    drops: bool = False  # the value that comes next
    found: dict[str, int] | None = None
    looked: int = 0

    def position(self, key: str) -> int:
        """Return the number of the place of `key`, in time that all calls together have once."""
        assert isinstance(self.value, dict), "a list has no keys"
        if self.found is None:
            self.found, self.looked = {}, self.first
        if key not in self.found:
            for name, value in islice(self.value.items(), len(self.found), None):
                self.found[name] = self.looked
                self.looked += _positions(value)
        return self.found[key]


class YamlError(Exception):
    """A text that is not the YAML we read; `problems` in the order of their places.

    `document` is what could be read all the same: complete but for refused parts, or None where
    the grammar itself is broken.
    """

    def __init__(
        self,
        problems: tuple[YamlProblem, ...],
        document: YamlDocument | None = None,
        path: str = "",
    ) -> None:
        prefix = f"{path}:" if path else ""
        super().__init__("\n".join(f"{prefix}{problem}" for problem in problems))
        self.problems = problems
        self.document = document
