"""Every way from one state of a delivery to another, on both databases."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import psycopg
import pytest
from sqlalchemy import update

from feeds.kit.database import Database
from notifier.delivery import enlisting, opening
from notifier.delivery.delivery import RESENT, Mark, Phase, State, unanswered
from notifier.delivery.outbox import Outbox
from notifier.returns.suppressions import Suppressions
from notifier.roster import Roster
from notifier.tables import subscriptions
from tests.notifier.clerk import Clerk
from tests.notifier.issues import (
    EXPIRES,
    LEASE,
    MINUTE,
    SLOT,
    begun,
    chunk_states,
    claimed,
    cursors,
    declare,
    issue_states,
    open_for,
    states,
)


@pytest.fixture
def ledger(database: Database) -> Clerk:
    return Clerk(database)


async def test_a_chunk_belongs_to_one_sender_at_a_time(database: Database, ledger: Clerk) -> None:
    await open_for(database, "ada")
    first = await claimed(database)
    assert await ledger.claim("other", SLOT + LEASE, LEASE, resend=True) is None
    second = await claimed(database, SLOT + LEASE + MINUTE)
    assert (second.issue_id, second.number, second.fence) == (first.issue_id, 0, first.fence + 1)
    assert not await ledger.renew(first, SLOT + 9 * MINUTE)
    assert await ledger.renew(second, SLOT + 9 * MINUTE)


async def test_queued_becomes_sending_and_is_no_job_any_more(
    database: Database, ledger: Clerk
) -> None:
    await open_for(database, "ada", "ben")
    chunk = await claimed(database)
    job, other = await ledger.jobs(chunk, SLOT)
    assert await ledger.start(chunk, job, SLOT, LEASE) is State.SENDING
    assert await states(database) == {"ada": ("sending", ""), "ben": ("queued", "")}
    assert await ledger.jobs(chunk, SLOT) == [other]


async def test_what_is_being_sent_is_not_started_again(database: Database, ledger: Clerk) -> None:
    await open_for(database, "ada")
    chunk, job = await begun(database)
    assert await ledger.start(chunk, job, SLOT, LEASE) is None


@pytest.mark.parametrize(
    "state",
    [State.ACCEPTED, State.FAILED, State.DEFERRED, State.QUEUED, State.IN_DOUBT],
)
async def test_sending_becomes_whatever_the_answer_means(
    database: Database, ledger: Clerk, state: State
) -> None:
    await open_for(database, "ada")
    chunk, job = await begun(database)
    await ledger.mark(job, Mark(state=state, due=SLOT, reason="why"), SLOT)
    assert await states(database) == {"ada": (str(state), "why")}
    pending = state in {State.DEFERRED, State.QUEUED}
    assert len(await ledger.jobs(chunk, SLOT)) == pending


async def test_only_what_is_being_sent_can_be_marked(database: Database, ledger: Clerk) -> None:
    await open_for(database, "ada")
    _, job = await begun(database)
    await ledger.mark(job, Mark(state=State.ACCEPTED, due=SLOT), SLOT)
    await ledger.mark(job, Mark(state=State.FAILED, due=SLOT), SLOT)
    assert await states(database) == {"ada": ("accepted", "")}


async def test_a_deferred_delivery_waits_until_it_is_due(database: Database, ledger: Clerk) -> None:
    await open_for(database, "ada", "ben")
    chunk, job = await begun(database)
    later = SLOT + 5 * MINUTE
    await ledger.mark(job, Mark(state=State.DEFERRED, due=later), SLOT)
    other = (await ledger.jobs(chunk, SLOT))[0]
    await ledger.start(chunk, other, SLOT, LEASE)
    await ledger.mark(other, Mark(state=State.ACCEPTED, due=SLOT), SLOT)
    await ledger.release(chunk, SLOT)
    assert await ledger.next_due() == later
    assert await ledger.claim("tester", later - MINUTE, LEASE, resend=True) is None
    again = await claimed(database, later)
    [job] = await ledger.jobs(again, later)
    assert (job.address, job.attempts) == ("ada@readers.example", 1)
    assert await ledger.start(again, job, later, LEASE) is State.SENDING


async def test_a_chunk_without_anything_to_send_is_done(database: Database, ledger: Clerk) -> None:
    await open_for(database, "ada")
    chunk, job = await begun(database)
    await ledger.mark(job, Mark(state=State.ACCEPTED, due=SLOT), SLOT)
    await ledger.release(chunk, SLOT)
    assert await chunk_states(database) == ["done"]
    await Outbox(database).finish()
    assert set((await issue_states(database)).values()) == {"done"}


async def test_a_chunk_given_back_in_a_pause_waits_for_its_end(
    database: Database, ledger: Clerk
) -> None:
    await open_for(database, "ada")
    chunk, job = await begun(database)
    await ledger.mark(job, Mark(state=State.QUEUED, due=SLOT), SLOT)
    await ledger.release(chunk, SLOT + 5 * MINUTE)
    assert await ledger.claim("tester", SLOT + 4 * MINUTE, LEASE, resend=True) is None
    assert await ledger.jobs(await claimed(database, SLOT + 5 * MINUTE), SLOT + 5 * MINUTE)


async def test_who_lost_the_chunk_cannot_give_it_back(database: Database, ledger: Clerk) -> None:
    await open_for(database, "ada")
    lost = await claimed(database)
    await claimed(database, SLOT + 2 * MINUTE)
    await ledger.release(lost, SLOT + 2 * MINUTE)
    assert await chunk_states(database) == ["leased"]


async def test_sending_without_an_answer_is_sent_once_more_then_in_doubt(
    database: Database, ledger: Clerk
) -> None:
    await open_for(database, "ada")
    now = SLOT
    await begun(database, now)
    now += 2 * MINUTE
    chunk = await claimed(database, now)
    assert await states(database) == {"ada": ("queued", RESENT)}
    [job] = await ledger.jobs(chunk, now)
    assert await ledger.start(chunk, job, now, LEASE) is State.SENDING
    now += 2 * MINUTE
    await claimed(database, now)
    assert await states(database) == {"ada": ("in_doubt", "no answer recorded")}


async def test_with_hold_what_has_no_answer_is_in_doubt_at_once(database: Database) -> None:
    await open_for(database, "ada", "ben")
    await begun(database)
    await claimed(database, SLOT + 2 * MINUTE, resend=False)
    assert await states(database) == {
        "ada": ("in_doubt", "no answer recorded"),
        "ben": ("queued", ""),
    }


async def test_a_service_that_knows_it_is_alone_frees_what_a_crash_left(
    database: Database, ledger: Clerk
) -> None:
    await open_for(database, "ada")
    await begun(database)
    await ledger.abandon(SLOT)
    await claimed(database, SLOT)
    assert await states(database) == {"ada": ("queued", RESENT)}


async def test_an_answer_that_comes_after_the_claim_was_lost_marks_no_later_attempt(
    database: Database, ledger: Clerk
) -> None:
    """A frozen sender wakes while the one that took over is in the middle of the same letter."""
    await open_for(database, "ada")
    _, frozen = await begun(database)
    now = SLOT + 2 * MINUTE
    _, job = await begun(database, now)
    await ledger.mark(frozen, Mark(state=State.DEFERRED, due=now), now)
    assert await states(database) == {"ada": ("sending", RESENT)}
    await ledger.mark(job, Mark(state=State.ACCEPTED, due=now, reason=RESENT), now)
    assert await states(database) == {"ada": ("accepted", RESENT)}


async def test_who_lost_the_chunk_starts_nothing_and_says_so(
    database: Database, ledger: Clerk
) -> None:
    await open_for(database, "ada")
    lost = await claimed(database)
    [job] = await ledger.jobs(lost, SLOT)
    await claimed(database, SLOT + 2 * MINUTE)
    assert await ledger.start(lost, job, SLOT + 2 * MINUTE, LEASE) is None
    assert await states(database) == {"ada": ("queued", "")}


async def pause(database: Database, until: datetime) -> None:
    async with database.write() as connection:
        await connection.execute(update(subscriptions).values(paused_until=until))


@pytest.mark.parametrize("how", ["left", "suppressed", "paused", "undeclared"])
async def test_who_is_gone_is_passed_over_just_before_sending(
    database: Database, ledger: Clerk, how: str
) -> None:
    await open_for(database, "ada")
    chunk = await claimed(database)
    [job] = await ledger.jobs(chunk, SLOT)
    roster = Roster(database)
    if how == "left":
        await roster.leave(job.subscription_id, SLOT)
    elif how == "suppressed":
        await Suppressions(database).suppress(job.address, "asked", "", SLOT)
    elif how == "paused":
        await pause(database, SLOT + MINUTE)
    else:
        await declare(database, now=SLOT)
    assert await ledger.start(chunk, job, SLOT, LEASE) is State.SKIPPED
    reason = "left" if how == "undeclared" else how
    assert await states(database) == {"ada": ("skipped", reason)}
    assert await cursors(database) == {"ada": 0}


async def test_of_those_that_begin_together_only_who_is_gone_is_held_back(
    database: Database, ledger: Clerk
) -> None:
    await open_for(database, "ada", "bob", "cyd")
    chunk = await claimed(database)
    jobs = {job.name: job for job in await ledger.jobs(chunk, SLOT)}
    await Suppressions(database).suppress(jobs["bob"].address, "asked", "", SLOT)
    begun = await asyncio.gather(*(ledger.ask(chunk, job, SLOT) for job in jobs.values()))
    assert dict(zip(jobs, begun, strict=True)) == {"ada": True, "bob": False, "cyd": True}
    found = {name: state for name, (state, _) in (await states(database)).items()}
    assert found == {"ada": "sending", "bob": "queued", "cyd": "sending"}


@pytest.mark.both
async def test_nothing_is_marked_sending_after_a_leave_has_committed(
    database: Database, ledger: Clerk, store_url: str
) -> None:
    """The mark waits on a row while the reader leaves: then it must see that, or come first."""
    await open_for(database, "ada")
    chunk = await claimed(database)
    [job] = await ledger.jobs(chunk, SLOT)
    if database.is_sqlite:
        pytest.skip("SQLite has one writer at a time")
    async with await psycopg.AsyncConnection.connect(store_url) as holder:
        await holder.execute("SELECT 1 FROM deliveries FOR UPDATE")
        starting = asyncio.create_task(ledger.start(chunk, job, SLOT, LEASE))
        await asyncio.sleep(0.2)
        leaving = asyncio.create_task(Roster(database).leave(job.subscription_id, SLOT))
        await asyncio.sleep(0.2)
        left_first = leaving.done()
        await holder.commit()
        started = await starting
    await leaving
    assert not (left_first and started is State.SENDING)


class TestExpiry:
    async def expire(self, database: Database, now: datetime = EXPIRES) -> int:
        return (await Outbox(database).expire(now)).total()

    async def test_nothing_expires_before_its_time(self, database: Database) -> None:
        await open_for(database, "ada")
        assert await self.expire(database, EXPIRES - MINUTE) == 0
        assert await states(database) == {"ada": ("queued", "")}

    async def test_what_waits_expires_and_its_window_goes_back(
        self, database: Database, ledger: Clerk
    ) -> None:
        await open_for(database, "ada", "ben")
        chunk, job = await begun(database)
        await ledger.mark(job, Mark(state=State.DEFERRED, due=EXPIRES), SLOT)
        await ledger.release(chunk, SLOT)
        assert await cursors(database) == {"ada": 10, "ben": 10}
        assert await self.expire(database) == 2
        assert await states(database) == {
            "ada": ("expired", "not sent in time"),
            "ben": ("expired", "not sent in time"),
        }
        assert await cursors(database) == {"ada": 0, "ben": 0}
        assert set((await issue_states(database)).values()) == {"done"}
        assert await chunk_states(database) == ["done"]

    async def test_expiring_twice_is_expiring_once(self, database: Database) -> None:
        await open_for(database, "ada")
        await self.expire(database)
        assert await self.expire(database, EXPIRES + MINUTE) == 0
        assert await cursors(database) == {"ada": 0}

    async def test_what_was_taken_stays_taken(self, database: Database, ledger: Clerk) -> None:
        await open_for(database, "ada", "ben")
        _, job = await begun(database)
        await ledger.mark(job, Mark(state=State.ACCEPTED, due=SLOT), SLOT)
        assert await self.expire(database) == 1
        assert (await states(database))["ada"] == ("accepted", "")
        assert await cursors(database) == {"ada": 10, "ben": 0}

    async def test_what_is_in_flight_at_the_expiry_gets_its_answer(
        self, database: Database, ledger: Clerk
    ) -> None:
        await open_for(database, "ada")
        chunk, job = await begun(database, EXPIRES - MINUTE)
        assert await self.expire(database) == 0
        assert await states(database) == {"ada": ("sending", "")}
        await ledger.mark(job, Mark(state=State.ACCEPTED, due=EXPIRES), EXPIRES)
        await ledger.release(chunk, EXPIRES)
        await Outbox(database).finish()
        assert set((await issue_states(database)).values()) == {"done"}

    async def test_what_is_deferred_after_the_expiry_expires_then(
        self, database: Database, ledger: Clerk
    ) -> None:
        await open_for(database, "ada")
        chunk, job = await begun(database, EXPIRES - MINUTE)
        await self.expire(database)
        await ledger.mark(job, Mark(state=State.DEFERRED, due=EXPIRES), EXPIRES)
        await ledger.release(chunk, EXPIRES)
        assert await self.expire(database, EXPIRES + MINUTE) == 1
        assert await cursors(database) == {"ada": 0}

    async def test_what_a_dead_sender_left_does_not_stay_sending_for_ever(
        self, database: Database
    ) -> None:
        await open_for(database, "ada")
        await begun(database, EXPIRES - MINUTE)
        await self.expire(database, EXPIRES + 2 * MINUTE)
        assert await states(database) == {"ada": ("in_doubt", "no answer recorded")}
        assert await cursors(database) == {"ada": 10}
        assert set((await issue_states(database)).values()) == {"done"}

    async def test_an_expired_issue_is_not_claimed(self, database: Database, ledger: Clerk) -> None:
        await open_for(database, "ada")
        assert await ledger.claim("tester", EXPIRES, LEASE, resend=True) is None

    async def test_what_has_expired_is_not_started(self, database: Database, ledger: Clerk) -> None:
        await open_for(database, "ada")
        chunk = await claimed(database, EXPIRES - MINUTE)
        [job] = await ledger.jobs(chunk, EXPIRES - MINUTE)
        await self.expire(database)
        assert await ledger.start(chunk, job, EXPIRES, LEASE) is None
        await ledger.release(chunk, EXPIRES)
        assert await chunk_states(database) == ["done"]


async def test_a_big_issue_is_claimed_chunk_by_chunk(
    database: Database, ledger: Clerk, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (enlisting, opening):
        monkeypatch.setattr(module, "CHUNK", 10)
    await open_for(database, *(f"reader{number}" for number in range(13)))
    sizes = []
    while (chunk := await ledger.claim("tester", SLOT, LEASE, resend=True)) is not None:
        sizes.append(len(await ledger.jobs(chunk, SLOT)))
    assert sorted(sizes) == [3, 10]  # both are due at once


async def test_a_big_issue_is_spread_evenly_over_a_time(
    database: Database, ledger: Clerk, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (enlisting, opening):
        monkeypatch.setattr(module, "CHUNK", 2)
    names = [f"reader{number}" for number in range(32)]
    await open_for(database, *names, spread=timedelta(hours=2))
    assert SLOT < (await ledger.due_by(SLOT))["morning"] < SLOT + timedelta(hours=2)
    got = []
    for minute in range(0, 121, 15):
        now = SLOT + minute * MINUTE
        claimed = await ledger.claim_some("tester", now, LEASE, 99, resend=True)
        got.append(len(claimed))
        await ledger.release_all(claimed, EXPIRES)
    assert sum(got) == 16
    assert got[0] >= 1
    assert max(got) <= 3
    assert min(got) >= 1


async def test_what_is_spread_has_time_left_to_be_tried_again(
    database: Database, ledger: Clerk, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (enlisting, opening):
        monkeypatch.setattr(module, "CHUNK", 1)
    await open_for(database, *(f"r{n}" for n in range(20)), spread=timedelta(days=7))
    until = (await ledger.due_by(SLOT))["morning"]
    assert SLOT < until <= SLOT + (EXPIRES - SLOT) / 2


async def test_two_who_claim_at_once_get_two_chunks(
    store_url: str, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (enlisting, opening):
        monkeypatch.setattr(module, "CHUNK", 10)
    await open_for(database, *(f"reader{number}" for number in range(11)))
    other = Database(store_url)
    one, two = await asyncio.gather(
        *(Clerk(db).claim("tester", SLOT, LEASE, resend=True) for db in (database, other))
    )
    await other.close()
    assert one is not None
    assert two is not None
    assert {one.number, two.number} == {0, 1}


async def test_the_books_count_by_digest_and_state(database: Database, ledger: Clerk) -> None:
    await open_for(database, "ada", "ben", "cid")
    _, job = await begun(database)
    answer = replace(unanswered(Phase.DATA, "busy"), code=451)
    due = SLOT + timedelta(minutes=1)
    await ledger.mark(job, Mark(state=State.DEFERRED, due=due, answer=answer), SLOT)
    assert await ledger.books() == {("morning", "deferred"): 1, ("morning", "queued"): 2}
