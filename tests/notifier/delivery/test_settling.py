"""What operators decide of deliveries: sent again, closed, compared with a relay's record."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import insert, select, update

from feeds.kit.database import Database
from notifier.delivery.delivery import RESENT, State
from notifier.delivery.message import message_id
from notifier.delivery.opening import Opening
from notifier.delivery.outbox import Outbox
from notifier.delivery.picking import Picked, Which
from notifier.delivery.settling import RETRIED, Settling
from notifier.mailing import Record, compare, read_record
from notifier.roster import Roster
from notifier.tables import chunks, deliveries, issues
from tests.notifier.clerk import Clerk
from tests.notifier.issues import (
    EXPIRES,
    LEASE,
    SLOT,
    an_issue,
    chunk_states,
    claimed,
    issue_states,
    open_for,
    states,
)

LATER = EXPIRES + timedelta(hours=3)
UNTIL = LATER + timedelta(hours=24)


async def ended(database: Database, *names: str, state: str, reason: str = "") -> int:
    """An issue for these readers that is over, with all deliveries in `state`."""
    issue = await open_for(database, *names)
    async with database.write() as connection:
        values = {"state": state, "reason": reason, "attempts": 1}
        await connection.execute(update(deliveries).values(values))
        await connection.execute(update(chunks).values(state="done"))
    await Outbox(database).finish()
    return issue


async def again(database: Database, which: Which) -> int:
    """Let them be sent again."""
    settling = Settling(database)
    return sum(
        [
            await settling.requeue(which, words, UNTIL, LATER)
            for words in await settling.words(which)
        ]
    )


@pytest.mark.both
@pytest.mark.parametrize("state", [State.FAILED, State.EXPIRED])
async def test_what_has_ended_is_sent_again_even_if_its_issue_was_over(
    database: Database, state: State
) -> None:
    await ended(database, "ada", "ben", state=str(state))
    assert await again(database, Which(states=(state,))) == 2
    assert await states(database) == {"ada": ("queued", RETRIED), "ben": ("queued", RETRIED)}
    assert set((await issue_states(database)).values()) == {"open"}
    chunk = await claimed(database, LATER)
    jobs = await Clerk(database).jobs(chunk, LATER)
    assert len(jobs) == 2
    assert {job.expires for job in jobs} == {UNTIL}
    assert await Clerk(database).start(chunk, jobs[0], LATER, LEASE) is State.SENDING


async def test_what_was_in_doubt_is_known_to_be_sent_for_the_second_time(
    database: Database,
) -> None:
    await ended(database, "ada", state="in_doubt")
    assert await again(database, Which(states=(State.IN_DOUBT,))) == 1
    assert await states(database) == {"ada": ("queued", RESENT)}


@pytest.mark.both
async def test_nothing_is_sent_again_to_who_had_an_article_of_it_meanwhile(
    database: Database,
) -> None:
    first = await ended(database, "ada", "ben", state="expired")
    async with database.write() as connection:
        mine = (deliveries.c.issue_id == first, deliveries.c.subscriber_id == 1)
        row = (await connection.execute(select(deliveries).where(*mine))).mappings().one()
        other = dict(row) | {"issue_id": first + 1, "state": "accepted", "reason": ""}
        await connection.execute(insert(deliveries).values(other))
    assert await again(database, Which(states=(State.EXPIRED,))) == 1
    assert (await states(database))["ben"] == ("queued", RETRIED)


@pytest.mark.both
async def test_only_what_is_meant_is_picked(database: Database) -> None:
    await ended(database, "ada", "ben", state="failed")
    for which, number in (
        (Which(), 2),
        (Which(digests=("morning",), slot="2026-11-23"), 2),
        (Which(slot="2026-11-24"), 0),
        (Which(reader="Ada@readers.example"), 1),
        (Which(provider="READERS.example"), 2),
        (Which(provider="aders.example"), 0),
        (Which(states=(State.ACCEPTED,)), 0),
        (Which(since=SLOT), 2),
        (Which(since=SLOT + timedelta(seconds=1)), 0),
    ):
        found = [sent async for page in Picked(database).pages(which) for sent in page]
        assert len(found) == number, which
    [_, second] = [sent async for page in Picked(database).pages(Which()) for sent in page]
    after = [sent async for page in Picked(database).pages(Which(), (1, 1)) for sent in page]
    assert after == [second]
    assert (second.email, second.provider) == ("ben@readers.example", "readers.example")


async def test_the_last_issue_is_listed_first(database: Database) -> None:
    await ended(database, "ada", "ben", state="failed")
    second = await an_issue(database, slot="2026-11-24T07:30 UTC", instant=EXPIRES, upto=20)
    await Opening(database).open(second, EXPIRES)
    found = [sent.place async for page in Picked(database).pages(Which()) for sent in page]
    assert found == [(2, 1), (2, 2), (1, 1), (1, 2)]


async def test_what_is_in_doubt_is_closed_by_the_operators_word(database: Database) -> None:
    await ended(database, "ada", state="in_doubt")
    which = Which(states=(State.IN_DOUBT,))
    assert await Settling(database).close(which, "because", LATER) == 1
    assert await states(database) == {"ada": ("accepted", "because")}
    assert await Settling(database).close(which, "because", LATER) == 0


def test_a_record_names_messages_of_ours_anywhere_and_addresses_on_lines_of_their_own() -> None:
    ours = "a2" * 16
    record = read_record(
        [
            f"Nov 23 06:31:10 mx cleanup[1]: 4Zq1: message-id=<{ours.upper()}@example.org>\n",
            "Nov 23 06:31:11 mx postfix/smtp[2]: 4Zq1: to=<ben@readers.example>, status=bounced\n",
            "<Ada@readers.example>\n",
            "not one@@\n",
            "\n",
        ]
    )
    assert record == Record(frozenset({ours}), frozenset({"ada@readers.example"}))


@pytest.mark.both
async def test_the_relays_record_settles_what_it_names_and_nothing_else(
    database: Database,
) -> None:
    issue = await ended(database, "ada", "ben", "cyd", state="in_doubt", reason="no answer came")
    keys = await Roster(database).secret_keys(SLOT)
    named = message_id(keys[0].secret, str(issue), "1", "example.org")
    record = read_record([named, "ben@readers.example", "zoe@readers.example", "a2" * 16 + "@x.y"])
    picked, settling = Picked(database), Settling(database)
    done = await compare(picked, settling, keys, Which(), record, LATER)
    assert (done.by_message, done.by_address, done.ambiguous) == (1, 1, 0)
    assert (done.unlisted, done.unknown) == (1, 2)
    taken = "taken, by the relay's record"
    assert await states(database) == {
        "ada": ("accepted", taken),
        "ben": ("accepted", taken),
        "cyd": ("in_doubt", "no answer came"),
    }
    once_more = await compare(picked, settling, keys, Which(), record, LATER)
    assert (once_more.by_message, once_more.by_address, once_more.unlisted) == (0, 0, 1)


async def test_an_address_settles_nothing_where_its_reader_has_two_in_doubt(
    database: Database,
) -> None:
    first = await ended(database, "ada", state="in_doubt")
    async with database.write() as connection:
        row = (await connection.execute(select(deliveries))).mappings().one()
        await connection.execute(insert(deliveries).values(dict(row) | {"issue_id": first + 1}))
        issue = (await connection.execute(select(issues))).mappings().one()
        other = dict(issue) | {"id": first + 1, "slot": "2026-11-24T07:30 UTC"}
        await connection.execute(insert(issues).values(other))
    keys = await Roster(database).secret_keys(SLOT)
    record = read_record(["ada@readers.example"])
    picked, settling = Picked(database), Settling(database)
    done = await compare(picked, settling, keys, Which(), record, LATER)
    assert (done.by_address, done.ambiguous) == (0, 2)
    some = Which(slot="2026-11-24")
    done = await compare(picked, settling, keys, some, record, LATER)
    assert (done.by_address, done.ambiguous) == (1, 0)


@pytest.mark.both
async def test_what_waited_is_closed_as_assumed_sent(database: Database) -> None:
    await open_for(database, "ada", "ben", "cyd", "dan")
    later = SLOT + timedelta(hours=6)
    async with database.write() as connection:
        given: dict[int, dict[str, object]] = {
            2: {"state": "sending"},
            3: {"state": "deferred", "due": later},
            4: {"state": "failed"},
        }
        for reader, values in given.items():
            mine = deliveries.c.subscriber_id == reader
            await connection.execute(update(deliveries).where(mine).values(values))
    settling = Settling(database)
    assert await settling.assume_sent(SLOT - LEASE, LATER) == {}
    closed = await settling.assume_sent(SLOT + LEASE, LATER)
    assert closed == {("morning", State.QUEUED): 1, ("morning", State.SENDING): 1}
    assert await states(database) == {
        "ada": ("accepted", "assumed sent"),
        "ben": ("accepted", "assumed sent"),
        "cyd": ("deferred", ""),
        "dan": ("failed", ""),
    }
    assert await chunk_states(database) == ["ready"]
    assert await settling.assume_sent(later, LATER) == {("morning", State.DEFERRED): 1}
    assert await chunk_states(database) == ["done"]
