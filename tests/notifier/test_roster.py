"""Readers come, move, leave and are written off, also when two processes see to it at once."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from feeds.kit.database import Database
from notifier.delivery.audience import Audience
from notifier.delivery.outbox import Outbox
from notifier.roster import Roster
from tests.notifier.issues import (
    EXPIRES,
    SLOT,
    START,
    cursors,
    declare,
    open_for,
    the_lane,
    wanted,
)

DAY = timedelta(days=1)


@pytest.fixture
def roster(database: Database) -> Roster:
    return Roster(database)


async def test_two_processes_that_start_at_once_declare_the_same_readers(
    database: Database, store_url: str
) -> None:
    readers = [wanted(f"reader{number}") for number in range(30)]
    other = Database(store_url)
    await asyncio.gather(*(declare(db, *readers) for db in (database, other)))
    await other.close()
    assert await Roster(database).count() == 30


async def test_two_processes_that_start_at_once_make_one_secret(
    database: Database, store_url: str
) -> None:
    others = [Database(store_url) for _ in range(3)]
    found = await asyncio.gather(*(Roster(db).secret_keys(START) for db in (database, *others)))
    for other in others:
        await other.close()
    assert len({keys[0].secret for keys in found}) == 1
    assert repr(found[0][0].secret) not in repr(found)


async def test_leaving_outlives_removal_and_a_new_declaration(
    database: Database, roster: Roster
) -> None:
    await declare(database, wanted("ada"), wanted("ben"))
    await roster.leave(1, SLOT)
    await roster.leave(1, SLOT + DAY)
    await declare(database)
    await declare(database, wanted("ada"), wanted("ben"))
    left = await roster.subscription(1)
    assert left is not None
    assert left.left_at == SLOT
    await roster.come_back(1)
    assert await roster.count() == 2


async def test_who_drops_a_digest_keeps_the_others(database: Database, roster: Roster) -> None:
    await declare(database, wanted("ada", digests=("evening", "morning")))
    await declare(database, wanted("ada", digests=("evening",)))
    assert await Audience(database).lanes(["morning"]) == []
    assert len(await Audience(database).lanes(["evening"])) == 1
    assert await roster.count() == 1


async def test_who_moves_takes_along_what_they_are_owed(database: Database) -> None:
    await open_for(database, "ada", "ben")
    await Outbox(database).expire(EXPIRES)
    await declare(database, wanted("ada", zone="Asia/Tokyo", cursor=7), wanted("ben"), now=EXPIRES)
    assert await cursors(database) == {"ada": 0, "ben": 0}


class TestDeserted:
    """A lane that nobody was in has not been served: who enters it later begins there anew."""

    async def deserted(self, database: Database) -> None:
        await declare(database, wanted("ada"))
        await declare(database, wanted("ada", zone="Asia/Tokyo"))

    async def test_nothing_of_the_time_between_is_due_at_once(self, database: Database) -> None:
        await self.deserted(database)
        later = START + 100 * DAY
        await declare(
            database, wanted("ada", zone="Asia/Tokyo"), wanted("ben", cursor=40), now=later
        )
        lane = await the_lane(database)
        assert (lane.served_at, lane.covered_to) == (later, later)
        assert (await cursors(database))["ben"] == 40

    async def test_a_lane_with_a_reader_goes_on(self, database: Database) -> None:
        await declare(database, wanted("ada"))
        await declare(database, wanted("ada"), wanted("ben", cursor=40), now=START + DAY)
        lane = await the_lane(database)
        assert (lane.served_at, lane.cursor) == (START, 0)
        assert await cursors(database) == {"ada": 0, "ben": 40}
