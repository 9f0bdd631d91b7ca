"""What brings chunks to senders: the same promises whether one process looks, or many have jobs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, text, update

from feeds.kit.database import Database, Lock
from notifier.delivery.carriers.jobs import mend
from notifier.delivery.carriers.library import missing
from notifier.delivery.carriers.pgqueued import PgQueued
from notifier.delivery.carriers.queue import InProcess, WorkQueue
from notifier.delivery.delivery import Chunk, Mark, State
from notifier.delivery.enlisting import CHUNK
from notifier.delivery.outbox import Outbox
from notifier.tables import chunks, deliveries
from tests.notifier.clerk import Clerk
from tests.notifier.issues import open_for

LEASE = timedelta(seconds=3)
NONE = timedelta(0)
FAR = timedelta(days=1)


def real_now() -> datetime:
    """PgQueuer reads the clock of the database, so these tests read that of the machine."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Post:
    """A store with an issue, and the carriers of as many senders as are asked for."""

    database: Database
    ledger: Clerk
    carrier: Callable[[str], WorkQueue]

    async def open(self, readers: int) -> int:
        now = real_now()
        names = [f"reader{number}" for number in range(readers)]
        return await open_for(self.database, *names, now=now, instant=now, expires=now + FAR)

    async def mark_all(self, chunk: Chunk, mark: Mark) -> None:
        now = real_now()
        for job in await self.ledger.jobs(chunk, now):
            assert await self.ledger.start(chunk, job, now, LEASE) is State.SENDING
            await self.ledger.mark(job, mark, now)

    async def jobs(self) -> int | None:
        """Count what stands in the library's table; None where there is none."""
        if self.database.is_sqlite:
            return None
        async with self.database.read() as connection:
            found: int | None = await connection.scalar(
                text("SELECT count(*) FROM paperround_pgqueuer")
            )
        return found


@pytest.fixture
def post(database: Database) -> Post:
    ledger = Clerk(database)

    def carrier(owner: str) -> WorkQueue:
        if database.is_sqlite:
            return InProcess(ledger, owner, LEASE, resend=True)
        return PgQueued(database, ledger, owner, LEASE, resend=True)

    return Post(database, ledger, carrier)


def accepted() -> Mark:
    return Mark(state=State.ACCEPTED, due=real_now())


async def test_each_chunk_is_brought_to_one_sender(post: Post) -> None:
    await post.open(3 * CHUNK - 1)
    one, other = post.carrier("one"), post.carrier("other")
    first = await one.claim(2, real_now())
    second = await other.claim(5, real_now())
    assert [len(first), len(second)] == [2, 1]
    assert {chunk.number for chunk in [*first, *second]} == {0, 1, 2}
    assert await one.claim(5, real_now()) == []


async def test_what_has_nothing_left_is_not_brought_again(post: Post) -> None:
    await post.open(3)
    queue = post.carrier("one")
    [chunk] = await queue.claim(5, real_now())
    await post.mark_all(chunk, accepted())
    await queue.give_back([chunk], real_now(), NONE)
    assert await queue.claim(5, real_now() + timedelta(hours=1)) == []
    assert await post.jobs() in {0, None}


@pytest.mark.slow
async def test_what_waits_is_brought_when_it_is_due(post: Post) -> None:
    await post.open(3)
    queue = post.carrier("one")
    [chunk] = await queue.claim(5, real_now())
    due = real_now() + timedelta(seconds=1)
    await post.mark_all(chunk, Mark(state=State.DEFERRED, due=due))
    await queue.give_back([chunk], real_now(), NONE)
    assert await queue.claim(5, real_now()) == []
    await asyncio.sleep(1.3)
    [again] = await queue.claim(5, real_now())
    assert (again.number, again.fence) == (chunk.number, chunk.fence + 1)
    assert len(await post.ledger.jobs(again, real_now())) == 3


@pytest.mark.slow
async def test_what_is_given_back_early_is_brought_after_the_pause(post: Post) -> None:
    await post.open(3)
    queue = post.carrier("one")
    held = await queue.claim(5, real_now())
    await queue.give_back(held, real_now(), timedelta(seconds=1))
    assert await queue.claim(5, real_now()) == []
    await asyncio.sleep(1.3)
    assert len(await queue.claim(5, real_now())) == 1


