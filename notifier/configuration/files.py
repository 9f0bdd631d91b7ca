"""Finds and reads the YAML files of a configuration; knows nothing about what they mean.

Refuses a folder without YAML and files that cannot be read; one bad file never hides another.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from feeds.kit.excerpt import source_lines
from feeds.kit.yaml import Mark, YamlDocument, YamlError, load
from feeds.kit.yaml import Path as KeyPath
from notifier.configuration.problems import Report, Spot

_SIZE = 64 * 1024 * 1024


@dataclass(slots=True)
class SourceFile:
    """One file: `path` as the operator knows it, its place in the order of reading, its text.

    `document` is None where the grammar is broken, and for what is not YAML. Only a file that
    `has_references` is searched for them.
    """

    path: Path
    order: int
    text: str
    document: YamlDocument | None = None
    has_references: bool = False
    _lines: list[str] = field(default_factory=list)

    def spot(self, line: int = 0, column: int = 0) -> Spot:
        """Return the place at `line` and `column` (from 1)."""
        if not self._lines:
            self._lines = source_lines(self.text.removeprefix("\ufeff"))
        source = self._lines[line - 1] if 0 < line <= len(self._lines) else ""
        return Spot(path=str(self.path), order=self.order, line=line, column=column, source=source)

    def relative(self, path: str) -> Path:
        """Return `path` as meant in this file: relative to the file's folder; absolute.

        What cannot be followed, such as the home of nobody or a link to itself, stays as it is.
        """
        found = self.path.absolute().parent / path
        with suppress(RuntimeError):
            found = self.path.absolute().parent / Path(path).expanduser()
        with suppress(RuntimeError, OSError):
            return found.resolve()
        return found


@dataclass(frozen=True, slots=True)
class Item:
    """A value of the configuration that still knows its place: the file and the path in it."""

    file: SourceFile
    path: KeyPath
    value: object

    def at(self, *steps: str | int) -> Spot:
        """Return where the value below `steps` stands, else its nearest known parent."""
        return self._spot(steps, key=False)

    def key(self, *steps: str | int) -> Spot:
        """Return where the key of that value stands."""
        return self._spot(steps, key=True)

    def _spot(self, steps: KeyPath, *, key: bool) -> Spot:
        document = self.file.document
        if document is None:
            return self.file.spot()
        path = (*self.path, *steps)
        mark: Mark = document.mark_of_key(path) if key else document.mark(path)
        return self.file.spot(*mark)


_NOT_HERE = "`paperround init DIR` writes one; name one that is elsewhere by `--config PATH`"


def find(path: Path, report: Report) -> tuple[Path, ...]:
    """Return the files of the configuration at `path`, a folder or one file, in their order."""
    here = Spot(path=str(path))
    if is_file(path):
        return (path,)
    try:
        entries = sorted(entry for entry in path.iterdir() if not entry.name.startswith("."))
    except FileNotFoundError:
        report.error(here, "there is no such file or folder", _NOT_HERE)
        return ()
    except NotADirectoryError:
        report.error(here, "this is neither a file nor a folder")
        return ()
    except OSError as error:
        report.error(here, f"the folder cannot be read: {error.strerror}")
        return ()
    for entry in entries:
        if entry.suffix == ".yml":
            report.warning(Spot(path=str(entry)), "this file is not read", "rename it to .yaml")
    found = tuple(entry for entry in entries if entry.suffix == ".yaml" and _is_yaml(entry))
    if not found:
        report.error(here, "there is no *.yaml in this folder", _NOT_HERE)
    return found


def is_folder(path: Path) -> bool:
    """Tell whether there is a folder at `path` that we may look at."""
    return _holds(path.is_dir)


def is_file(path: Path) -> bool:
    """Tell whether there is a file at `path` that we may look at."""
    return _holds(path.is_file)


def _holds(question: Callable[[], bool]) -> bool:
    """Ask something of a path; one that nobody may look at, or can be none, is not that."""
    try:
        return question()
    except OSError:
        return False


def _is_yaml(path: Path) -> bool:
    """A link that leads nowhere is to be told, not passed over."""
    return is_file(path) or (path.is_symlink() and not path.exists())


def read(path: Path, order: int, report: Report) -> SourceFile | None:
    """Return the file at `path` with what could be read of it; None if nothing could."""
    try:
        raw = _bytes(path)
    except OSError as error:
        report.error(Spot(path=str(path), order=order), f"cannot be read: {error.strerror}")
        return None
    text = raw.decode("utf-8", "replace")
    file = SourceFile(path, order, text, has_references="${" in text)
    try:
        file.document = load(raw, path=str(path))
    except YamlError as error:
        file.document = error.document
        for problem in error.problems:
            spot = file.spot(problem.line, problem.column)
            report.error(spot, problem.message)
            if problem.spoils:
                report.silence(spot)
    return file


def _bytes(path: Path) -> bytes:
    """Read at most one byte more than the reader of YAML accepts, so that it can refuse it."""
    with path.open("rb") as stream:
        return stream.read(_SIZE + 1)
