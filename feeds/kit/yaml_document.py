"""A YAML text as plain values that know where they stand, and what is wrong with it.

Pure: holds what the reader built. Places are kept in the shape of the document and made into
`Mark` only when asked: a text of 100,000 records has a million and few are ever looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from feeds.kit.yaml_problems import Mark, YamlProblem

Path = tuple[str | int, ...]

COLUMN_BITS = 24


# Where one value stands: the place of its key (else its own), its own place, and what it contains.
# A place is one number, line and column from 1 as `packed` makes it, and a node a bare tuple: of
# objects with names there would be a million more to make, and for the garbage collector to walk.
Node = tuple[int, int, "dict[str | int, Node] | None"]


def packed(line: int, column: int) -> int:
    """Return `line` and `column` as one number."""
    return line << COLUMN_BITS | column


def unpacked(place: int) -> Mark:
    """Return the place that `packed` made into a number."""
    return Mark(place >> COLUMN_BITS, place & (1 << COLUMN_BITS) - 1)


class Marks(Mapping[Path, Mark]):
    """Where each value stands, by its path: keys and list positions from the top."""

    def __init__(self, root: Node) -> None:
        self._root = root

    def __getitem__(self, path: Path) -> Mark:
        return unpacked(self._node(path)[1])

    def key(self, path: Path) -> Mark:
        """Return where the key at the end of `path` stands; a list item has no key but itself.

        Raises KeyError for a path that is not in the document.
        """
        return unpacked(self._node(path)[0])

    def __iter__(self) -> Iterator[Path]:
        waiting: list[tuple[Path, Node]] = [((), self._root)]
        while waiting:
            path, node = waiting.pop()
            yield path
            waiting.extend(((*path, step), child) for step, child in (node[2] or {}).items())

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _node(self, path: Path) -> Node:
        node = self._root
        for step in path:
            children = node[2]
            if children is None or step not in children:
                raise KeyError(path)
            node = children[step]
        return node


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
