"""Opening an issue: each step may be broken off, repeated or raced, and the books balance."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import event

from feeds.kit.database import Database
from notifier.delivery import enlisting, opening, parting
from notifier.delivery.audience import Audience
from notifier.delivery.delivery import State
from notifier.delivery.groups import Group
from notifier.delivery.opening import Opening
from notifier.delivery.outbox import Outbox
from notifier.digest.overlap import overlap_of
from notifier.roster import Roster
from notifier.schedule.slots import Slot
from tests.notifier.clerk import Clerk
from tests.notifier.issues import (
    EXPIRES,
    LEASE,
    MINUTE,
    SLOT,
    an_edition,
    an_issue,
    claimed,
    cursors,
    declare,
    groups_of,
    issue_states,
    open_for,
    states,
    the_lane,
    wanted,
)

QUEUED = ("queued", "")


class Crash(Exception):
    """The process dies."""


class Interrupted(Opening):
    """An opening in which something happens after the rows are written, before the flip."""

    def __init__(self, database: Database, happens: Callable[[], Awaitable[object]]) -> None:
        super().__init__(database)
        self._happens = happens

    async def _flip(self, numbers: Sequence[int], now: datetime) -> set[int]:
        await self._happens()
        return await super()._flip(numbers, now)


async def crash() -> None:
    raise Crash


async def break_off(database: Database) -> None:
    """Begin to open an issue for whoever is declared, and die before it is open."""
    with pytest.raises(Crash):
        await Interrupted(database, crash).open(await an_issue(database), SLOT)


async def test_an_issue_is_opened_once(database: Database) -> None:
    number = await open_for(database, "ada", "ben")
    assert number == 1
    again = await an_issue(database)
    assert await Opening(database).open(again, SLOT) is None
    assert await states(database) == {"ada": QUEUED, "ben": QUEUED}
    assert await cursors(database) == {"ada": 10, "ben": 10}


async def test_what_was_broken_off_is_taken_up_again(database: Database) -> None:
    await declare(database, wanted("ada"), wanted("ben"))
    await break_off(database)
    assert await cursors(database) == {"ada": 0, "ben": 0}
    assert await Clerk(database).next_due() is None
    assert await Opening(database).open(await an_issue(database), SLOT + MINUTE) == 1
    assert await states(database) == {"ada": QUEUED, "ben": QUEUED}
    assert await cursors(database) == {"ada": 10, "ben": 10}
    assert await Clerk(database).next_due() is not None


async def test_two_that_open_one_article_at_once_at_different_moments_send_the_same_words(
    database: Database,
) -> None:
    await declare(database, wanted("ada"), wanted("ben"))
    lane = await the_lane(database)
    [group] = await groups_of(database, lane)
    slow, quick = [
        await an_issue(
            database,
            slot="arrival:1",
            instant=moment,
            editions=((group, an_edition(f"made at {moment}")),),
        )
        for moment in (SLOT, SLOT + MINUTE)
    ]

    async def meanwhile() -> None:
        assert await Opening(database).open(quick, SLOT + MINUTE) is None

    assert await Interrupted(database, meanwhile).open(slow, SLOT) == 1
    ledger = Clerk(database)
    chunk = await claimed(database, SLOT + MINUTE)
    for job in await ledger.jobs(chunk, SLOT + MINUTE):
        assert await ledger.start(chunk, job, SLOT + MINUTE, LEASE) is State.SENDING


async def test_who_comes_while_an_opening_lies_broken_is_in_it(database: Database) -> None:
    await declare(database, wanted("ada"))
    await break_off(database)
    await declare(database, wanted("ada"), wanted("ben"))
    await Opening(database).open(await an_issue(database), SLOT + MINUTE)
    assert await states(database) == {"ada": QUEUED, "ben": QUEUED}


async def test_what_was_broken_off_and_expires_costs_nobody_their_window(
    database: Database,
) -> None:
    await declare(database, wanted("ada"))
    await break_off(database)
    await Outbox(database).expire(EXPIRES)
    assert await Opening(database).open(await an_issue(database), EXPIRES) is None
    assert await states(database) == {"ada": ("skipped", "not opened in time")}
    assert await cursors(database) == {"ada": 0}
    assert set((await issue_states(database)).values()) == {"skipped"}
    lane = await the_lane(database)
    assert lane.served_at == SLOT
    following = await an_issue(database, slot="2026-11-24T07:30 UTC", instant=EXPIRES)
    assert await Opening(database).open(following, EXPIRES) is not None


async def test_an_opening_that_expires_before_it_is_open_stays_closed(database: Database) -> None:
    """A scheduler that was frozen in the middle wakes up after the next slot."""
    await declare(database, wanted("ada"))
    late = Interrupted(database, lambda: Outbox(database).expire(EXPIRES))
    assert await late.open(await an_issue(database), SLOT) is None
    assert await cursors(database) == {"ada": 0}
    assert await states(database) == {"ada": ("skipped", "not opened in time")}


async def test_a_lane_that_was_served_meanwhile_is_not_served_the_same_window(
    database: Database,
) -> None:
    """A digest sent by hand while the scheduler opens it: whoever comes second looks again."""
    await declare(database, wanted("ada"))
    lane = await the_lane(database)
    by_hand = await an_issue(database, lane, slot="extra:2026-11-23T06:31:00+00:00")
    assert await Opening(database).open(await an_issue(database, lane), SLOT) is not None
    assert await Opening(database).open(by_hand, SLOT + MINUTE) is None
    assert sum((await Clerk(database).books()).values()) == 1


async def test_one_issue_of_a_lane_is_opened_at_a_time(database: Database) -> None:
    await declare(database, wanted("ada"))
    by_hand = await an_issue(database, slot="extra:2026-11-23T06:31:00+00:00")
    numbers: list[int | None] = []

    async def meanwhile() -> None:
        numbers.append(await Opening(database).open(by_hand, SLOT))

    assert await Interrupted(database, meanwhile).open(await an_issue(database), SLOT) == 1
    assert numbers == [None]


@pytest.mark.both
async def test_nothing_is_opened_by_what_readers_had_before_another_issue_was(
    database: Database,
) -> None:
    """Another scheduler opens a digest that overlaps between the look and the announcement."""
    await declare(database, wanted("ada"))
    looked = await Outbox(database).last_opened()
    late = await an_issue(database, slot="extra:2026-11-23T06:31:00+00:00")
    assert await Opening(database).open(await an_issue(database), SLOT) is not None
    again = replace(late, lane=await the_lane(database))
    assert await Opening(database).open_together([again], SLOT, looked) == [None]
    now_seen = await Outbox(database).last_opened()
    assert await Opening(database).open_together([again], SLOT, now_seen) != [None]


async def test_who_moves_while_an_issue_is_opened_does_not_get_it_twice(
    database: Database,
) -> None:
    await declare(database, wanted("ada"))
    moving = Interrupted(database, lambda: declare(database, wanted("ada", zone="Asia/Tokyo")))
    await moving.open(await an_issue(database), SLOT)
    assert await states(database) == {"ada": QUEUED}
    elsewhere = await the_lane(database, "Asia/Tokyo")
    window = overlap_of({1, 2}, (await Audience(database).earlier(0, 10)).items())
    (group,) = await Audience(database).groups(elsewhere, 0, window, EXPIRES)
    assert group.had == {1}


@pytest.mark.both
async def test_who_comes_while_an_issue_is_opened_misses_nothing(database: Database) -> None:
    await declare(database, wanted("ada"))
    coming = Interrupted(database, lambda: declare(database, wanted("ada"), wanted("ben")))
    await coming.open(await an_issue(database), SLOT)
    assert await states(database) == {"ada": QUEUED}
    assert await cursors(database) == {"ada": 10, "ben": 0}


async def test_who_comes_back_while_an_issue_is_opened_misses_nothing(database: Database) -> None:
    await declare(database, wanted("ada"), wanted("ben"))
    await open_for(database, "ada", "ben")
    roster = Roster(database)
    await roster.leave(2, SLOT)
    tomorrow = SLOT + timedelta(days=1)
    following = await an_issue(database, slot="next", instant=tomorrow, upto=20)
    coming = Interrupted(database, lambda: roster.come_back(2))
    await coming.open(following, tomorrow)
    assert await cursors(database) == {"ada": 20, "ben": 10}


async def test_readers_who_are_held_over_keep_their_place(database: Database) -> None:
    await declare(database, wanted("ada", cursor=5), wanted("ben", cursor=8))
    lane = await the_lane(database)
    first, second = await groups_of(database, lane)
    assert (first, second) == (Group(5, 1), Group(8, 1))
    issue = await an_issue(database, lane, editions=((first, an_edition()),))
    await Opening(database).open(issue, SLOT)
    assert await states(database) == {"ada": QUEUED}
    assert await cursors(database) == {"ada": 10, "ben": 8}


async def test_the_readers_of_the_lane_are_held_over_too(database: Database) -> None:
    await open_for(database, "ada", "ben")
    await declare(database, wanted("ada"), wanted("ben"), wanted("cid", cursor=3))
    lane = await the_lane(database)
    newcomer, others = await groups_of(database, lane)
    assert (newcomer.after, others.after, others.readers) == (3, 10, 2)
    issue = await an_issue(
        database,
        lane,
        slot="next",
        instant=EXPIRES,
        expires=EXPIRES + timedelta(days=1),
        upto=20,
        editions=((newcomer, an_edition()),),
    )
    await Opening(database).open(issue, EXPIRES)
    assert await cursors(database) == {"ada": 10, "ben": 10, "cid": 20}


def small_batches(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    for module in (opening, enlisting, parting):
        monkeypatch.setattr(module, "CHUNK", size // 2)
    for name in ("_LEAST", "_FIRST", "_MOST"):
        monkeypatch.setattr(opening, name, size)


async def test_a_big_audience_is_written_in_parts_and_nobody_is_left_out(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_batches(monkeypatch, 12)
    await open_for(database, *(f"reader{number}" for number in range(24)))
    assert len(await states(database)) == 24
    assert set((await cursors(database)).values()) == {10}


@pytest.mark.both
async def test_a_reader_who_comes_back_between_two_statements_pushes_nobody_out(
    database: Database, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL shows each statement what has been committed by then."""
    if database.is_sqlite:
        pytest.skip("SQLite has one writer at a time")
    small_batches(monkeypatch, 2)
    await declare(database, *map(wanted, ("ada", "ben", "cid", "dan")))
    await Roster(database).leave(1, SLOT)
    import psycopg

    def come_back(_c: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("INSERT INTO deliveries"):
            with psycopg.connect(store_url, autocommit=True) as other:
                other.execute("UPDATE subscriptions SET left_at = NULL")

    sync = database._writer.sync_engine
    event.listen(sync, "before_cursor_execute", come_back)
    await Opening(database).open(await an_issue(database), SLOT)
    assert (await states(database)).keys() >= {"ben", "cid", "dan"}


def slot(identity: str, instant: datetime) -> Slot:
    return Slot(identity, instant, instant.date())


class TestSkipping:
    async def test_a_skipped_slot_serves_the_lane(self, database: Database) -> None:
        await declare(database, wanted("ada"))
        lane = await the_lane(database)
        await Outbox(database).skip(lane, slot("s", SLOT), "nothing new", SLOT, upto=7)
        after = await the_lane(database)
        assert (after.cursor, after.served_at, after.covered_to) == (7, SLOT, SLOT)
        assert await Opening(database).open(await an_issue(database, lane, slot="s"), SLOT) is None

    async def test_a_slot_that_is_passed_over_covers_nothing(self, database: Database) -> None:
        await declare(database, wanted("ada"))
        lane = await the_lane(database)
        await Outbox(database).skip(lane, slot("s", SLOT), "too late", SLOT)
        after = await the_lane(database)
        assert (after.cursor, after.covered_to) == (lane.cursor, lane.covered_to)
        assert after.served_at == SLOT

    async def test_the_clock_moves_though_the_cursor_would_go_backwards(
        self, database: Database
    ) -> None:
        await open_for(database, "ada")
        lane = await the_lane(database)
        await Outbox(database).skip(lane, slot("next", EXPIRES), "nothing new", EXPIRES, upto=4)
        after = await the_lane(database)
        assert (after.cursor, after.served_at) == (10, EXPIRES)

    async def test_the_clock_never_goes_backwards(self, database: Database) -> None:
        await open_for(database, "ada")
        lane = await the_lane(database)
        await Outbox(database).skip(
            lane, slot("before", SLOT - MINUTE), "nothing new", SLOT, upto=12
        )
        after = await the_lane(database)
        assert (after.cursor, after.served_at) == (12, SLOT)

    async def test_what_was_broken_off_and_has_nothing_to_say_any_more_is_given_up(
        self, database: Database
    ) -> None:
        await declare(database, wanted("ada"))
        issue = await an_issue(database)
        await break_off(database)
        await Outbox(database).skip(issue.lane, issue.due.slot, "withdrawn", SLOT, upto=10)
        assert await states(database) == {"ada": ("skipped", "withdrawn")}
        assert await issue_states(database) == {issue.due.slot.identity: "skipped"}
        assert await cursors(database) == {"ada": 10}

    async def test_an_issue_that_is_open_is_not_skipped(self, database: Database) -> None:
        await open_for(database, "ada")
        lane = await the_lane(database)
        await Outbox(database).skip(
            lane, slot("2026-11-23T07:30 UTC", EXPIRES), "no", EXPIRES, upto=99
        )
        assert await cursors(database) == {"ada": 10}
        assert await states(database) == {"ada": QUEUED}


@pytest.mark.both
async def test_two_who_open_the_same_slot_at_once_write_each_reader_once(
    database: Database, store_url: str
) -> None:
    await declare(database, *(wanted(f"reader{number}") for number in range(40)))
    other = Database(store_url)
    issue = await an_issue(database)
    await asyncio.gather(*(Opening(db).open(issue, SLOT) for db in (database, other)))
    await other.close()
    assert sum((await Clerk(database).books()).values()) == 40


async def test_an_expiry_and_an_opening_at_once_do_not_lock_each_other_out(
    database: Database, store_url: str
) -> None:
    names = [f"reader{number}" for number in range(40)]
    await open_for(database, *names)
    other = Database(store_url)
    following = await an_issue(
        database, slot="next", instant=EXPIRES, expires=EXPIRES + timedelta(days=1), upto=20
    )
    await asyncio.gather(
        Outbox(other).expire(EXPIRES),
        Opening(database).open(following, EXPIRES),
        declare(other, *map(wanted, reversed(names))),
    )
    await other.close()
    for cursor in (await cursors(database)).values():
        assert cursor in {0, 20}
