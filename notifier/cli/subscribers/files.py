"""`paperround subscribers import` and `export`: readers as CSV; what one writes the other reads."""

from __future__ import annotations

import asyncio
import csv
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

import click

from notifier.cli import OK, PROBLEMS
from notifier.cli.common import config_option, counted, json_option, now, settings_of, show, writing
from notifier.cli.subscribers.asking import as_declared, check_digest
from notifier.configuration.csv_file import COLUMNS
from notifier.configuration.entry import Imported
from notifier.configuration.problems import Spot
from notifier.digest.spec import DigestSpec
from notifier.enrolment import state_of
from notifier.preferences import Wish, said_by
from notifier.roster import Entry
from notifier.service import House, open_house
from notifier.settings import Settings
from notifier.subscriber import Choice
from notifier.subscribing import Outcome, choose_all, rules_of

_CHUNK = 200


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--return", "returns", is_flag=True, help="They ask for it, also those who had left.")
@config_option
@json_option
@click.pass_context
def import_(ctx: click.Context, file: Path, returns: bool, config: Path, as_json: bool) -> None:
    """Add the readers in FILE, a CSV; a line that is wrong is told and costs the others nothing.

    What holds already is not chosen again: importing a file twice is the same as once.
    """
    settings = settings_of(config)
    imported = Imported(file, settings.digests)
    counts = asyncio.run(_import(settings, imported, returns=returns))
    data: dict[str, Any] = counts | {"refused": imported.refused}
    for problem in imported.problems:
        click.echo(str(problem), err=True)
    said = ", ".join(f"{number} {what}" for what, number in data.items())
    data["problems"] = [
        {
            "path": problem.path,
            "line": problem.line,
            "column": problem.column,
            "message": problem.message,
            "hint": problem.hint,
        }
        for problem in imported.problems
    ]
    show(data, [said], as_json=as_json)
    ctx.exit(PROBLEMS if imported.problems else OK)


async def _import(settings: Settings, imported: Imported, *, returns: bool) -> dict[str, int]:
    counts = {"added": 0, "changed": 0, "unchanged": 0}
    async with open_house(settings, now()) as house:
        await as_declared(house)
        with _progress(imported) as advance:
            for some in _chunks(settings, imported, returns=returns):
                asked = [(email, wish) for email, wish, _ in some]
                done = await choose_all(settings, house.places, house.store, asked, now())
                for (_, _, spot), outcome in zip(some, done, strict=True):
                    for refused in outcome.refused:
                        imported.refuse(spot, refused, "--return takes them back")
                    _count(counts, outcome)
                advance(some[-1][2].line)
    return counts


def _count(counts: dict[str, int], outcome: Outcome) -> None:
    if not outcome.refused:
        what = "added" if outcome.before is None else "changed"
        counts[what if outcome.changed else "unchanged"] += 1


def _chunks(
    settings: Settings, imported: Imported, *, returns: bool
) -> Iterator[list[tuple[str, Wish, Spot]]]:
    specs, some = rules_of(settings).specs, []
    for reader, spot in imported.rows():
        wish = replace(said_by(reader, specs), joins=True, returns=returns, news_only=True)
        some.append((reader.email, wish, spot))
        if len(some) == _CHUNK:
            yield some
            some = []
    if some:
        yield some


@contextmanager
def _progress(imported: Imported) -> Iterator[Any]:
    """Give what is told how far we are: a bar on standard error, if that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda _line: None
        return
    with click.progressbar(length=1, file=sys.stderr, label="importing") as bar:

        def advance(line: int) -> None:
            bar.length = imported.lines
            bar.update(line - bar.pos)

        yield advance


@click.command("export")
@click.option("--digest", metavar="NAME", help="Readers of this digest only, and nothing else.")
@click.option("--to", "to", type=click.Path(dir_okay=False, path_type=Path), help="A file.")
@config_option
@json_option
def export(digest: str | None, to: Path | None, config: Path, as_json: bool) -> None:
    """Write the readers as CSV, as `import` and `subscribers_file` read it."""
    settings = settings_of(config)
    if as_json and to is None:
        raise click.UsageError("--json tells what was written: --to FILE says where")
    if digest:
        check_digest(digest, settings)
    counts = asyncio.run(_export(settings, digest or "", to))
    if to is not None:
        data = counts | {"path": str(to)}
        said = f"{counted(counts['readers'], 'reader')} in {counted(counts['rows'], 'row')}: {to}"
        show(data, [said], as_json=as_json)


async def _export(settings: Settings, digest: str, to: Path | None) -> dict[str, int]:
    counts = {"readers": 0, "rows": 0}
    async with open_house(settings, now()) as house:
        await as_declared(house)
        with _open(to) as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(COLUMNS)
            async for entry in _entries(house, digest):
                found = rows_of(entry, settings, now(), digest)
                writer.writerows(found)
                counts["readers"] += bool(found)
                counts["rows"] += len(found)
    return counts


async def _entries(house: House, digest: str) -> AsyncIterator[Entry]:
    async for page in house.listing.pages(digest):
        for entry in page:
            yield entry


def rows_of(entry: Entry, settings: Settings, at: datetime, only: str = "") -> list[list[str]]:
    """Return the rows of a reader: one, or more where digests are wanted in different ways."""
    reader, specs = entry.enrolment.reader, rules_of(settings).specs
    ways: dict[tuple[str, ...], list[str]] = {}
    for digest, held in entry.enrolment.held.items():
        wanted = digest in specs and only in ("", digest)
        if wanted and state_of(held, "", at) in {"active", "paused"}:
            way = _way(entry.enrolment.choice(specs[digest]), specs[digest])
            ways.setdefault(way, []).append(digest)
    return [
        [reader.email, reader.name, ";".join(digests), reader.timezone, reader.language, *way]
        for way, digests in ways.items()
    ]


def _way(choice: Choice, spec: DigestSpec) -> tuple[str, ...]:
    """Return the cells of topics, words, schedule and pause."""
    return (
        ";".join(topic for topic in choice.topics if topic in spec.topics),
        ";".join(word.replace(";", " ") for word in choice.words),
        choice.schedule.canonical if choice.schedule else "",
        choice.pause_until.isoformat() if choice.pause_until else "",
    )


@contextmanager
def _open(to: Path | None) -> Iterator[TextIO]:
    """Give standard output, or a file that nobody else may read: it has addresses in it."""
    if to is None:
        yield sys.stdout
        return
    with writing(to):
        handle = os.open(to, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
        yield stream
