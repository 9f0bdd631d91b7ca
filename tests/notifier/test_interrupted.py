"""Promises of delivery while it goes on: books, interruptions, who holds up whom, who leaves."""

from __future__ import annotations

import asyncio
import contextlib
import random
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from notifier.delivery.delivery import Answer, Letter, Phase, State, Verdict, unanswered
from notifier.delivery.stream import Work
from notifier.delivery.transaction import Permit
from notifier.mailing import deliver, open_due
from notifier.service import House
from notifier.settings import DkimProfile, Settings
from tests.notifier.builders import a_house, a_reader, some_settings
from tests.notifier.issues import LEASE
from tests.notifier.test_mailing import SLOT, START, begin, write

ACCEPTED = Answer(verdict=Verdict.ACCEPTED, phase=Phase.ANSWER, code=250)
Hook = Callable[[Letter], Awaitable[None]]


async def at_once(_: Letter) -> None:
    """Let the letter go."""


@dataclass
class Relay:
    """A way out that notes what it takes; `before` the permit and `after` it something happens."""

    before: Hook = at_once
    after: Hook = at_once
    taken: list[str] = field(default_factory=list)
    profile: DkimProfile | None = None

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Relay]:
        yield self

    async def ready(self, stop: asyncio.Event | None = None) -> Answer | None:
        return None

    async def send(self, letter: Letter, permit: Permit | None = None) -> Answer:
        await self.before(letter)
        if permit is not None and not await permit():
            return unanswered(Phase.DATA, "withheld")
        self.taken.append(letter.recipient)
        await self.after(letter)
        return ACCEPTED

    async def stream(self, work: Work) -> None:
        """Begin nothing: letters are sent one by one."""

    async def check(self) -> Answer | None:
        return None


def readers(count: int) -> list[str]:
    return [f"reader{number:03}@readers.example" for number in range(count)]


@pytest.fixture
def settings(sqlite_tables: Path, tmp_path: Path) -> Settings:
    (tmp_path / "store.db").write_bytes(sqlite_tables.read_bytes())
    return some_settings(
        f"sqlite:///{tmp_path / 'store.db'}",
        tmp_path,
        subscribers=tuple(map(a_reader, readers(130))),
    )


@asynccontextmanager
async def an_open_issue(settings: Settings) -> AsyncIterator[House]:
    async with a_house(settings, START) as house:
        await begin(house)
        await write(house, "a", now=START)
        await open_due(house.desk(), SLOT)
        yield house


async def send(
    house: House, relay: Relay, connections: int = 1, clock: Callable[[], datetime] = lambda: SLOT
) -> Counter[State]:
    sender = replace(house.sender(), transport=relay, connections=connections)
    return Counter((await deliver(sender, clock, asyncio.Event())).counts)


def books(settings: Settings) -> Counter[str]:
    """What is on the disk, as another process sees it."""
    path = settings.store.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path)) as db:
        return Counter(dict(db.execute("SELECT state, count(*) FROM deliveries GROUP BY state")))


def in_doubt(settings: Settings) -> set[str]:
    with closing(sqlite3.connect(settings.store.removeprefix("sqlite:///"))) as db:
        query = "SELECT address FROM deliveries JOIN subscribers ON subscribers.id = subscriber_id"
        return {row[0] for row in db.execute(f"{query} WHERE state = 'in_doubt'")}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
async def test_the_books_balance_whatever_is_interrupted_and_nobody_is_lost(
    settings: Settings, seed: int
) -> None:
    draw, connections, interruptions = random.Random(seed), 4, 0
    left, enough = 0, asyncio.Event()

    async def slowly(_: Letter) -> None:
        nonlocal left
        await asyncio.sleep(draw.random() / 200)
        assert books(settings).total() == 130
        left -= 1
        if left < 0:
            enough.set()

    relay = Relay(before=slowly, after=slowly)
    async with an_open_issue(settings):
        pass
    while True:
        async with a_house(settings, START) as house:  # as a new process has it
            await house.ledger.abandon(SLOT)
            left = draw.randrange(100 + 12 * interruptions)  # of the 260 there are at first
            enough.clear()
            sending = asyncio.create_task(send(house, relay, connections))
            interrupting = asyncio.create_task(enough.wait())
            await asyncio.wait([sending, interrupting], return_when=asyncio.FIRST_COMPLETED)
            interrupting.cancel()
            if sending.done():
                await sending
                break
            interruptions += 1
            sending.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await sending
        assert books(settings).total() == 130
    found = books(settings)
    assert found["accepted"] + found["in_doubt"] == 130
    times = Counter(relay.taken)
    assert set(readers(130)) - set(times) <= in_doubt(settings)  # nobody else is without
    assert max(times.values()) <= 2
    assert len(relay.taken) - 130 <= connections * interruptions
    assert interruptions