@pytest.mark.slow
async def test_a_sender_that_gives_no_sign_of_life_is_replaced(post: Post) -> None:
    await post.open(3)
    frozen, other = post.carrier("frozen"), post.carrier("other")
    [lost] = await frozen.claim(5, real_now())
    await asyncio.sleep(LEASE.total_seconds() * 0.7)
    assert await frozen.keep([lost], real_now()) == 1
    await asyncio.sleep(LEASE.total_seconds() * 0.7)
    assert await other.claim(5, real_now()) == []
    await asyncio.sleep(LEASE.total_seconds())
    [taken] = await other.claim(5, real_now())
    assert taken.fence == lost.fence + 1
    assert await frozen.keep([lost], real_now()) == 0
    await frozen.give_back([lost], real_now(), NONE)
    assert await post.carrier("third").claim(5, real_now()) == []
    await post.mark_all(taken, accepted())
    await other.give_back([taken], real_now(), NONE)
    assert await post.jobs() in {0, None}


@pytest.mark.slow
async def test_what_somebody_claims_past_the_queue_is_left_to_them(post: Post) -> None:
    await post.open(3)
    hand = InProcess(post.ledger, "by hand", LEASE, resend=True)
    held = await hand.claim(5, real_now())
    queue = post.carrier("one")
    assert await queue.claim(5, real_now()) == []
    await hand.give_back(held, real_now(), NONE)
    await asyncio.sleep(LEASE.total_seconds() + 0.3)
    assert len(await queue.claim(5, real_now())) == 1


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
async def test_an_issue_that_is_opened_has_a_job_for_each_chunk(post: Post) -> None:
    await post.open(2 * CHUNK + 1)
    assert await post.jobs() == 3


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
async def test_jobs_are_mended_after_the_ledger(post: Post) -> None:
    number = await post.open(3)
    queue = post.carrier("one")
    [chunk] = await queue.claim(5, real_now())
    await post.mark_all(chunk, Mark(state=State.FAILED, due=real_now()))
    await queue.give_back([chunk], real_now(), NONE)
    async with post.database.write() as connection:
        mine = deliveries.c.issue_id == number
        await connection.execute(update(deliveries).where(mine).values(state="queued"))
        await connection.execute(update(chunks).values(state="ready", due=real_now()))
    assert await queue.claim(5, real_now()) == []
    async with post.database.write(Lock.CARRY) as connection:
        await mend(connection, real_now())
    [again] = await queue.claim(5, real_now())
    await queue.give_back([again], real_now(), timedelta(hours=1))
    async with post.database.write(Lock.CARRY) as connection:
        await connection.execute(update(chunks).values(due=real_now()))
        await mend(connection, real_now())
    await asyncio.sleep(0.05)
    assert len(await queue.claim(5, real_now())) == 1


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
async def test_jobs_of_an_issue_that_is_over_are_removed(post: Post) -> None:
    await post.open(CHUNK + 1)
    assert await post.jobs() == 2
    await Outbox(post.database).expire(real_now() + FAR)
    async with post.database.write(Lock.CARRY) as connection:
        await mend(connection, real_now())
    assert await post.jobs() == 0


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
async def test_many_senders_at_once_share_the_chunks(post: Post) -> None:
    await post.open(5 * CHUNK)
    queues = [post.carrier(f"sender{number}") for number in range(4)]
    found: list[Chunk] = []

    async def work(queue: WorkQueue) -> None:
        while claimed := await queue.claim(1, real_now()):
            found.extend(claimed)

    await asyncio.gather(*map(work, queues))
    assert sorted(chunk.number for chunk in found) == list(range(5))
    async with post.database.read() as connection:
        assert await connection.scalar(select(func.max(chunks.c.fence))) == 1


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
async def test_the_tables_are_those_that_the_library_wants(database: Database) -> None:
    async with database.driver() as connection:
        assert await missing(connection) == []
