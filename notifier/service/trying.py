"""Trying a configuration: a test is run on a store of its own, with the time passed in.

Articles are taken in, feeds published, issues opened and delivered by the very verbs of the
service; messages go into a Maildir that is thrown away.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from difflib import ndiff
from pathlib import Path
from zoneinfo import ZoneInfo

from feeds import Format
from feeds.library import ingest_paths, publish
from notifier.configuration.trials import Message, Trial
from notifier.delivery.tracing import Traces
from notifier.digest.lane import follows
from notifier.errors import NotifierError
from notifier.mailing import deliver, open_due
from notifier.schedule.slots import slots
from notifier.service.house import House, open_house
from notifier.settings import Maildir, Settings
from notifier.subscribing import reconcile

_STEPS = 20_000  # moments of one test at which something may happen
_MANY = 10_000  # articles


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of a test: the lines of a difference, or none; `-` is expected, `+` what came."""

    trial: Trial
    seconds: float
    difference: tuple[str, ...] = ()


async def try_out(trial: Trial, settings: Settings) -> tuple[str, ...]:
    """Run one test; return where it differs from what is expected. Raises NotifierError."""
    with tempfile.TemporaryDirectory(prefix="paperround-") as name:
        folder = Path(name)
        mail = settings.mail and replace(
            settings.mail, transport=Maildir(path=folder / "mail"), fallbacks=(), returns=None
        )
        own = replace(
            settings,
            store=f"sqlite:///{folder / 'store.db'}",
            sources=(),
            subscribers=trial.readers,
            mail=mail,
        )
        async with open_house(own, trial.begin) as house:
            await reconcile(own, house.places, house.store, trial.begin)
            for moment in _moments(trial, own, await _zones(house)):
                await _step(trial, house, moment, folder)
            return tuple(await _difference(trial, house))


async def _zones(house: House) -> set[tuple[str, str, str]]:
    names = [spec.name for spec in house.settings.digests]
    lanes = await house.audience.lanes(names)
    return {(lane.key.digest, lane.key.schedule, lane.key.timezone) for lane in lanes}


def _moments(
    trial: Trial, settings: Settings, lanes: set[tuple[str, str, str]]
) -> Iterator[datetime]:
    """Yield every moment at which something may happen: arrivals, slots, ends of holds."""
    specs = {spec.name: spec for spec in settings.digests}
    found = {trial.begin, trial.until}
    for arrival in trial.arrivals:
        found.add(arrival.at)
        found |= {arrival.at + spec.hold for spec in settings.digests if spec.schedule.at_once}
    for digest, schedule, zone in lanes:
        when = follows(specs[digest], schedule)
        if when.at_once:
            continue
        for slot in slots(when, zone, trial.begin - timedelta(microseconds=1), trial.until):
            found.add(slot.instant)
            if len(found) > _STEPS:
                raise NotifierError(f"the test `{trial.name}` is too long for its schedules")
    return iter(sorted(moment for moment in found if trial.begin <= moment <= trial.until))


async def _step(trial: Trial, house: House, now: datetime, folder: Path) -> None:
    """Do what the service would do at one moment."""
    paths: list[Path] = []
    for number, arrival in enumerate(trial.arrivals):
        if arrival.at == now:
            path = folder / f"{number}.json"
            await asyncio.to_thread(path.write_text, json.dumps(arrival.document), "utf-8")
            paths.append(path)
    if paths:
        report = await ingest_paths(paths, (), house.store, house.memory, now)
        for problem in report.problems:
            raise NotifierError(f"the test `{trial.name}`: {problem}")
    await publish(house.press, now)
    if house.settings.mail is not None:
        await open_due(house.desk(), now)
        await deliver(house.sender(), lambda: now, asyncio.Event())


async def _difference(trial: Trial, house: House) -> list[str]:
    names = {str(one.document["title"]): one.name for one in trial.arrivals}
    found: list[str] = []
    if trial.messages is not None:
        zone = ZoneInfo(house.settings.site.timezone)
        entries = await house.store.arrived(0, 2**62, _MANY)
        ids = {entry.article.id: names.get(entry.article.title, "?") for entry in entries}
        came = [
            Message(
                one.at,
                one.address,
                one.digest,
                tuple(ids.get(i, "?") for i in one.articles),
                one.subject,
            )
            for one in await Traces(house.database).accepted()
        ]
        found += _lines_of_messages(trial.messages, came, zone)
    for feed, wanted in trial.feeds.items():
        shown = await _shown(house, feed, names)
        found += _compared([f"{feed}: {name}" for name in wanted], [f"{feed}: {n}" for n in shown])
    return found


async def _shown(house: House, feed: str, names: Mapping[str, str]) -> list[str]:
    document = await house.press.shelf.document(feed, Format.JSON)
    if document is None:
        return ["(there is no such feed)"]
    return [names.get(item["title"], "?") for item in json.loads(document.body)["items"]]


def _lines_of_messages(
    wanted: Sequence[Message], came: Sequence[Message], zone: ZoneInfo
) -> list[str]:
    """Return the difference; subjects count where the test names them."""
    named = {(one.at, one.to, one.digest) for one in wanted if one.subject}
    shown = [
        one if (one.at, one.to, one.digest) in named else replace(one, subject="") for one in came
    ]
    return _compared(
        [_told(one, zone) for one in sorted(wanted)], [_told(one, zone) for one in sorted(shown)]
    )


def _told(one: Message, zone: ZoneInfo) -> str:
    subject = f' "{one.subject}"' if one.subject else ""
    when = one.at.astimezone(zone)
    return f"{when:%Y-%m-%d %H:%M%z} {one.to} {one.digest}: {', '.join(one.articles)}{subject}"


def _compared(wanted: Sequence[str], came: Sequence[str]) -> list[str]:
    if list(wanted) == list(came):
        return []
    return [line for line in ndiff(wanted, came) if not line.startswith("?")]
