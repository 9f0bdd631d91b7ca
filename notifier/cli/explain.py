"""`paperround explain ARTICLE EMAIL`: why this reader got this article, did not, or will."""

from __future__ import annotations

import asyncio
import os
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from feeds import Entry
from notifier.cli.asking import reader_of
from notifier.cli.common import config_option, in_utc, json_option, now, show
from notifier.configuration import Loaded, load
from notifier.delivery.tracing import Trace
from notifier.digest.lane import schedule_of
from notifier.digest.rule import Ruling
from notifier.errors import ConfigurationError, NotifierError
from notifier.mailing import Explained, Lookout, explain
from notifier.mailing.explaining import Way
from notifier.service.foreseeing import foreseen_for
from notifier.service.looking import look_in

_LISTED = 5  # articles that are named when several are meant


@click.command("explain")
@click.argument("article")
@click.argument("email")
@config_option
@json_option
def command(article: str, email: str, config: Path, as_json: bool) -> None:
    """Tell why the reader EMAIL got ARTICLE, did not get it, or will.

    ARTICLE is its id, its address, or a part of its title that only one has.
    """
    loaded = load(config, os.environ, readers_later=True)
    told = asyncio.run(_explain(loaded, article, email))
    show(_data(told), _lines(told), as_json=as_json)


async def _explain(loaded: Loaded, article: str, email: str) -> Explained:
    if loaded.settings is None or loaded.places is None:
        raise ConfigurationError(loaded.problems)
    moment = now()
    async with (
        look_in(loaded.settings, moment) as house,
        foreseen_for(house, email, moment) as lookout,
    ):
        entry = await _the_one(lookout, article)
        reader, _ = await reader_of(lookout, email)
        return await explain(lookout, loaded.places, entry, reader, now())


async def _the_one(lookout: Lookout, words: str) -> Entry:
    found = await lookout.finder.find(words, _LISTED + 1)
    if not found:
        raise NotifierError(
            f"there is no article {words!r} in the store: it never came in, or was refused;"
            " `paperround ingest` tells why"
        )
    if len(found) > 1:
        named = [f"  {e.article.id}  {e.article.title}" for e in found[:_LISTED]]
        more = ["  ..."] if len(found) > _LISTED else []
        lines = "\n".join(["several articles are called so; give an id:", *named, *more])
        raise NotifierError(lines)
    return found[0]


def _data(told: Explained) -> dict[str, object]:
    article, entry = told.entry.article, told.entry
    return {
        "article": {
            "id": article.id,
            "title": article.title,
            "url": article.url,
            "state": _state(entry),
            "arrival": entry.arrival,
            "arrived_at": _text(entry.arrived_at),
            "published": _text(article.published.at if article.published else None),
            "withdrawn_at": _text(entry.withdrawn_at),
        },
        "reader": {"email": told.reader.address, "suppressed": told.reader.suppressed},
        "digests": [_way(way) for way in told.ways],
    }


def _way(way: Way) -> dict[str, object]:
    key = way.taken.lane.key
    return {
        "digest": key.digest,
        "answer": way.answer,
        "words": way.words,
        "timezone": key.timezone,
        "topics": list(key.topics),
        "reader_words": list(key.words),
        "since": _text(way.taken.since),
        "left_at": _text(way.taken.left_at),
        "paused_until": _text(way.taken.paused_until),
        "served_to": way.taken.place,
        "admits": way.admits,
        "rulings": [asdict(ruling) for ruling in way.rulings],
        "deliveries": [asdict(trace) for trace in way.traces],
        "windows": [asdict(window) for window in way.windows],
        "next": _next(way),
    }


def _next(way: Way) -> dict[str, object] | None:
    if way.chance is None:
        return None
    decision = way.chance.decision
    turn, zone = decision.turn, decision.turn.lane.key.timezone
    return {
        "slot": turn.slot.identity,
        "at": turn.slot.instant.astimezone(ZoneInfo(zone)).isoformat(),
        "schedule": schedule_of(turn.spec, turn.lane.key).canonical,
        "outcome": str(decision.outcome),
        "reason": decision.reason,
    }


def _lines(told: Explained) -> list[str]:
    article, reader = told.entry.article, told.reader
    lines = [article.title, f"    {article.id}", f"    {_arrival(told.entry)}", reader.address]
    if reader.suppressed:
        lines.append(f"    this address is not written to: {reader.suppressed}")
    if not told.ways:
        lines.append("    takes no digest")
    for way in told.ways:
        lines += ["", f"{way.taken.lane.key.digest}: {way.words}"]
        lines += [f"    {_ruling(ruling)}" for ruling in way.rulings]
        lines += [f"    {_trace(trace)}" for trace in way.traces]
        chance = _next(way)
        if chance:
            lines.append(f"    next issue: {chance['at']} ({chance['schedule']})")
    return lines


def _arrival(entry: Entry) -> str:
    if entry.arrived_at is None:
        return _state(entry)
    return f"{_state(entry)} since {in_utc(entry.arrived_at)}, arrival {entry.arrival}"


def _state(entry: Entry) -> str:
    if entry.withdrawn_at:
        return "withdrawn"
    return "embargoed" if entry.arrival is None else "visible"


def _ruling(ruling: Ruling) -> str:
    did = "admitted" if ruling.admits else "refused"
    rule = f"{ruling.kind} {ruling.name}" if ruling.kind != "words" else ruling.name
    key = f", {ruling.key}" if ruling.key else ""
    if ruling.admits and ruling.key == "not":
        key = ", whose `not` leaves it alone"
    values = f": {ruling.wanted}" if ruling.wanted else ""
    has = "" if ruling.admits or not ruling.key else f" (it has {ruling.found or 'none'})"
    place = f"  [{ruling.place}]" if ruling.place else ""
    return f"{did} by {rule}{key}{values}{has}{place}"


def _trace(trace: Trace) -> str:
    answer = " ".join(str(part) for part in (trace.code, trace.words, trace.reason) if part)
    told = f": {answer}" if answer else ""
    return f"{trace.slot}: {trace.state} at {in_utc(trace.changed_at)}{told}"


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
