"""The books of deliveries: what they count, and what is left of them when they are old."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from feeds.kit.database import Database
from notifier.delivery import books
from notifier.delivery.books import Books
from notifier.delivery.outbox import Outbox
from notifier.roster import Roster
from notifier.tables import chunks, deliveries, issues, lanes, subscribers, subscriptions
from tests.notifier.issues import EXPIRES, MINUTE, SLOT, declare, open_for, wanted

pytestmark = pytest.mark.both

LATER = EXPIRES + timedelta(days=100)
BEFORE = LATER - timedelta(days=90)
NAMES = ("ada", "ben", "cyd", "dan", "eve")
STATES = ("accepted", "failed", "skipped", "skipped", "in_doubt")


async def a_finished_issue(database: Database) -> int:
    """An issue for five readers, each with an end of their own; its lane has been served."""
    issue = await open_for(database, *NAMES)
    async with database.write() as connection:
        for number, state in enumerate(STATES, 1):
            mine = deliveries.c.subscriber_id == number
            reason = "left" if number == 3 else "paused" if state == "skipped" else "why"
            ended = {"state": state, "reason": reason}
            await connection.execute(update(deliveries).where(mine).values(ended))
        await connection.execute(update(chunks).values(state="done"))
    await Outbox(database).finish()
    return issue


async def totals(database: Database) -> Counter[str]:
    found: Counter[str] = Counter()
    for one in await Books(database).by_digest():
        found[f"{one.state} {one.reason}".strip()] += one.number
    return found


ALL = {"accepted": 1, "failed": 1, "skipped left": 1, "skipped paused": 1, "in_doubt": 1}


async def left(database: Database) -> int:
    async with database.read() as connection:
        return await connection.scalar(select(func.count()).select_from(deliveries)) or 0


async def test_every_reader_of_an_issue_is_in_the_books(database: Database) -> None:
    issue = await a_finished_issue(database)
    assert await totals(database) == ALL
    [first, *_] = await Books(database).by_issue((), 5)
    assert (first.digest, first.issue, first.timezone) == ("morning", issue, "UTC")
    assert await Books(database).by_issue(["evening"], 5) == []
    providers = await Books(database).by_provider()
    assert {one.provider for one in providers} == {"readers.example"}
    assert sum(one.number for one in providers) == len(NAMES)


async def test_old_deliveries_are_dropped_and_their_numbers_stay(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(books, "BATCH", 2)
    await a_finished_issue(database)
    assert await Books(database).drop(EXPIRES - MINUTE, LATER) == 0
    providers = await Books(database).by_provider()
    assert await Books(database).drop(BEFORE, LATER) == len(NAMES)
    assert await left(database) == 0
    assert await totals(database) == ALL
    assert sorted(map(str, await Books(database).by_provider())) == sorted(map(str, providers))
    assert await Books(database).drop(BEFORE, LATER) == 0
    async with database.read() as connection:
        assert await connection.scalar(select(func.count()).select_from(chunks)) == 0


async def test_what_still_decides_what_a_reader_gets_is_kept(database: Database) -> None:
    await a_finished_issue(database)
    async with database.write() as connection:
        behind = subscriptions.c.subscriber_id == 2
        await connection.execute(update(subscriptions).where(behind).values(cursor=4))
    assert await Books(database).drop(BEFORE, LATER) == len(NAMES) - 1
    assert await left(database) == 1
    assert await totals(database) == ALL
    async with database.write() as connection:
        await connection.execute(update(subscriptions).values(cursor=None))
    assert await Books(database).drop(BEFORE, LATER) == 1
    assert await totals(database) == ALL


async def test_a_lane_that_is_behind_keeps_what_its_readers_had(database: Database) -> None:
    await a_finished_issue(database)
    async with database.write() as connection:
        await connection.execute(update(lanes).values(cursor=9))
    assert await Books(database).drop(BEFORE, LATER) == 0
    for reader in range(1, len(NAMES) + 1):
        await Roster(database).leave(reader, LATER)
    assert await Books(database).drop(BEFORE, LATER) == 0, "a leaving may be taken back"
    assert await Books(database).drop(BEFORE, LATER + timedelta(days=2)) == len(NAMES)


async def test_nothing_is_dropped_of_what_is_on_its_way(database: Database) -> None:
    await open_for(database, "ada")
    assert await Books(database).drop(BEFORE, LATER) == 0


async def test_readers_who_were_erased_are_counted_without_a_provider(database: Database) -> None:
    await a_finished_issue(database)
    await declare(database, wanted("ada"), now=SLOT)
    await Roster(database).erase(2, SLOT)
    providers = Counter[str]()
    for one in await Books(database).by_provider():
        providers[one.provider] += one.number
    assert providers == {"readers.example": 4, "": 1}
    assert await Books(database).drop(BEFORE, LATER) == len(NAMES)
    assert (await totals(database)).total() == len(NAMES)
    async with database.read() as connection:
        assert await connection.scalar(select(func.count()).select_from(subscribers)) == len(NAMES)
        assert await connection.scalar(select(func.count()).select_from(issues)) == 1
