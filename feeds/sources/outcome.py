"""What a source is told, and what reading one file gives: values that all its readers share.

Knows no format. Nothing here raises: what is wrong with a file is a Problem beside its documents.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo

from feeds.document import Document, Place, Problem


@dataclass(frozen=True, slots=True)
class Defaults:
    """What holds for every document of a source unless the document says otherwise.

    `source` is the source's name; `language` a BCP 47 tag or nothing; `timezone` the IANA name of
    the zone in which dates without an offset are meant.
    """

    source: str
    language: str = ""
    timezone: str = "UTC"

    @property
    def zone(self) -> ZoneInfo:
        """The time zone; raises `zoneinfo.ZoneInfoNotFoundError` for a name that is none."""
        return ZoneInfo(self.timezone)


@dataclass(frozen=True, slots=True)
class ReadFile:
    """What one file held: documents in file order, and what was refused.

    `unsettled` means that the file changed while it was read: nothing was taken from it, it will
    be read again once it rests.
    """

    documents: tuple[Document, ...] = ()
    problems: tuple[Problem, ...] = ()
    unsettled: bool = False


@dataclass(frozen=True, slots=True)
class Origin:
    """The file that is being read: where its documents come from.

    `shown` is the path as the user knows it, `relative` the POSIX path inside a named source or
    nothing.
    """

    shown: str
    relative: str
    defaults: Defaults

    def at(self, line: int | None = None, column: int | None = None) -> Place:
        """Return a place in this file, line and column counted from 1."""
        return Place(self.shown, line, column)

    def problem(self, message: str, line: int | None = None, column: int | None = None) -> Problem:
        """Return a problem with this file."""
        return Problem(self.at(line, column), message)

    def refuse(self, message: str, line: int | None = None, column: int | None = None) -> ReadFile:
        """Return the outcome of a file of which nothing can be taken."""
        return ReadFile(problems=(self.problem(message, line, column),))

    def document(self, line: int | None = 1) -> Document:
        """Return an empty document at `line` of this file; it has no path and no text yet."""
        return Document(
            source=self.defaults.source,
            place=self.at(line),
            language=self.defaults.language,
        )

    def whole_file(self) -> Document:
        """Return an empty document that is the only one in this file: its path identifies it."""
        return replace(self.document(), path=self.relative)


@dataclass(frozen=True, slots=True)
class Item:
    """The named fields of one document as they were written, and the line of each.

    `line` is where the document begins; a key that is not in `lines` is reported there.
    """

    values: Mapping[str, object] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)
    line: int = 1

    def line_of(self, key: str) -> int:
        """Return the line to name in a message about `key`."""
        return self.lines.get(key, self.line)
