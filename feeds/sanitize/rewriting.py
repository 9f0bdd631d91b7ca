"""Rewrites hostile or careless HTML as balanced, shallow, absolute HTML of kept elements only.

Not the guard: whatever leaves here is parsed and judged again. Refuses depth beyond DEPTH, for
the guard's parser takes quadratic time in it.
"""

from __future__ import annotations

from collections import defaultdict

from feeds.sanitize.attributes import is_lazy, kept
from feeds.sanitize.markup import Tag, attributes_of, tokens, write_tag, write_text
from feeds.sanitize.vocabulary import (
    BLOCKS,
    ENDS,
    HEADINGS,
    KEPT,
    RENAMED,
    SCOPES,
    TABLE_PARTS,
    VOID,
)

DEPTH = 100  # elements inside of each other; what is deeper loses its tags, not its text

_P = frozenset({"p"})
_RUBY_PARTS = frozenset({"rp", "rt"})
_SECTIONS = frozenset({"tbody", "tfoot", "thead"})


def rewrite(source: str, base: str) -> str:
    """Return `source` rewritten, its addresses absolute against `base` (or dropped)."""
    rewriting = _Rewriting(base)
    for token in tokens(source):
        if isinstance(token, str):
            rewriting.text(token)
        elif token.closing:
            rewriting.end(RENAMED.get(token.name, token.name))
        else:
            rewriting.start(RENAMED.get(token.name, token.name), token)
    return rewriting.result()


class _Rewriting:
    """The open elements, and what was written so far."""

    def __init__(self, base: str) -> None:
        self._base = base
        self._written: list[str] = []
        self._words: list[str] = []
        self._open: list[tuple[str, bool]] = []  # name, and whether its tag was written
        self._count: dict[str, int] = defaultdict(int)
        self._too_deep: dict[str, int] = defaultdict(int)
        self._after_pre = False
        self._image: tuple[int, bool] | None = None  # where the image just before stands; if lazy
        self._stand_in: tuple[int, bool] | None = None  # the same, for the noscript we are in

    def text(self, words: str) -> None:
        self._words.append(words)
        if self._image and words.strip():
            self._image = None

    def start(self, name: str, tag: Tag) -> None:
        if name == "noscript":
            self._stand_in, self._image = self._image, None
        if name not in KEPT or not self._in_place(name):
            return
        given = attributes_of(tag) if tag.attributes else {}
        keeps = kept(name, given, self._base)
        if name in VOID:
            if keeps is not None:
                self._void(name, keeps, lazy=name == "img" and is_lazy(given))
            return
        self._image = None
        self._end_implied(name)
        if len(self._open) >= DEPTH:
            self._too_deep[name] += 1
            return
        self._complete_table(name)
        self._push(name, keeps)

    def end(self, name: str) -> None:
        if name == "noscript":
            self._stand_in = None
        elif self._too_deep[name]:
            self._too_deep[name] -= 1
        elif self._count[name]:
            beyond = SCOPES if name not in TABLE_PARTS else frozenset({"table"})
            self._end_nearest(frozenset({name}), beyond - {name})

    def result(self) -> str:
        self._cut(0)
        self._flush()
        return "".join(self._written)

    def _void(self, name: str, keeps: list[tuple[str, str]], *, lazy: bool) -> None:
        if name == "img":
            if self._stands_in(keeps):
                return
        elif name in BLOCKS:
            self._end_nearest(_P, SCOPES)
        self._complete_table(name)
        self._write(write_tag(name, keeps))
        self._image = (len(self._written) - 1, lazy) if name == "img" else None

    def _stands_in(self, keeps: list[tuple[str, str]]) -> bool:
        """Tell whether this image, inside a noscript, is the one that was just written.

        If the one before was a mere placeholder, it goes and this one takes its place.
        """
        if self._stand_in is None:
            return False
        (where, lazy), self._stand_in = self._stand_in, None
        source = write_tag("", keeps[:1])[1:-1]
        if lazy or self._count["picture"] or source in self._written[where]:
            return True
        self._written[where] = ""
        return False

    def _in_place(self, name: str) -> bool:
        """Tell whether a part stands inside of its whole; a stray one would be dropped later."""
        if name in TABLE_PARTS:
            return self._count["table"] > 0
        return name not in _RUBY_PARTS or self._count["ruby"] > 0

    def _end_implied(self, name: str) -> None:
        """End what the start of `name` ends without saying so (HTML Standard, 13.1.2.4)."""
        if name in BLOCKS:
            self._end_nearest(_P, SCOPES)
        if name in HEADINGS and self._open and self._open[-1][0] in HEADINGS:
            self._cut(len(self._open) - 1)
        if name in ENDS:
            self._end_nearest(*ENDS[name])
        elif name in _RUBY_PARTS:
            while self._open[-1][0] != "ruby":
                self._cut(len(self._open) - 1)

    def _complete_table(self, name: str) -> None:
        """Open the table parts that HTML lets authors leave out (13.2.6.4.9 and following)."""
        inside = self._open[-1][0] if self._open else ""
        if inside == "colgroup" and name != "col":
            self._cut(len(self._open) - 1)
            inside = self._open[-1][0]
        if name == "col" and inside == "table":
            self._push("colgroup", [])
        if name in {"tr", "td", "th"} and inside == "table":
            self._push("tbody", [])
            inside = "tbody"
        if name in {"td", "th"} and inside in _SECTIONS:
            self._push("tr", [])

    def _push(self, name: str, keeps: list[tuple[str, str]] | None) -> None:
        self._open.append((name, keeps is not None))
        self._count[name] += 1
        if keeps is not None:
            self._write(write_tag(name, keeps))
            self._after_pre = name == "pre"

    def _end_nearest(self, names: frozenset[str], beyond: frozenset[str]) -> None:
        """End the nearest open element of `names`, unless one of `beyond` is nearer."""
        for name in names:
            if self._count[name]:
                break
        else:
            return
        for at in range(len(self._open) - 1, -1, -1):
            name = self._open[at][0]
            if name in names:
                self._cut(at)
                return
            if name in beyond:
                return

    def _cut(self, depth: int) -> None:
        """End the open elements until `depth` of them are left."""
        while len(self._open) > depth:
            name, written = self._open.pop()
            self._count[name] -= 1
            if written:
                self._write(f"</{name}>")

    def _write(self, tag: str) -> None:
        self._flush()
        self._written.append(tag)
        self._after_pre = False

    def _flush(self) -> None:
        if self._words:
            text = write_text("".join(self._words))
            # The parser drops a line end that follows <pre>; another one would be next time's.
            self._written.append(text.lstrip("\n") if self._after_pre else text)
            self._words.clear()
