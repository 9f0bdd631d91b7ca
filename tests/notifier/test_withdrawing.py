"""A withdrawn article leaves the issues that are on their way; nobody gets two versions of one."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import update

from feeds import Article
from notifier.delivery.delivery import RESENT, State
from notifier.mailing import open_due
from notifier.service import House
from notifier.tables import deliveries
from tests.notifier.builders import a_digest, a_house, a_reader, some_settings
from tests.notifier.clerk import Clerk
from tests.notifier.issues import states
from tests.notifier.test_mailing import (
    DAY,
    MINUTE,
    SLOT,
    START,
    an_article,
    begin,
    round_,
    send,
    titles,
    write,
)


def withdrawn(name: str) -> Article:
    return an_article(name, withdrawn=True)


async def open_with(house: House, *names: str) -> None:
    """Open an issue with these articles, and send nothing of it."""
    await begin(house)
    await write(house, *names, now=START)
    [opened] = await open_due(house.desk(), SLOT)
    assert opened.articles == len(names)


@pytest.mark.both
async def test_what_is_withdrawn_after_the_issue_opened_is_not_sent(
    store_url: str, tmp_path: Path
) -> None:
    readers = tuple(a_reader(f"reader{number}@readers.example") for number in range(3))
    settings = some_settings(store_url, tmp_path, subscribers=readers)
    async with a_house(settings, START) as house:
        await open_with(house, "a", "b")
        await house.store.ingest([withdrawn("a")], SLOT)
        [less] = await round_(house, SLOT + MINUTE)
        assert (less.readers, less.articles, less.failed) == (3, 1, False)
        assert await round_(house, SLOT + 2 * MINUTE) == []
    assert titles(settings) == [["b"]] * 3


async def test_an_issue_of_which_nothing_is_left_is_not_sent(
    store_url: str, tmp_path: Path
) -> None:
    settings = some_settings(store_url, tmp_path)
    async with a_house(settings, START) as house:
        await open_with(house, "a")
        await house.store.ingest([withdrawn("a")], SLOT)
        await round_(house, SLOT + MINUTE)
        assert set((await states(house.database)).values()) == {("skipped", "withdrawn")}
        await write(house, "b", now=SLOT + 2 * MINUTE)
        await round_(house, SLOT + DAY)
    assert titles(settings) == [["b"]]


async def tried(house: House, state: State, reason: str) -> None:
    """Make the delivery one that was tried before."""
    values = {"state": state, "reason": reason, "attempts": 1}
    async with house.database.write() as connection:
        await connection.execute(update(deliveries).values(values))


async def test_who_was_told_to_wait_gets_what_is_left_with_the_next_issue(
    store_url: str, tmp_path: Path
) -> None:
    settings = some_settings(store_url, tmp_path)
    async with a_house(settings, START) as house:
        await open_with(house, "a", "b")
        await tried(house, State.DEFERRED, "")
        await house.store.ingest([withdrawn("a")], SLOT)
        await round_(house, SLOT + MINUTE)
        assert set((await states(house.database)).values()) == {("skipped", "withdrawn")}
        assert titles(settings) == []
        await round_(house, SLOT + DAY)
    assert titles(settings) == [["b"]]


async def test_what_may_have_been_taken_is_not_resent_with_a_withdrawn_article(
    store_url: str, tmp_path: Path
) -> None:
    settings = some_settings(store_url, tmp_path)
    async with a_house(settings, START) as house:
        await open_with(house, "a", "b")
        await tried(house, State.QUEUED, RESENT)
        await house.store.ingest([withdrawn("a")], SLOT)
        await round_(house, SLOT + MINUTE)
        assert set((await states(house.database)).values()) == {("in_doubt", "withdrawn")}
        await write(house, "c", now=SLOT + 2 * MINUTE)
        await round_(house, SLOT + DAY)
    assert titles(settings) == [["c"]]


async def test_a_sender_that_knew_the_old_words_does_not_send_them(
    store_url: str, tmp_path: Path
) -> None:
    settings = some_settings(store_url, tmp_path)
    async with a_house(settings, START) as house:
        await open_with(house, "a", "b")
        ledger = Clerk(house.database)
        chunk = await ledger.claim("sender", SLOT, 5 * MINUTE, resend=True)
        assert chunk is not None
        [job] = await ledger.jobs(chunk, SLOT)
        await house.store.ingest([withdrawn("a")], SLOT)
        await open_due(house.desk(), SLOT + MINUTE)
        assert await ledger.start(chunk, job, SLOT + MINUTE, 5 * MINUTE) is None
        await ledger.release(chunk, SLOT + MINUTE)
        await send(house, SLOT + 2 * MINUTE)
    assert titles(settings) == [["b"]]


async def test_an_issue_that_cannot_be_said_again_is_owed_to_its_readers(
    store_url: str, tmp_path: Path
) -> None:
    folder = tmp_path / "templates"
    folder.mkdir()
    for ending in ("html", "txt"):
        (folder / f"own.{ending}").write_text("{% for a in articles %}{{ a.title }} {% endfor %}")
    settings = some_settings(store_url, tmp_path, digests=(a_digest(template="own"),))
    async with a_house(settings, START) as house:
        await open_with(house, "a", "b")
        (folder / "own.html").write_text("{{ nothing.like.this }}")
        await house.store.ingest([withdrawn("a")], SLOT)
        [failed] = await round_(house, SLOT + MINUTE)
        assert failed.failed
        assert titles(settings) == []
        (folder / "own.html").write_text("{% for a in articles %}{{ a.title }} {% endfor %}")
        await round_(house, SLOT + DAY)
    assert titles(settings) == [["b"]]
