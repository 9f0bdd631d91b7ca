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
from notifier.mailing import deliver, open_due, open_now, recover, release
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


async def recovered(house: House, until: datetime = LOST, *by_hand: str) -> Recovered:
    settling, memory, now = house.settling, house.memory, until + 2 * HOUR
    return await recover(house.desk(), settling, house.folders, memory, until, now, by_hand)


async def copied(house: House, folder: Path) -> None:
    """Make a backup of the first store: the second."""
    async with house.database.write():
        for ending in ("db", "db-wal"):
            shutil.copy(folder / f"first.{ending}", folder / f"second.{ending}")


async def a_backup(folder: Path) -> Settings:
    """Two days of a paper, of whose store a copy was made when its first issue had opened."""
    running = settings(folder, "first")
    async with a_house(running, DAY) as house:
        await reconcile(running, house.places, house.store, DAY)
        an_article(folder, "one", DAY + HOUR)
        await take_in(house, DAY + 2 * HOUR)
        await open_due(house.desk(), MORNING)
        await copied(house, folder)
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


async def test_what_was_sent_by_hand_is_not_sent_again_where_that_is_said(tmp_path: Path) -> None:
    running = settings(tmp_path, "first")
    async with a_house(running, DAY) as house:
        await reconcile(running, house.places, house.store, DAY)
        await copied(house, tmp_path)
        an_article(tmp_path, "one", MORNING + HOUR)
        await take_in(house, MORNING + 2 * HOUR)
        await open_now(house.desk(), ["morning"], MORNING + 3 * HOUR)
        await deliver(house.sender(), lambda: MORNING + 3 * HOUR, asyncio.Event())
    assert len(sent(tmp_path, "first")) == 2
    lost = MORNING + 4 * HOUR
    an_article(tmp_path, "two", lost + HOUR)
    async with a_house(settings(tmp_path, "second"), lost) as house:
        assert "extra:" not in str((await recovered(house, lost)).slots)
        extra = ("morning", f"extra:{lost.isoformat()}")
        assert (await recovered(house, lost, "morning")).slots == (extra,)
        assert (await recovered(house, lost, "morning")).slots == ()
        await take_in(house, lost + 2 * HOUR)
        await open_due(house.desk(), MORNING + 24 * HOUR)
        await deliver(house.sender(), lambda: MORNING + 24 * HOUR, asyncio.Event())
    to_ben = [subject for to, subject in sent(tmp_path, "second") if to.startswith("ben")]
    assert [subject.rpartition(": ")[2] for subject in to_ben] == ["two"]


async def test_what_was_held_and_released_is_not_sent_again_where_that_is_said(
    tmp_path: Path,
) -> None:
    def held_at_two(name: str) -> Settings:
        return replace(settings(tmp_path, name), digests=(a_digest(timezone="UTC", fuse=1),))

    running = held_at_two("first")
    async with a_house(running, DAY) as house:
        await reconcile(running, house.places, house.store, DAY)
        for title in ("one", "two"):
            an_article(tmp_path, title, DAY + HOUR)
        await take_in(house, DAY + 2 * HOUR)
        assert [opened.held for opened in await open_due(house.desk(), MORNING)] == [True]
        await copied(house, tmp_path)
        assert [opened.readers for opened in await release(house.desk(), ["morning"], MORNING)]
    lost = MORNING + HOUR
    async with a_house(held_at_two("second"), lost) as house:
        assert (await recovered(house, lost)).slots == ()
        held = await house.desk().outbox.pending("held")
        done = await recovered(house, lost, "morning")
        assert held[0].due.slot.identity in dict.fromkeys(slot for _, slot in done.slots)
        assert await house.desk().outbox.pending("held") == []
        opened = await open_due(house.desk(), MORNING + 24 * HOUR)
        assert [one.readers for one in opened] == [0]
