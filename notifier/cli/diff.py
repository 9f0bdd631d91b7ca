"""`paperround diff`: what an edited configuration would change. Writes nothing."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import click

from feeds.kit.yaml_writing import flat
from notifier.checking import examine
from notifier.cli import OK, PROBLEMS
from notifier.cli.common import config_option, counted, json_option, note, now, show
from notifier.configuration import Loaded, Severity, load
from notifier.configuration.snapshots import Snapshot
from notifier.errors import NotifierError
from notifier.reloads import Reloads
from notifier.service import House
from notifier.service.comparing import Difference, Readers, compare
from notifier.service.looking import look_in

CHANGES = 2


@click.command("diff")
@click.option(
    "--against",
    metavar="PATH",
    type=click.Path(path_type=Path),
    help="Compare with the configuration there, instead of the one in use.",
)
@config_option
@json_option
@click.pass_context
def command(ctx: click.Context, against: Path | None, config: Path, as_json: bool) -> None:
    """Tell what the configuration would change of the one in use: feeds, slots, readers, articles.

    Exit status 0: nothing, 2: something, 1: it has mistakes.
    """
    edited, before = _read(config), _read(against) if against else None
    if edited is None or (against and before is None):
        ctx.exit(PROBLEMS)
    assert edited is not None
    found = asyncio.run(_compare(edited, before))
    show(_data(found), list(_lines(found)) or ["nothing would change"], as_json=as_json)
    ctx.exit(CHANGES if found.is_any else OK)


def _read(path: Path) -> Loaded | None:
    """Return what stands at `path`; None if it has mistakes, which are told."""
    loaded = load(path, os.environ)
    mistakes = [one for one in examine(loaded, path) if one.severity is Severity.ERROR]
    for problem in mistakes:
        click.echo(str(problem), err=True)
    return None if mistakes else loaded


async def _compare(edited: Loaded, before: Loaded | None) -> Difference:
    settings = edited.settings_or_raise()
    # A checkout may be compared with another where no service ever ran.
    async with look_in(settings, now(), note if before else None) as house:
        snapshot = Snapshot.of(before) if before else await _in_use(house)
        return await compare(
            snapshot, Snapshot.of(edited), settings, house.places, house.store, now()
        )


async def _in_use(house: House) -> Snapshot:
    standings = await Reloads(house.database).standings()
    standings.sort(key=lambda one: not one.process.startswith(("all@", "scheduler@")))
    if not standings:
        raise NotifierError(
            "no service has run on this store as yet; compare with a configuration elsewhere by"
            " --against PATH"
        )
    return Snapshot.from_plain(standings[0].snapshot)


def _data(found: Difference) -> dict[str, object]:
    return {
        "feeds": {
            "added": list(found.feeds_added),
            "removed": list(found.feeds_removed),
            "renamed": dict(found.feeds_renamed),
            "for_each": {"added": list(found.kinds_added), "removed": list(found.kinds_removed)},
        },
        "digests": {
            "added": list(found.digests_added),
            "removed": list(found.digests_removed),
            "moved": [asdict(one) for one in found.moved],
        },
        "readers": {
            "added": asdict(found.readers_added),
            "changed": asdict(found.readers_changed),
            "removed": asdict(found.readers_removed),
        },
        "older": [asdict(one) for one in found.older],
        "settings": {
            path: {"before": old, "after": new} for path, (old, new) in found.settings.items()
        },
    }


def _lines(found: Difference) -> Iterator[str]:
    yield from _of_feeds(found)
    for name in found.digests_added:
        yield f"+ digest {name}"
    for name in found.digests_removed:
        yield f"- digest {name}"
    for one in found.moved:
        yield f"~ digest {one.digest}: next {one.before or 'never'} -> {one.after or 'never'}"
    yield from _readers("+", found.readers_added, "added")
    yield from _readers("~", found.readers_changed, "changed")
    yield from _readers("-", found.readers_removed, "removed")
    for older in found.older:
        readers, articles = (
            counted(older.readers, "reader"),
            counted(older.articles, "older article"),
        )
        yield f"! {readers} would get {articles} with the next `{older.digest}`"
    for path, (was, becomes) in found.settings.items():
        yield f"~ {path}: {_shown(was)} -> {_shown(becomes)}"


def _of_feeds(found: Difference) -> Iterator[str]:
    for name in found.feeds_added:
        yield f"+ feed {name}"
    for name in found.feeds_removed:
        yield f"- feed {name}: its address answers 404, unless it is told under `gone` or `was`"
    for old, name in found.feeds_renamed.items():
        yield f"~ feed {old} is {name} now: the old address leads to the new one"
    for kind in found.kinds_added:
        yield f"+ a feed for each {kind}"
    for kind in found.kinds_removed:
        yield f"- the feed for each {kind}: their addresses answer 404"


def _readers(sign: str, readers: Readers, what: str) -> Iterator[str]:
    if readers.count:
        more = readers.count - len(readers.named)
        rest = f" and {more} more" if more else ""
        yield f"{sign} {counted(readers.count, 'reader')} {what}: {', '.join(readers.named)}{rest}"


def _shown(value: object) -> str:
    return "not set" if value is None else flat(value)
