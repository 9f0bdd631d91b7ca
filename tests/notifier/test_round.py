"""A round in bad weather: a store that fails, a relay that refuses, a clock that jumps."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from feeds.errors import StoreError
from notifier.delivery.delivery import (
    Answer,
    Chunk,
    Letter,
    Phase,
    State,
    Verdict,
    unanswered,
)
from notifier.delivery.ledger import Ledger
from notifier.delivery.stream import Work
from notifier.delivery.transaction import Permit
from notifier.mailing import Sender, deliver, open_due, open_now
from notifier.mailing.sender import HALT_PAUSE
from notifier.service import House
from notifier.settings import DkimProfile, MailSettings
from notifier.tables import issues
from tests.notifier.builders import a_digest, a_house, a_reader, messages_in, some_settings
from tests.notifier.test_mailing import (
    DAY,
    MINUTE,
    SLOT,
    START,
    begin,
    clear,
    round_,
    send,
    titles,
    write,
)

ACCEPTED = Answer(verdict=Verdict.ACCEPTED, phase=Phase.ANSWER, code=250)


@dataclass
class Relay:
    """A way out that answers as told, after `seconds`."""

    answer: Answer = field(default_factory=lambda: ACCEPTED)
    seconds: float = 0.0
    letters: int = 0
    profile: DkimProfile | None = None

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Relay]:
        yield self

    async def ready(self, stop: asyncio.Event | None = None) -> Answer | None:
        return None

    async def send(self, letter: Letter, permit: Permit | None = None) -> Answer:
        reached = self.answer.phase not in {Phase.CONNECT, Phase.LOGIN}
        if reached and permit is not None and not await permit():
            return unanswered(Phase.DATA, "withheld")
        self.letters += 1
        await asyncio.sleep(self.seconds)
        return self.answer

    async def stream(self, work: Work) -> None:
        """Begin nothing: letters are sent one by one."""

    async def check(self) -> Answer | None:
        return None


_BROKEN = """CREATE TRIGGER broken BEFORE UPDATE ON deliveries WHEN NEW.state = 'accepted'
BEGIN SELECT RAISE(ABORT, 'the store is gone'); END"""


async def run(house: House, statement: str) -> None:
    async with house.database.write() as connection:
        await connection.exec_driver_sql(statement)


async def an_open_issue(house: House, now: datetime = SLOT) -> None:
    await begin(house)
    await write(house, "a", now=START)
    await open_due(house.desk(), now)


def sender_of(house: House, **fields: Any) -> Sender:  # keyword arguments of Sender
    return replace(house.sender(), **({"transport": Relay()} | fields))


async def test_a_store_that_fails_in_the_middle_is_one_plain_error(
    sqlite_url: str, tmp_path: Path
) -> None:
    readers = tuple(a_reader(f"reader{number}@readers.example") for number in range(30))
    settings = some_settings(sqlite_url, tmp_path, subscribers=readers)
    async with a_house(settings, START) as house:
        await an_open_issue(house)
        await run(house, _BROKEN)
        relay = Relay()
        with pytest.raises(StoreError, match="the store is gone"):
            await deliver(
                sender_of(house, transport=relay, connections=3), lambda: SLOT, asyncio.Event()
            )
        assert relay.letters <= 3
        await run(house, "DROP TRIGGER broken")
        later = SLOT + 2 * MINUTE
        await deliver(sender_of(house, transport=relay), lambda: later, asyncio.Event())
        assert 30 <= relay.letters <= 33
        assert await house.ledger.books() == {("morning", State.ACCEPTED): 30}


async def test_a_bug_is_no_store_error(sqlite_url: str, tmp_path: Path) -> None:
    class Buggy(Ledger):
        def note(self, *_: object) -> None:
            raise ZeroDivisionError

    async with a_house(some_settings(sqlite_url, tmp_path), START) as house:
        await an_open_issue(house)
        sender = sender_of(house, ledger=Buggy(house.database))
        with pytest.raises(ZeroDivisionError):
            await deliver(sender, lambda: SLOT, asyncio.Event())


@pytest.fixture
def sqlite_url(sqlite_tables: Path, tmp_path: Path) -> str:
    (tmp_path / "store.db").write_bytes(sqlite_tables.read_bytes())
    return f"sqlite:///{tmp_path / 'store.db'}"


async def test_a_bug_where_work_is_looked_for_keeps_nobody_waiting(
    sqlite_url: str, tmp_path: Path
) -> None:
    class Buggy(Ledger):
        async def jobs_of(self, *_: object) -> dict[Chunk, Any]:  # what it is of does not matter
            raise KeyError("a bug")

    async with a_house(some_settings(sqlite_url, tmp_path), START) as house:
        await an_open_issue(house)
        sender = sender_of(house, ledger=Buggy(house.database))
        async with asyncio.timeout(10):
            with pytest.raises(KeyError, match="a bug"):
                await deliver(sender, lambda: SLOT, asyncio.Event())


async def test_a_heartbeat_outlives_a_moment_without_the_store(
    sqlite_url: str, tmp_path: Path
) -> None:
    beats: list[bool] = []

    class Hiccup(Ledger):
        async def renew_all(self, held: Sequence[Chunk], until: datetime) -> int:
            beats.append(True)
            if len(beats) == 1:
                raise StoreError("the store is gone")
            return await super().renew_all(held, until)

    async with a_house(some_settings(sqlite_url, tmp_path), START) as house:
        await an_open_issue(house)
        sender = sender_of(house, ledger=Hiccup(house.database), transport=Relay(seconds=0.5))
        sender = replace(sender, mail=replace(sender.mail, lease=timedelta(seconds=0.3)))
        done = await deliver(sender, lambda: SLOT, asyncio.Event())
        assert done.counts == {State.ACCEPTED: 1}
    assert len(beats) >= 2


async def test_what_is_being_claimed_when_a_round_ends_waits_for_nobody(
    sqlite_url: str, tmp_path: Path
) -> None:
    stop, claimed = asyncio.Event(), asyncio.Event()

    class Slow(Ledger):
        async def claim_some(self, *args: Any, **kwargs: Any) -> list[Chunk]:  # as it is
            found = await super().claim_some(*args, **kwargs)
            claimed.set()
            await stop.wait()
            await asyncio.sleep(0.05)  # the round is over before we come back
            return found

    async with a_house(some_settings(sqlite_url, tmp_path), START) as house:
        await an_open_issue(house)
        sender = sender_of(house, ledger=Slow(house.database))
        round_of_it = asyncio.create_task(deliver(sender, lambda: SLOT, stop))
        await claimed.wait()
        stop.set()
        assert (await round_of_it).counts == {}
        done = await deliver(sender_of(house), lambda: SLOT, asyncio.Event())
        assert done.counts == {State.ACCEPTED: 1}


async def test_a_relay_that_refuses_us_costs_nobody_the_issue(
    sqlite_url: str, tmp_path: Path
) -> None:
    refused = Answer(verdict=Verdict.HALT, phase=Phase.LOGIN, code=535, text="no")
    async with a_house(some_settings(sqlite_url, tmp_path), START) as house:
        await an_open_issue(house)
        done = await deliver(
            sender_of(house, transport=Relay(refused)), lambda: SLOT, asyncio.Event()
        )
        assert (done.halted, done.counts) == ("no", {})
        assert await house.ledger.next_due() == SLOT + HALT_PAUSE
        again = SLOT + HALT_PAUSE
        assert (await deliver(sender_of(house), lambda: again, asyncio.Event())).counts == {
            State.ACCEPTED: 1
        }


async def test_a_quiet_day_is_not_part_of_the_next_issue(sqlite_url: str, tmp_path: Path) -> None:
    """The slot was considered: there was nothing to say."""
    async with a_house(some_settings(sqlite_url, tmp_path), START) as house:
        await an_open_issue(house)
        await round_(house, SLOT + DAY)
        await write(house, "b", now=SLOT + DAY + MINUTE)
        [opened] = await round_(house, SLOT + 2 * DAY)
        assert opened.articles == 1
        async with house.database.read() as connection:
            spans = (await connection.execute(issues.select())).mappings().all()
        assert [row["spans_from"] for row in spans] == [None] * 3


async def test_sending_as_if_it_were_later_delivers_at_once_and_leaves_the_clock_alone(
    store_url: str, tmp_path: Path
) -> None:
    settings = some_settings(store_url, tmp_path)
    async with a_house(settings, START) as house:
        await begin(house)
        await write(house, "a", now=START)
        [opened] = await open_due(house.desk(), START + MINUTE, SLOT + DAY)
        assert opened.slot == "2026-11-24T07:30 Europe/Paris"
        await send(house, START + MINUTE)
        assert titles(settings) == [["a"]]
        clear(settings)
        await write(house, "b", now=START + 2 * MINUTE)
        [_, late] = await house.store.arrived(0, 9, 9)
        assert late.arrived_at == START + 2 * MINUTE
        assert await open_due(house.desk(), SLOT + DAY) == []
        await round_(house, SLOT + 2 * DAY)
    assert titles(settings) == [["b"]]


async def test_sending_a_named_digest_as_if_it_were_later_reveals_nothing_early(
    store_url: str, tmp_path: Path
) -> None:
    from feeds import Date
    from tests.notifier.test_mailing import an_article

    settings = some_settings(store_url, tmp_path)
    async with a_house(settings, START) as house:
        await begin(house)
        await write(house, "a", now=START)
        await house.store.ingest([an_article("b", published=Date(SLOT))], START)
        await open_now(house.desk(), ["morning"], START + MINUTE, SLOT + DAY)
        await send(house, START + MINUTE)
        assert (await house.store.counts()).embargoed == 1
    assert titles(settings) == [["a"]]


async def test_a_message_that_cannot_be_made_costs_only_its_own_digest(
    sqlite_url: str, tmp_path: Path
) -> None:
    broken = a_digest("broken", title="Broken", language="not a language")
    settings = some_settings(
        sqlite_url,
        tmp_path,
        digests=(broken, a_digest()),
        subscribers=(a_reader("first@readers.example", "broken", "morning"),),
    )
    async with a_house(settings, START) as house:
        await begin(house)
        await write(house, "a", now=START)
        opened = {result.digest: result for result in await round_(house, SLOT)}
    assert opened["broken"].failed
    assert (opened["morning"].readers, len(messages_in(tmp_path / "mail"))) == (1, 1)


def test_a_password_shows_in_no_repr() -> None:
    from notifier.settings import SmtpRelay

    relay = SmtpRelay(host="mail.example.org", port=587, tls="starttls", password="s3cret")
    mail = MailSettings(from_address="news@example.org", transport=relay)
    settings = replace(some_settings("postgresql://u:s3cret@h/db", Path()), mail=mail)
    assert "s3cret" not in repr(settings)