async def test_who_lost_the_chunk_sends_nothing_more(settings: Settings) -> None:
    now = SLOT
    async with an_open_issue(settings) as house, a_house(settings, START) as other:

        async def lose(_: Letter) -> None:
            nonlocal now
            if now == SLOT:
                now = SLOT + LEASE + timedelta(minutes=1)
                chunks = await other.ledger.claim_some("other", now, LEASE, 9, resend=False)
                assert len(chunks) == 2

        relay = Relay(after=lose)
        await send(house, relay, clock=lambda: now)
    assert len(relay.taken) == 1
    assert books(settings) == {"queued": 129, "in_doubt": 1}


async def test_who_leaves_while_others_are_written_to_gets_nothing(settings: Settings) -> None:
    async with an_open_issue(settings) as house:

        async def leave(letter: Letter) -> None:
            if letter.recipient == readers(1)[0]:
                for number in range(2, 20, 2):
                    await house.roster.leave(number, SLOT)

        relay = Relay(after=leave)
        counts = await send(house, relay)
    assert counts == {State.ACCEPTED: 121, State.SKIPPED: 9}
    assert not {readers(130)[number - 1] for number in range(2, 20, 2)} & set(relay.taken)


async def test_a_tarpit_holds_up_only_itself(settings: Settings) -> None:
    async with an_open_issue(settings) as house:
        released = asyncio.Event()

        async def stick(letter: Letter) -> None:
            if letter.recipient == readers(1)[0]:
                await released.wait()
            elif len(relay.taken) == 129:
                released.set()

        relay = Relay(before=stick, after=stick)
        async with asyncio.timeout(20):
            counts = await send(house, relay, connections=2)
    assert counts == {State.ACCEPTED: 130}


async def test_all_connections_share_the_commits(settings: Settings) -> None:
    """The file is another after each commit (https://sqlite.org/pragma.html#pragma_data_version)."""
    path, commits, before = settings.store.removeprefix("sqlite:///"), 0, 0
    async with an_open_issue(settings) as house:
        with closing(sqlite3.connect(path)) as db:

            async def look(_: Letter) -> None:
                nonlocal before, commits
                version = db.execute("PRAGMA data_version").fetchone()[0]
                commits, before = commits + (version != before), version

            await send(house, Relay(before=look, after=look), connections=20)
    assert 5 < commits < 60


@pytest.mark.parametrize("count", [30, 230])  # one chunk, and several at once
async def test_what_is_sent_is_found_by_indexes_alone(settings: Settings, count: int) -> None:
    """Of a million deliveries none is read that is not of the chunks that are claimed."""
    settings = replace(settings, subscribers=tuple(map(a_reader, readers(count))))
    said: set[tuple[str, tuple[Any, ...]]] = set()
    async with an_open_issue(settings) as house:
        database = house.database

        def hear(
            _: object, __: object, statement: str, values: object, ___: object, ____: object
        ) -> None:
            if isinstance(values, tuple):
                said.add((statement, values))

        threads = database._threads
        assert threads is not None, "a store of SQLite"
        several = (database._writer.sync_engine, database._readers.sync_engine)
        for engine in (*several, threads._writer, threads._readers):
            event.listen(engine, "before_cursor_execute", hear)
        await send(house, Relay())
    path = settings.store.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path)) as db:
        plans = {
            f"{row[3]}  <-  {statement}"
            for statement, values in said
            if statement.lstrip().startswith(("SELECT", "UPDATE", "WITH"))
            for row in db.execute(f"EXPLAIN QUERY PLAN {statement}", values)
        }
    bad = ("SCAN deliveries", "SEARCH deliveries USING PRIMARY KEY (issue_id=?)", "SCAN chunks")
    assert len(said) > 10
    assert not [plan for plan in plans if plan.startswith(bad)]
    assert not [plan for plan in plans if "INDEX deliveries_by_chunk (issue_id=?)" in plan]
