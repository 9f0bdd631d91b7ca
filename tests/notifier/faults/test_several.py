"""Several processes on one PostgreSQL: roles, two of each, and one that is frozen and woken."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter
from pathlib import Path
from subprocess import run

import pytest

from notifier.delivery.delivery import State
from tests.feeds.library.builders import markdown
from tests.notifier.faults.comparing import compare, message_id
from tests.notifier.faults.stands import (
    COMMAND,
    CONNECTIONS,
    Stand,
    eventually,
    nursery,
)
from tests.smtp_server import SmtpServer, Stall, Step

pytestmark = [pytest.mark.slow, pytest.mark.both]
on_postgres = pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)

READERS = 500


@on_postgres
async def test_two_of_everything_double_nothing(store_url: str, tmp_path: Path) -> None:
    """Two schedulers open what is due at the same moment, and two whole services beside them."""
    articles = ["mill", "boat"]
    async with SmtpServer() as server:
        stand = Stand(tmp_path, store_url, server.port, 60, schedule="at once")
        with nursery() as house:
            for number, role in enumerate(("scheduler", "scheduler", "all", "all")):
                stand.config(f"config{number}")
                await asyncio.to_thread(
                    house.start, stand, "run", "--role", role, config=f"config{number}"
                )
            await eventually(lambda: stand.log.read_text().count("is running") == 4)
            for number, name in enumerate(articles, 1):
                (tmp_path / "articles" / f"{name}.md").write_text(markdown(f"The {name}"))
                await eventually(lambda n=number: len(server.messages) >= n * stand.readers)  # type: ignore[misc]  # bound at once
            await asyncio.sleep(2)  # whatever were doubled would come now
    copies = Counter(message_id(message.content) for message in server.messages)
    assert len(copies) == len(articles) * stand.readers
    assert set(copies.values()) == {1}
    by_reader = Counter(message.recipient for message in server.messages)
    assert by_reader == dict.fromkeys(stand.audience, len(articles))


@on_postgres
async def test_each_role_does_its_own_part(store_url: str, tmp_path: Path) -> None:
    async with SmtpServer() as server:
        stand = Stand(tmp_path, store_url, server.port, 20, schedule="at once")
        with nursery() as house:
            sender = await asyncio.to_thread(house.start, stand, "run", "--role", "sender")
            await eventually(lambda: "is running at sender" in stand.log.read_text())
            (tmp_path / "articles" / "mill.md").write_text(markdown("The mill"))
            await asyncio.sleep(2)
            assert server.messages == []
            assert await stand.fates() == {}
            await asyncio.to_thread(house.end, sender, signal.SIGTERM)
            scheduler = await asyncio.to_thread(house.start, stand, "run", "--role", "scheduler")
            await stand.until_opened()
            await asyncio.sleep(1.5)
            assert server.messages == []
            assert await asyncio.to_thread(house.end, scheduler, signal.SIGTERM)
            await asyncio.to_thread(house.start, stand, "run", "--role", "web")
            await asyncio.to_thread(house.start, stand, "run", "--role", "sender")
            books = await stand.until_all_ended()
    assert {fate.state for fate in books.values()} == {State.ACCEPTED}
    assert compare(books, server.messages).wrongs(0) == []
    assert "Traceback" not in stand.log.read_text()


def test_a_role_on_sqlite_is_refused_with_what_to_do(tmp_path: Path) -> None:
    stand = Stand(tmp_path, f"sqlite:///{tmp_path / 'store.db'}", 25, 1)
    command = [*COMMAND, "run", "--role", "sender", "--config", str(stand.folder / "config")]
    done = run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own
    assert done.returncode == 1
    assert "the role `sender` needs a store on PostgreSQL" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "store.db").exists()


@on_postgres
async def test_a_sender_that_is_frozen_past_its_lease_and_woken_keeps_to_the_bounds(
    store_url: str, tmp_path: Path
) -> None:
    freezes = 4
    async with SmtpServer(script={Step.TAKEN: Stall(0.02)}) as server:
        stand = Stand(tmp_path, store_url, server.port, READERS)
        await stand.open()
        with nursery() as house:
            one = await asyncio.to_thread(house.start, stand, "run", "--role", "sender")
            other = await asyncio.to_thread(house.start, stand, "run", "--role", "sender")
            await eventually(lambda: server.connections >= 2 * CONNECTIONS)
            for number in range(freezes):
                enough = min(len(server.messages) + 20, READERS)
                await eventually(lambda enough=enough: len(server.messages) >= enough)  # type: ignore[misc]  # bound at once
                frozen = (one, other)[number % 2]
                os.kill(frozen, signal.SIGSTOP)
                await asyncio.sleep(1.6)  # its lease of a second is over, the other goes on
                os.kill(frozen, signal.SIGCONT)
            books = await stand.until_all_ended()
            await asyncio.sleep(1)
    assert set(books) == set(stand.audience)
    assert {fate.state for fate in books.values()} <= {State.ACCEPTED, State.IN_DOUBT}
    assert compare(books, server.messages).wrongs(freezes * CONNECTIONS) == []
    assert "Traceback" not in stand.log.read_text()
