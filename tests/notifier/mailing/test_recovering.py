"""A store that was restored from a backup: nothing is sent twice, and nothing new is lost."""

from __future__ import annotations

import asyncio
import os
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from feeds.library import ingest_folder
from notifier.delivery.delivery import State
from notifier.delivery.picking import Which
from notifier.delivery.settling import ASSUMED
from notifier.mailing import deliver, open_due, recover
from notifier.mailing.recovering import Recovered
from notifier.schedule.language import parse_schedule
from notifier.service import House
from notifier.settings import FolderSource, Maildir, Settings
from notifier.subscribing import reconcile
from tests.feeds.library.builders import markdown, write
from tests.notifier.builders import a_digest, a_house, a_reader, messages_in, some_settings

pytestmark = pytest.mark.slow

DAY = datetime(2026, 11, 23, tzinfo=UTC)
HOUR = timedelta(hours=1)
MORNING = DAY + 7.5 * HOUR
LOST = DAY + 36 * HOUR  # at noon of the second day


def settings(folder: Path, name: str) -> Settings:
    """The same publication, on a store called `name`, with mail of its own."""
    given = some_settings(
        f"sqlite:///{folder / name}.db",
        folder,
        digests=(
            a_digest(timezone="UTC"),
            a_digest("flash", schedule=parse_schedule("at once"), timezone="UTC"),
        ),
        subscribers=(
            a_reader("ada@readers.example", "morning", "flash"),
            a_reader("ben@readers.example"),
        ),
        sources=(FolderSource(name="articles", folder=folder / "articles"),),
    )
    assert given.mail is not None
    return replace(given, mail=replace(given.mail, transport=Maildir(path=folder / name)))


def an_article(folder: Path, title: str, at: datetime) -> None:
    path = write(folder / "articles", f"{title}.md", markdown(title))
    os.utime(path, (at.timestamp(), at.timestamp()))


async def take_in(house: House, now: datetime) -> None:
    for folder in house.folders:
        await ingest_folder(folder, {}, house.store, house.memory, now)


async def send(house: House, now: datetime) -> None:
    await open_due(house.desk(), now)
    await deliver(house.sender(), lambda: now, asyncio.Event())


def sent(folder: Path, name: str) -> list[tuple[str, str]]:
    """Who got which subject."""
    return sorted((str(m["To"]), str(m["Subject"])) for m in messages_in(folder / name))


async def recovered(house: House, until: datetime = LOST) -> Recovered:
    settling, memory = house.settling, house.memory
    return await recover(house.desk(), settling, house.folders, memory, until, until + 2 * HOUR)


async def a_backup(folder: Path) -> Settings:
    """Two days of a paper, of whose store a copy was made when its first issue had opened."""
    running = settings(folder, "first")
    async with a_house(running, DAY) as house:
        await reconcile(running, house.places, house.store, DAY)
        an_article(folder, "one", DAY + HOUR)
        await take_in(house, DAY + 2 * HOUR)
        await open_due(house.desk(), MORNING)
        async with house.database.write():
            for ending in ("db", "db-wal"):
                shutil.copy(folder / f"first.{ending}", folder / f"second.{ending}")
        await send(house, MORNING)
        an_article(folder, "two", MORNING + 10 * HOUR)
        await take_in(house, MORNING + 11 * HOUR)
        await send(house, MORNING + 12 * HOUR)
        await send(house, MORNING + 24 * HOUR)
    return settings(folder, "second")


async def test_nothing_is_sent_again_and_nothing_new_is_lost(tmp_path: Path) -> None:
    restored = await a_backup(tmp_path)
    assert len(sent(tmp_path, "first")) == 4, "two articles, each once to each of two readers"
    an_article(tmp_path, "three", LOST + HOUR)
    async with a_house(restored, LOST) as house:
        done = await recovered(house)
        assert done.closed == {("morning", State.QUEUED): 2}
        assert {digest for digest, _ in done.slots} == {"morning", "flash"}
        assert done.articles.files == 1
        await send(house, LOST + 2 * HOUR)
        assert sent(tmp_path, "second") == []
        reasons = {one.reason async for page in house.picked.pages(Which()) for one in page}
        assert reasons == {ASSUMED}
        again = await recovered(house)
        assert (again.closed, again.slots, again.articles.files) == ({}, (), 0)
        await take_in(house, LOST + 3 * HOUR)
        await send(house, LOST + 4 * HOUR)
        await send(house, MORNING + 48 * HOUR)
    subjects = [(to, subject.rpartition(": ")[2]) for to, subject in sent(tmp_path, "second")]
    assert subjects == [("ada@readers.example", "three"), ("ben@readers.example", "three")]


async def test_without_it_readers_would_get_things_twice(tmp_path: Path) -> None:
    restored = await a_backup(tmp_path)
    async with a_house(restored, LOST) as house:
        await take_in(house, LOST + HOUR)
        await send(house, MORNING + 48 * HOUR)
    assert sent(tmp_path, "second")
