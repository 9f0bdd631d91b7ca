"""Long lists of subscribers as CSV, with the columns COLUMNS; only `email` must be there.

Several values in one column are separated by spaces or `;`, words and phrases by `;` only. Topics
go to those digests of the row that have them; words, a schedule and a pause to all of them. Refuses
unknown columns, and what is no CSV.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from notifier.configuration.files import Item, SourceFile
from notifier.configuration.problems import Report, Spot, did_you_mean
from notifier.configuration.readers import Topics

COLUMNS = (
    "email",
    "name",
    "digests",
    "timezone",
    "language",
    "topics",
    "words",
    "schedule",
    "pause_until",
)

_SAVE = "save it as CSV with commas, in UTF-8"
_SIZE = 512 * 1024 * 1024
_WISH = ("digests", "topics", "words", "schedule", "pause_until")
_REMEMBERED = 10_000
_SEPARATORS = re.compile(r"[\s;]+")


@dataclass(frozen=True, slots=True)
class Row(Item):
    """A subscriber in a line; its steps lead to columns."""

    line: int = 0
    columns: tuple[str, ...] = ()
    cells: tuple[str, ...] = ()

    def at(self, *steps: str | int) -> Spot:
        """Return where the column stands that `steps` came from."""
        known = [str(step) for step in steps if step in self.columns]
        index = self.columns.index(known[-1]) if known else 0
        before = self.cells[: min(index, len(self.cells))]
        spot = self.file.spot(self.line, 1)
        plain = '"' not in spot.source
        column = 1 + sum(len(cell) + 1 for cell in before) if plain else 1
        return self.file.spot(self.line, column)

    def key(self, *steps: str | int) -> Spot:
        """Return the same place: a column has no key of its own."""
        return self.at(*steps)


def read_csv(path: Path, order: int, report: Report) -> SourceFile | None:
    """Return the file at `path`; None, and the report knows why, if it cannot be read."""
    here = Spot(path=str(path), order=order)
    try:
        with path.open("rb") as stream:
            raw = stream.read(_SIZE + 1)
        if len(raw) > _SIZE:
            report.error(here, f"this is larger than {_SIZE} bytes")
            return None
        return SourceFile(path, order, raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        spot = Spot(path=str(path), order=order, line=line)
        report.error(spot, f"the byte 0x{error.object[error.start]:02X} is not UTF-8", _SAVE)
    except OSError as error:
        report.error(here, f"cannot be read: {error.strerror}")
    return None


def rows(file: SourceFile, topics: Topics, report: Report) -> Iterator[Row]:
    """Yield the subscribers in `file`; `topics` are those that the digests have."""
    reader = csv.reader(io.StringIO(file.text, newline=""), strict=True)
    columns: tuple[str, ...] = ()
    wishes = _Wishes(topics)
    line = 1
    try:
        for cells in reader:
            if not "".join(cells).strip():
                pass
            elif not columns:
                columns = _columns(cells, file, line, report)
                if not columns:
                    return
            elif len(cells) > len(columns):
                report.error(file.spot(line, 1), f"there are more than {len(columns)} columns")
            else:
                yield _row(file, line, columns, tuple(cells), wishes, report)
            line = reader.line_num + 1
    except csv.Error:
        report.error(file.spot(line, 1), "this line is not CSV; mend its quotes")
    if not columns:
        report.error(file.spot(1, 1), "there is no first line with the names of the columns")


def _places(cells: list[str], source: str) -> list[int]:
    """Return where each of `cells` stands in its line, from 1."""
    places, end = [], 0
    for cell in cells:
        start = max(source.find(cell.strip(), end), end)
        places.append(start + 1)
        end = start + len(cell.strip())
    return places


def _columns(cells: list[str], file: SourceFile, line: int, report: Report) -> tuple[str, ...]:
    spot = file.spot(line, 1)
    names = tuple(cell.strip().casefold() for cell in cells)
    wrong = [at for at, name in enumerate(names) if name not in COLUMNS]
    other = next((each for each in ";\t|" if each in names[0]), "")
    if len(names) == 1 and other:
        between = "a tab" if other == "\t" else f"`{other}`"
        report.error(spot, f"columns are separated by commas here, not by {between}", _SAVE)
        return ()
    places = _places(cells, spot.source)
    for at in wrong:
        here = file.spot(line, places[at])
        words = f"unknown column `{names[at][:60]}`"
        report.error(here, words, did_you_mean(names[at], COLUMNS))
    if not wrong and len(set(names)) < len(names):
        report.error(spot, "a column stands here twice")
    elif not wrong and "email" not in names:
        report.error(spot, "the column `email` is missing")
    elif not wrong:
        return names
    return ()


def _row(
    file: SourceFile,
    line: int,
    columns: tuple[str, ...],
    cells: tuple[str, ...],
    wishes: _Wishes,
    report: Report,
) -> Row:
    filled: dict[str, object] = {}
    wanted = dict.fromkeys(_WISH, "")
    for name, cell in zip(columns, cells, strict=False):
        said = cell.strip()
        if name in wanted:
            wanted[name] = said
        elif said:
            filled[name] = said
    wish = wishes.of(tuple(wanted.values()))
    filled["digests"] = wish.digests
    row = Row(file, (), filled, line, columns, cells)
    for topic in wish.amiss:
        hint = did_you_mean(topic, sorted(wish.offered))
        report.error(row.at("topics"), f"no digest here has a topic `{topic[:60]}`", hint)
    return row


@dataclass(frozen=True, slots=True)
class _Wish:
    """What is wanted of digests; topics that are `amiss` are not among those `offered` in them.

    All rows that want the same have the same map: nobody may change it.
    """

    digests: dict[str, object]
    amiss: tuple[str, ...]
    offered: frozenset[str]


class _Wishes:
    """The wishes in a file, each understood once: of many readers, most want the same."""

    def __init__(self, topics: Topics) -> None:
        self._topics = topics
        self._known: dict[tuple[str, ...], _Wish] = {}

    def of(self, cells: tuple[str, ...]) -> _Wish:
        """Return what is in the columns of `_WISH`."""
        found = self._known.get(cells)
        if found is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            found = self._known[cells] = _wish(cells, self._topics)
        return found


def _wish(cells: tuple[str, ...], topics: Topics) -> _Wish:
    names, wanted, phrases, schedule, until = cells
    listed = _values(wanted)
    same: dict[str, object] = {
        "words": list(_phrases(phrases)),
        "schedule": schedule,
        "pause_until": until,
    }
    same = {name: value for name, value in same.items() if value}
    digests: dict[str, object] = {}
    for name in _values(names):
        here = [topic for topic in listed if topic in topics.get(name, ())]
        digests[name] = same | ({"topics": here} if here else {})
    offered = frozenset(topic for name in digests for topic in topics.get(name, ()))
    known = all(name in topics for name in digests)  # of another nobody can tell its topics
    amiss = tuple(topic for topic in listed if known and topic not in offered)
    return _Wish(digests, amiss, offered)


def _phrases(cell: str) -> dict[str, None]:
    return dict.fromkeys(filter(None, map(str.strip, cell.split(";"))))


def _values(cell: str) -> list[str]:
    return list(dict.fromkeys(filter(None, _SEPARATORS.split(cell))))
