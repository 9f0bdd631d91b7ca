"""Readers as somebody types or imports them: checked as those of the configuration are.

The same words tell the same mistakes. Whoever is not declared may choose what is offered, and
nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from notifier.configuration.csv_file import Row, read_csv, rows
from notifier.configuration.files import Item, SourceFile
from notifier.configuration.problems import ConfigProblem, Report, Severity, Spot
from notifier.configuration.readers import Readers
from notifier.configuration.sections import Unread
from notifier.digest.spec import DigestSpec
from notifier.subscriber import Declaration, address_key

_TYPED = SourceFile(Path(), 0, "", has_references=False)


@dataclass(frozen=True, slots=True)
class Entry:
    """A reader who was entered, or what is wrong with them."""

    reader: Declaration | None
    problems: tuple[ConfigProblem, ...] = ()


def entered(values: Mapping[str, object], digests: Sequence[DigestSpec]) -> Entry:
    """Check one reader, given by the keys of `subscribers` in the configuration."""
    report = Report()
    found = _readers(digests, report)
    found.add([Item(_TYPED, (), dict(values))])
    errors = tuple(one for one in report.problems() if one.severity is Severity.ERROR)
    return Entry(None if errors else found.found[0], errors)


@dataclass(slots=True)
class Imported:
    """The readers in a CSV file, one row after the other; what is wrong with others is told.

    A reader may stand in several rows, each for other digests.
    """

    path: Path
    digests: Sequence[DigestSpec]
    lines: int = 0  # known once the rows are being read
    refused: int = 0
    _report: Report = field(default_factory=Report)
    _seen: dict[tuple[str, str], int] = field(default_factory=dict)

    def rows(self) -> Iterator[tuple[Declaration, Spot]]:
        """Yield the readers that are in order, each with their place."""
        file = read_csv(self.path, 1, self._report)
        if file is None:
            return
        self.lines = file.text.count("\n") + 1
        topics = {spec.name: tuple(spec.topics) for spec in self.digests}
        before = 0
        for row in rows(file, topics, self._report):
            readers = _readers(self.digests, self._report)
            readers.add([row])
            if self._report.errors == before and self._is_first(row, readers.found[0]):
                yield readers.found[0], row.at()
            else:
                self.refused += 1
            before = self._report.errors

    def refuse(self, spot: Spot, message: str, hint: str = "") -> None:
        """Note that a reader who was in order cannot be taken."""
        self.refused += 1
        self._report.error(spot, message, hint)

    @property
    def problems(self) -> tuple[ConfigProblem, ...]:
        """Everything that is wrong, in the order of the lines."""
        return self._report.problems()

    def _is_first(self, row: Row, reader: Declaration) -> bool:
        key, first = address_key(reader.email), True
        for digest in reader.digests:
            line = self._seen.setdefault((key, digest), row.line)
            if line != row.line:
                place = f"{self.path}:{line}"
                message = (
                    f"`{reader.email}` and `{digest}` stand here twice; the first is in {place}"
                )
                self._report.error(row.at(), message)
                first = False
        return first


def _readers(digests: Sequence[DigestSpec], report: Report) -> Readers:
    return Readers(
        {spec.name: tuple(spec.topics) for spec in digests},
        unread=Unread(),
        environ={},
        report=report,
        confined={spec.name: spec for spec in digests},
    )
