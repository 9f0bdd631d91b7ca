"""Which files of a configuration are of an older version, and what they would be today.

Reads and decides; writing is for whoever asked. Refuses what has mistakes of grammar, and files
that say different versions: nobody could tell what they mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from notifier.configuration import files
from notifier.configuration.files import Item, SourceFile
from notifier.configuration.migrating import migrated
from notifier.configuration.problems import ConfigProblem, Report
from notifier.configuration.rewriting import CannotRewrite
from notifier.configuration.version import VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewal:
    """A file as it would be written today, and what is changed for that."""

    path: Path
    text: str
    changes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewals:
    """What brings a configuration of `version` up to date; nothing where there are `problems`."""

    version: int
    files: tuple[Renewal, ...] = ()
    problems: tuple[ConfigProblem, ...] = ()


def renewals(config: Path) -> Renewals:
    """Return what brings the configuration at `config`, a folder or one file, up to date."""
    report = Report()
    paths = files.find(config, report)
    read = [files.read(path, order, report) for order, path in enumerate(paths, start=1)]
    found = [file for file in read if file is not None]
    version = _version(found, report)
    understood = found if not report.errors else []
    renewed = [_renewal(file, version, report) for file in understood]
    problems = report.problems() if report.errors else ()
    return Renewals(version=version, files=tuple(filter(None, renewed)), problems=problems)


def _version(found: Sequence[SourceFile], report: Report) -> int:
    said = [
        Item(file, ("version",), file.document.value["version"])
        for file in found
        if file.document
        and isinstance(file.document.value, dict)
        and "version" in file.document.value
    ]
    for item in said:
        if isinstance(item.value, bool) or not isinstance(item.value, int) or item.value < 0:
            report.error(item.at(), "this is not a version", f"the current one is {VERSION}")
        elif item.value > VERSION:
            report.error(item.at(), "a newer program wrote this version")
        elif item.value != said[0].value:
            message = f"the files say different versions; the first is in {said[0].at()}"
            report.error(item.at(), message)
    if not said and found:
        hint = "say it: `version: 0` for that of the drafts before the first release"
        report.error(found[0].spot(1, 1), "no file says its version", hint)
    first = said[0].value if said else VERSION
    return first if isinstance(first, int) and not report.errors else VERSION


def _renewal(file: SourceFile, version: int, report: Report) -> Renewal | None:
    try:
        text, changes = migrated(file.text, version)
    except CannotRewrite as error:
        report.error(file.spot(), f"this cannot be rewritten by a program: {error}")
        return None
    return Renewal(path=file.path, text=text, changes=changes) if changes else None
