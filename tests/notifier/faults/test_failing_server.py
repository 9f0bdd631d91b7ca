"""A mail server that fails at each step, in each way: what it took is what the books say."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import product
from pathlib import Path

import pytest

from notifier.delivery.delivery import State
from notifier.delivery.smtp import SmtpTransport
from notifier.mailing import deliver, open_due
from notifier.service import House
from notifier.settings import Dkim, DkimKey, MailSettings, Settings, SmtpRelay
from tests.notifier.builders import a_house, a_reader, some_settings
from tests.notifier.delivery.letters import LOCK_STEP, PIPELINING
from tests.notifier.faults.comparing import Fate, compare, fates
from tests.notifier.keys import ed25519_pem
from tests.notifier.test_mailing import SLOT, START, begin, write
from tests.smtp_server import (
    Action,
    Behave,
    Close,
    Raw,
    Say,
    SmtpServer,
    Stall,
    Step,
    Tls,
    authority,
)

pytestmark = pytest.mark.slow

READERS, CONNECTIONS = 6, 2
AT_ONCE = 8  # cases, of which each has a server and a store of its own
ROUNDS = 12
LOGIN = ("news", "secret")
STEPS = [
    *(Step.BANNER, Step.EHLO, Step.STARTTLS, Step.AUTH, Step.MAIL, Step.RCPT, Step.DATA),
    *(Step.BODY, Step.DOT, Step.TAKEN, Step.AFTER, Step.QUIT),
]
WAYS: dict[str, Action] = {
    "later": Say("451 4.3.0 Later"),
    "bye": Say("421 4.3.2 Bye", close=True),
    "never": Say("550 5.7.1 Never"),
    "never, and bye": Say("554 5.7.1 Never", close=True),
    "closed": Close(),
    "reset": Close(reset=True),
    "stalled": Stall(),
    "nonsense": Raw(b"\x00\xff nonsense\r\n"),
}
LYING = {Step.TAKEN, Step.AFTER}  # whoever refuses here has taken it, or says so twice
Case = tuple[Step, str, tuple[str, ...]]


def is_honest(step: Step, way: str) -> bool:
    """Leave out servers that lie: that refuse what they take, or answer before they were asked."""
    says = isinstance(WAYS[way], Say)
    if step is Step.BODY and says:
        return "bye" in way
    return not (step in LYING and says) or (step is Step.AFTER and way == "bye")


def cases(*, stalled: bool) -> Iterator[Case]:
    for step, way, extensions in product(STEPS, WAYS, [PIPELINING, LOCK_STEP]):
        if is_honest(step, way) and (way == "stalled") is stalled:
            yield step, way, extensions


def the_settings(store: Path, port: int, ca_file: str) -> Settings:
    relay = SmtpRelay(
        host="127.0.0.1",
        port=port,
        tls="starttls",
        username=LOGIN[0],
        password=LOGIN[1],
        connections=CONNECTIONS,
        timeout=5,
        ca_file=ca_file,
    )
    mail = MailSettings(
        from_address="news@example.org",
        transport=relay,
        dkim=Dkim(domain="example.org", keys=(DkimKey(selector="s1", key=ed25519_pem()),)),
    )
    readers = tuple(a_reader(f"reader{number}@readers.example") for number in range(READERS))
    return some_settings(f"sqlite:///{store}", store.parent, mail=mail, subscribers=readers)


@pytest.fixture
async def an_issue(sqlite_tables: Path, tmp_path: Path) -> Path:
    """A store with an open issue, to be copied."""
    store = tmp_path / "issue.db"
    shutil.copy(sqlite_tables, store)
    async with a_house(the_settings(store, 25, ""), START) as house:
        await begin(house)
        await write(house, "a", now=START)
        [opened] = await open_due(house.desk(), SLOT)
        assert opened.readers == READERS
    return store


async def carry_out(house: House, patience: float) -> None:
    """Deliver round after round, each when the next is due, until nothing is left."""
    now: datetime | None = SLOT
    sender = house.sender()
    for _ in range(ROUNDS):
        if now is None:
            return
        moment = now
        assert isinstance(house.mail.transport, SmtpRelay)
        relay = replace(house.mail.transport, timeout=patience)
        way = SmtpTransport(relay, patience=patience, own_name="courier.example", rest=0.02)
        # Each round is a process of its own: a relay that was slowed down is not spared the next.
        await deliver(replace(sender, transport=way), lambda at=moment: at, asyncio.Event())  # type: ignore[misc]  # bound at once
        due = await house.ledger.next_due()
        now = due if due is None else max(due, moment + timedelta(seconds=1))


async def wrongs(case: Case, store: Path, ca_file: str) -> list[str]:
    """Send the issue to a server that fails once; return what is not as it should be."""
    step, way, extensions = case
    server = SmtpServer(
        script={step: [Behave(), WAYS[way]]}, tls=Tls.STARTTLS, login=LOGIN, extensions=extensions
    )
    async with server:
        settings = the_settings(store, server.port, ca_file)
        async with a_house(settings, START) as house:
            await carry_out(house, 1.0 if way == "stalled" else 20.0)
            books = await fates(house.database)
    found = compare(books, server.messages).wrongs(most_doubled=1)
    refused = {who for who, fate in books.items() if fate.state == State.FAILED}
    if len(refused) > ("never" in way):
        found.append(f"refused: {refused}")
    found += [f"{who}: {fate}" for who, fate in books.items() if not has_ended_well(fate)]
    if len(books) != READERS:
        found.append(f"of {READERS} readers {len(books)} are in the books")
    return found


def has_ended_well(fate: Fate) -> bool:
    return fate.state in {State.ACCEPTED, State.FAILED, State.IN_DOUBT}


@pytest.mark.parametrize("stalled", [False, True])
async def test_whatever_fails_nobody_is_lost_and_only_what_is_in_doubt_comes_twice(
    an_issue: Path, tmp_path: Path, *, stalled: bool
) -> None:
    ca_file = authority().write_ca_file(tmp_path)
    turns = asyncio.Semaphore(AT_ONCE)

    async def tried(number: int, case: Case) -> tuple[Case, list[str]]:
        async with turns:
            (tmp_path / str(number)).mkdir()
            store = tmp_path / str(number) / "store.db"
            shutil.copy(an_issue, store)
            return case, await wrongs(case, store, ca_file)

    table = list(cases(stalled=stalled))
    told = await asyncio.gather(*(tried(*one) for one in enumerate(table)))
    assert {case: wrong for case, wrong in told if wrong} == {}
    assert {case[0] for case in table} == set(STEPS)
