"""`paperround plan`: what would go to whom, and when, as things stand. Writes nothing."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import click

from feeds import Entry
from notifier.cli.asking import moment_of, reader_of
from notifier.cli.common import (
    config_option,
    counted,
    json_option,
    note,
    now,
    settings_without_lists,
    show,
)
from notifier.digest.lane import schedule_of
from notifier.mailing import Onlooker, Planned, plan
from notifier.mailing.deciding import Outcome
from notifier.service.foreseeing import foreseen
from notifier.service.looking import look_in
from notifier.settings import Settings

_TITLES = 3


@click.command("plan")
@click.option("--at", "at", metavar="TIME", help="What is due at this time (ISO 8601).")
@click.option("--for", "email", metavar="EMAIL", help="Only what this reader would get.")
@config_option
@json_option
def command(at: str | None, email: str | None, config: Path, as_json: bool) -> None:
    """Tell what each lane's next slot would bring, to how many readers; send nothing."""
    settings = settings_without_lists(config)
    data = asyncio.run(_plan(settings, moment_of(at, settings), email))
    show(data, _lines(data), as_json=as_json)


async def _plan(settings: Settings, at: datetime | None, email: str | None) -> dict[str, object]:
    moment = now()
    async with (
        look_in(settings, moment, note) as standing,
        foreseen(standing, min(at or moment, moment)) as (lookout, removal),
    ):
        onlooker = None
        if email is not None:
            reader, taken = await reader_of(lookout, email)
            onlooker = Onlooker(reader.id, frozenset(one.lane.id for one in taken))
        planned = await plan(lookout, now(), at, onlooker)
    outcomes = Counter(str(step.decision.outcome) for step in planned)
    return {
        "at": at.isoformat() if at else None,
        "reader": email,
        "held": str(removal) if removal.needs_a_word else None,
        "messages": sum(step.decision.readers for step in planned) if email is None else None,
        "outcomes": dict(outcomes),
        "planned": [_told(step) for step in planned],
    }


def _told(step: Planned) -> dict[str, object]:
    decision, turn = step.decision, step.decision.turn
    key = turn.lane.key
    return {
        "digest": key.digest,
        "slot": turn.slot.identity,
        "instant": turn.slot.instant.isoformat(),
        "schedule": schedule_of(turn.spec, key).canonical,
        "timezone": key.timezone,
        "language": key.language,
        "topics": list(key.topics),
        "words": list(key.words),
        "outcome": str(decision.outcome),
        "reason": decision.reason,
        "readers": decision.readers,
        "articles": decision.articles,
        "spread": turn.spec.spread.total_seconds(),
        "editions": _editions(step),
    }


def _editions(step: Planned) -> list[dict[str, object]]:
    issue, chosen = step.decision.issue, step.decision.chosen
    if issue is None or chosen is None:
        return []
    subjects = dict(issue.editions)
    return [
        {
            "readers": group.readers,
            "articles": len(entries),
            "shown": subjects[group].shown,
            "subject": subjects[group].subject,
            "titles": _titles(entries),
        }
        for group, entries in chosen.picks
        if step.group is None or step.group == group
    ]


def _titles(entries: tuple[Entry, ...]) -> list[str]:
    return [entry.article.title for entry in entries[:_TITLES]]


def _lines(data: dict[str, object]) -> list[str]:
    planned, held = data["planned"], data["held"]
    assert isinstance(planned, list)
    lines = [] if planned else ["nothing is due" if data["at"] else "nothing is planned"]
    for step in planned:
        lines += _step(step)
    if held:
        lines.append(f"{held}: they are still in this plan, for that waits for `--yes`")
    return lines


def _step(step: dict[str, object]) -> list[str]:
    editions = step["editions"]
    assert isinstance(editions, list)
    lines = [f"{'  '.join(_lane(step))}: {step['reason'] or step['outcome']}"]
    for edition in editions:
        readers = counted(edition["readers"], "reader")
        articles = counted(edition["articles"], "article")
        if edition["shown"] < edition["articles"]:
            articles += f" ({edition['shown']} in the message)"
        lines.append(f"    {readers}, {articles}: {'; '.join(edition['titles'])}")
    if step["spread"] and step["outcome"] == Outcome.OPENS and editions:
        lines.append(f"    sent over {timedelta(seconds=float(str(step['spread'])))}")
    if step["outcome"] == Outcome.OPENS and not editions:
        lines.append("    for the web only: nobody would get a message")
    return lines


def _lane(step: dict[str, object]) -> list[str]:
    """Return what tells a lane and its slot, of which most name their zone."""
    slot, zone, topics, words = step["slot"], str(step["timezone"]), step["topics"], step["words"]
    assert isinstance(topics, list)
    assert isinstance(words, list)
    parts = [str(step["digest"]), str(slot), str(step["language"])]
    if not str(slot).endswith(zone):
        parts.insert(2, zone)
    if topics:
        parts.append(f"topics {', '.join(topics)}")
    return [*parts, f"words {', '.join(words)}"] if words else parts
