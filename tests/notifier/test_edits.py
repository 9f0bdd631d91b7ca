"""Two hundred edits under steady sending, half of them broken: no slot and no letter is lost.

The clock is moved on by the test, a minute at a time and not before the issues of the last minute
are sent; so what is due does not depend on how fast the machine is. Edits come all the while.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import policy
from email.parser import BytesParser
from http.client import HTTPConnection
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import Row, func, select

from feeds.kit.database import Database
from feeds.store import ArticleStore
from notifier.configuration import load
from notifier.delivery.books import Books
from notifier.reloads import Outcome, Reloads, Standing
from notifier.schedule.language import parse_schedule
from notifier.schedule.slots import slots
from notifier.service.edits import Source
from notifier.service.running import run
from notifier.tables import deliveries, issues, subscribers, subscriptions
from tests.feeds.library.builders import markdown, write
from tests.notifier.editing import COMING, MOVED, OTHERS, STEADY, TOKEN, Desk
from tests.notifier.model.books import broken_laws
from tests.notifier.model.tiles import ENDED, stands_of
from tests.smtp_server import SmtpServer, Stall, Step

pytestmark = pytest.mark.slow

EDITS = 200
PATIENCE = 60  # seconds
PAUSE = 0.5  # seconds between two issues, in which edits are read
TRIGGERS = ("change", "signal", "command", "web", "web")
START = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
INSTANT = timedelta(milliseconds=1)

SITE = """\
version: 1
site: {name: Courier, url: "https://news.example.org", timezone: UTC}
store: sqlite:///../store.db
web: {listen: "127.0.0.1:0", token: "${file:token.txt}"}
watch: 1s
sources: [{folder: ../articles}]
digests: {steady: {title: Steady, schedule: every minute, late: 30m}}
subscribers_file: readers.csv
"""


@dataclass
class Newsroom:
    """The service, what it is watched by, and the clock that it goes by."""

    folder: Path
    server: SmtpServer
    desk: Desk
    now: datetime = START
    address: str = ""
    titles: list[str] = field(default_factory=list)
    # Schedules of `other`: at what time each was asked for, at what it was in force, its words.
    schedules: list[tuple[datetime, datetime, str]] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    rows: dict[int, int] = field(default_factory=dict)  # of each issue, as it was opened
    unlike: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.database = Database(f"sqlite:///{self.folder / 'store.db'}")
        self.reloads = Reloads(self.database)
        self.config = self.folder / "config"

    def clock(self) -> datetime:
        return self.now

    async def standing(self) -> Standing:
        [found] = await self.reloads.standings()
        return found

    async def publish(self, stop: asyncio.Event) -> None:
        """Let an article appear each minute, and wait until it has been sent to everybody."""
        store = ArticleStore(self.database)
        while not stop.is_set():
            number = len(self.titles) + 1
            self.titles.append(f"Number {number}.")
            write(self.folder / "articles", f"{number}.md", markdown(self.titles[-1], "Text."))

            async def arrived(number: int = number) -> bool:
                return await store.arrival_at(self.now) >= number

            await until(arrived, f"article {number}")
            await self._let_pass(START + MINUTE * number)
            await asyncio.sleep(PAUSE)
        while await self._under_way():
            await self._let_pass(self.now + MINUTE)

    async def _let_pass(self, now: datetime) -> None:
        """Let it be `now`, and all be sent that is due by then."""
        self.now = now
        try:
            await until(self._is_sent, f"the slot {self.now:%H:%M}")
        except AssertionError as error:
            raise AssertionError(f"{error}: {await self._under_way()}") from None
        await self.balance()

    async def _is_sent(self) -> bool:
        """Tell whether the issues of this minute are there, and what is left has another try."""
        mine = (issues.c.digest == "steady") & (issues.c.instant == self._minute())
        async with self.database.read() as connection:
            there = await connection.scalar(select(func.count()).where(mine))
        if not there or not self.due_to_others() <= await self.had_by_others():
            return False
        return all(
            issue == "open" and state == "deferred" and due > self.now
            for _, _, issue, state, due, _ in await self._under_way()
        )

    def due_to_others(self) -> set[datetime]:
        """Return the slots of `other`, but those while one schedule took the place of another."""
        due: set[datetime] = set()
        spells = [*self.schedules, (self.now, self.now, "")]
        for (_, begin, words), (end, _, _) in pairwise(spells):
            due |= {slot.instant for slot in slots(parse_schedule(words), "UTC", begin, end)}
        return due

    async def had_by_others(self) -> set[datetime]:
        """Return the slots of `other` that have an issue."""
        others = select(issues.c.instant).where(issues.c.digest == "other")
        async with self.database.read() as connection:
            return set((await connection.execute(others)).scalars())

    async def _under_way(self) -> Sequence[Row[str, str, str, str, datetime, str]]:
        """Return what is not over: digest, slot, state of issue and of delivery, due, words."""
        waiting = deliveries.c.state.in_(["queued", "sending", "deferred", "in_doubt"])
        mine = (deliveries.c.issue_id == issues.c.id) & waiting
        query = select(
            issues.c.digest,
            issues.c.slot,
            issues.c.state,
            func.coalesce(deliveries.c.state, ""),
            deliveries.c.due,
            deliveries.c.words,
        ).select_from(issues.outerjoin(deliveries, mine))
        async with self.database.read() as connection:
            found = await connection.execute(query.where(issues.c.state.in_(["opening", "open"])))
            return found.all()

    def _minute(self) -> datetime:
        return self.now.replace(second=0, microsecond=0)

    async def balance(self) -> None:
        """Hold that each delivery of each issue is in one state, and that none comes or goes."""
        opened = select(issues.c.id).where(issues.c.state.in_(["open", "done"])).scalar_subquery()
        query = (
            select(deliveries.c.issue_id, func.count())
            .where(deliveries.c.issue_id.in_(opened))
            .group_by(deliveries.c.issue_id)
        )
        async with self.database.read() as connection:
            rows: dict[int, int] = dict((await connection.execute(query)).all())
        told: Counter[int] = Counter()
        for count in await Books(self.database).by_issue([], 1000):
            told[count.issue] += count.number
        for issue, number in rows.items():
            if not self.rows.setdefault(issue, number) == number == told[issue]:
                self.unlike.append(f"issue {issue}: {self.rows[issue]}, {number}, {told[issue]}")

    async def take(self, edit: Callable[[], str], trigger: str) -> None:
        """Make an edit and wait until the service has answered it."""
        before = (await self.standing()).since
        told = await asyncio.to_thread(edit)
        self.now += INSTANT
        ended = self.now
        await self._ask(trigger)

        async def answered() -> bool:
            return (await self.standing()).attempt.at >= ended

        await until(answered, f"an answer to {told}, asked by {trigger}")
        found = await self.standing()
        if self.desk.is_broken():
            assert found.attempt.outcome is Outcome.REFUSED, told
            assert found.since == before, told
        else:
            assert found.attempt.is_fine, (told, found.attempt.problems)
            assert found.since > before, told
            if self.schedules[-1][1] != self.desk.wanted.schedule:
                self.schedules.append((ended, self.now, self.desk.wanted.schedule))
        self.answers["refused" if self.desk.is_broken() else "applied"] += 1
        await self.balance()
        await asyncio.to_thread(self._look_at_feeds, told)

    async def _ask(self, trigger: str) -> None:
        """Let the service look at once, or wait until it sees for itself."""
        if trigger == "signal":
            os.kill(os.getpid(), signal.SIGHUP)
        elif trigger == "command":
            await self.reloads.wish(self.now, yes=False)
        elif trigger == "web":
            await asyncio.to_thread(self._status, "POST", "/-/reload")

    def _look_at_feeds(self, told: str) -> None:
        """Hold that those of the last good edit are there, and lead on from their old names."""
        for name, was in self.desk.wanted.feeds.items():
            assert self._status("GET", f"/feeds/{name}.json") == 200, (told, name)
            assert self._status("GET", f"/feeds/{was}.json") == 301, (told, was)

    def _status(self, method: str, path: str) -> int:
        where = HTTPConnection(self.address, timeout=PATIENCE)
        try:
            where.request(method, path, headers={"authorization": f"Bearer {TOKEN}"})
            return where.getresponse().status
        finally:
            where.close()


async def until(holds: Callable[[], Awaitable[bool]], what: str) -> None:
    try:
        async with asyncio.timeout(PATIENCE):
            while not await holds():  # noqa: ASYNC110 - a store is no event
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"waited {PATIENCE} seconds for {what}") from None


async def test_no_slot_and_no_letter_is_lost_through_two_hundred_edits(tmp_path: Path) -> None:
    chance = random.Random(20261123)
    (tmp_path / "articles").mkdir()
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "paperround.yaml").write_text(SITE, encoding="utf-8")
    async with SmtpServer(script={Step.TAKEN: Stall(0.03)}) as server:
        room = Newsroom(tmp_path, server, Desk(tmp_path / "config", server.port, chance))
        loaded = load(room.config, {})
        up = asyncio.get_running_loop().create_future()
        service = asyncio.create_task(
            run(
                loaded.settings_or_raise(),
                up.set_result,
                clock=room.clock,
                source=Source(room.config, {}, loaded),
                tick=timedelta(seconds=0.25),
            )
        )
        room.address = (await asyncio.wait_for(up, PATIENCE)).removeprefix("http://").strip("/")
        room.schedules.append((room.now, room.now, room.desk.wanted.schedule))
        stop = asyncio.Event()
        publishing = asyncio.create_task(room.publish(stop))
        try:
            for edit in room.desk.plan(EDITS):
                if not publishing.done():
                    await room.take(edit, chance.choice(TRIGGERS))
            stop.set()
            await publishing
        finally:
            publishing.cancel()
            os.kill(os.getpid(), signal.SIGTERM)
            await service
    try:
        assert room.answers == {"applied": EDITS // 2, "refused": EDITS // 2}
        assert room.unlike == []
        await hold_the_ledger(room)
        await hold_the_slots(room)
    finally:
        await room.database.close()
    hold_the_letters(room)


async def hold_the_ledger(room: Newsroom) -> None:
    """Its own laws hold, all deliveries are over, and the windows of each reader tile."""
    settings = load(room.config, {}).draft
    assert await broken_laws(room.database, settings.digests, len(room.titles)) == []
    comers = await _numbers_of(room, COMING)
    for stand in await stands_of(room.database):
        had = [one for one in stand.windows if one.state not in ENDED]
        assert {one.state for one in had} <= {"accepted"}
        for before, after in pairwise(had):
            assert before.upto <= after.after, (before, after)
            assert stand.id in comers or before.upto == after.after, (before, after)


async def _numbers_of(room: Newsroom, readers: Sequence[str]) -> set[int]:
    """Return the numbers of the subscriptions of these readers."""
    mine = (
        select(subscriptions.c.id)
        .join(subscribers, subscribers.c.id == subscriptions.c.subscriber_id)
        .where(subscribers.c.address_key.in_(readers))
    )
    async with room.database.read() as connection:
        return set((await connection.execute(mine)).scalars())


async def hold_the_slots(room: Newsroom) -> None:
    """Each slot that was due has its issue, and each reader whom nobody edited has each once."""
    due = [START + MINUTE * number for number in range(1, (room.now - START) // MINUTE + 1)]
    mine = select(issues.c.instant).where(issues.c.digest == "steady").distinct()
    others = select(issues.c.instant).where(issues.c.digest == "other")
    async with room.database.read() as connection:
        assert sorted((await connection.execute(mine)).scalars()) == due
        had = sorted((await connection.execute(others)).scalars())
    assert len(set(had)) == len(had)
    assert room.due_to_others() <= set(had)


def hold_the_letters(room: Newsroom) -> None:
    """Every reader has every title once; whoever comes and goes, none twice."""
    parser, had = BytesParser(policy=policy.default), dict[str, Counter[str]]()
    letters: Counter[str] = Counter()
    for one in room.server.messages:
        part = parser.parsebytes(one.content).get_body(("plain",))
        assert part is not None
        lines = part.get_content().splitlines()
        titles = [each for each in room.titles if each in lines]
        assert titles
        letters[one.recipient] += 1
        had.setdefault(one.recipient, Counter()).update(titles)
    every = Counter(room.titles)
    for reader in (*STEADY, *MOVED):
        assert had[reader] == every, reader
    for reader in STEADY:
        assert letters[reader] == len(room.titles), reader
    for reader in (*OTHERS, *had.keys() & {*COMING}):
        assert set(had[reader].values()) == {1}, reader
