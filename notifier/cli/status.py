"""`paperround status`: what is in the store, and what became of every delivery."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from feeds.library import catalogue
from feeds.store import FeedState
from notifier.cli.common import config_option, json_option, now, show, table
from notifier.cli.configurations import data_of, lines_of, settings_to_look_by
from notifier.cli.deliveries.telling import BY_DIGEST, BY_ISSUE, BY_PROVIDER, account, balance
from notifier.cli.held import (
    Held,
    held_data,
    held_lines,
    held_of,
    release_command,
    waiting_data,
    waiting_lines,
)
from notifier.delivery.books import Books
from notifier.digest.lane import schedule_of
from notifier.reloads import Reloads, Standing
from notifier.schedule.slots import next_slot
from notifier.service import is_taken
from notifier.service.looking import look_in
from notifier.settings import Settings

_ISSUES = 20  # the last ones
_PROVIDERS = 20  # the largest ones


@click.command("status")
@config_option
@json_option
def command(config: Path, as_json: bool) -> None:
    """Show articles, feeds, readers, the books of each digest, and when lanes are due next.

    And which configuration the service works with, though the files say something else by now.
    """
    settings, holds = settings_to_look_by(config)
    data, standings = asyncio.run(_status(settings, holds=holds, whole=as_json))
    mistaken = [] if holds else ["", "the files have mistakes now: paperround check"]
    file = settings.store_file
    gone = standings and file is not None and not is_taken(file, "run")
    quiet = ["no service runs now"] if gone else []
    show(data, [*_lines(data), *_said(standings), *quiet, *mistaken], as_json=as_json)


async def _status(
    settings: Settings, *, holds: bool, whole: bool
) -> tuple[dict[str, object], list[Standing]]:
    """Return the documented object, and what each process works with.

    Without `whole`, what people are not shown is not counted. Lanes are told where the settings
    hold: of an edit with mistakes nobody can say when they are due.
    """
    async with look_in(settings, now()) as house:
        counts = await house.store.counts()
        states = await house.press.index.states()
        labels = (await catalogue(house.press))[len(settings.feeds) :]
        books = account(await house.books.by_digest(), BY_DIGEST)
        specs = {spec.name: spec for spec in settings.digests}
        lanes = await house.audience.lanes(list(specs)) if holds else []
        standings = await Reloads(house.database).standings()
        data = {
            "configuration": [data_of(one) for one in standings],
            "articles": {
                "visible": counts.visible,
                "embargoed": counts.embargoed,
                "withdrawn": counts.withdrawn,
            },
            "feeds": {spec.name: _rendered(states.get(spec.name)) for spec in settings.feeds},
            "feeds_for_each": {
                "feeds": len(labels),
                **{
                    word: sum(_rendered(states.get(spec.name))[word] for spec in labels)
                    for word in ("published", "stale")
                },
            },
            "readers": await house.roster.count(),
            "books": books,
            **(await _closely(house.books) if whole else {}),
            "waiting": waiting_data(await house.ledger.due_by(now())),
            "held": held_data(await held_of(house.desk(), ()) if settings.mail else ()),
            "lanes": [
                {
                    "digest": lane.key.digest,
                    "schedule": schedule.canonical,
                    "timezone": lane.key.timezone,
                    "language": lane.key.language,
                    "topics": " ".join(lane.key.topics),
                    "next": slot.identity if slot else None,
                }
                for lane in lanes
                for schedule in [schedule_of(specs[lane.key.digest], lane.key)]
                for slot in [next_slot(schedule, lane.key.timezone, now())]
            ],
        }
        return data, standings


def _rendered(state: FeedState | None) -> dict[str, bool]:
    return {"published": state is not None, "stale": state is None or state.stale}


async def _closely(books: Books) -> dict[str, object]:
    return {
        "issues": account(await books.by_issue((), _ISSUES), BY_ISSUE),
        "providers": account(await books.by_provider(), BY_PROVIDER, _PROVIDERS),
    }


def _lines(data: dict[str, object]) -> list[str]:
    articles, feeds, labels = data["articles"], data["feeds"], data["feeds_for_each"]
    books, lanes = data["books"], data["lanes"]
    held, waiting = data["held"], data["waiting"]
    assert isinstance(held, list)
    assert isinstance(waiting, list)
    assert isinstance(articles, dict)
    assert isinstance(feeds, dict)
    assert isinstance(labels, dict)
    assert isinstance(books, list)
    assert isinstance(lanes, list)
    lines = ["articles: " + ", ".join(f"{number} {what}" for what, number in articles.items())]
    lines.append(_of_feeds(feeds, labels))
    lines.append(f"readers: {data['readers']}")
    if books:
        lines += ["", *balance(books, BY_DIGEST)]
    lines += waiting_lines(waiting)
    if held:
        found = [Held(**one) for one in held]
        lines += ["", *held_lines(found), f"to send it: {release_command(found)}"]
    if lanes:
        columns = ["digest", "schedule", "language", "topics", "next"]
        rows = [[lane[name] or "-" for name in columns] for lane in lanes]
        lines += ["", *table([columns, *rows])]
    return lines


def _of_feeds(feeds: Mapping[str, Mapping[str, bool]], labels: Mapping[str, int]) -> str:
    """Name what waits to be rendered; of labels there may be thousands, so they are counted."""
    each = labels["feeds"]
    line = f"feeds: {len(feeds) + each}" + (f", {each} of them by feeds_for_each" if each else "")
    stale = [name for name, feed in feeds.items() if feed["stale"]]
    stale += [f"{labels['stale']} by feeds_for_each"] if labels["stale"] else []
    return line + (f", to be rendered: {', '.join(stale)}" if stale else "")


def _said(standings: Sequence[Standing]) -> list[str]:
    lines = [line for one in standings for line in lines_of(one)]
    return ["", *lines] if lines else []
