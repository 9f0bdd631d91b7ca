"""A process that is killed, again and again, while it delivers: nobody lost, hardly any doubled."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest

from notifier.delivery.delivery import State
from tests.notifier.faults.comparing import compare
from tests.notifier.faults.stands import CONNECTIONS, Nursery, Stand, eventually, nursery
from tests.smtp_server import SmtpServer, Stall, Step

pytestmark = pytest.mark.slow

KILLS = 52
READERS = {"sqlite": 1500, "postgresql": 5000}
ANSWERING = {"sqlite": 0.02, "postgresql": 0.1}  # seconds: a life ends in the middle of the issue
SEEDS = {"sqlite": 7, "postgresql": 11}


async def killed_alone(
    stand: Stand, server: SmtpServer, house: Nursery, moments: random.Random
) -> None:
    """Kill one whole service after the other, at random moments of their work."""
    killed = 0
    while killed < KILLS:
        before = len(server.messages)
        child = await asyncio.to_thread(house.start, stand, "run")
        if killed % 10:  # the tenth dies anywhere, also before its first letter
            await eventually(lambda before=before: len(server.messages) > before)  # type: ignore[misc]  # bound at once
        await asyncio.sleep(moments.uniform(0, 0.15))
        killed += await asyncio.to_thread(house.end, child)


async def killed_in_company(
    stand: Stand, server: SmtpServer, house: Nursery, moments: random.Random
) -> None:
    """Kill now one, now the other of some senders, whose work the others take over."""

    def sender() -> int:
        return house.start(stand, "run", "--role", "sender")

    living = [await asyncio.to_thread(sender) for _ in range(3)]
    await eventually(lambda: len(server.messages) > 0)
    for _ in range(KILLS):
        await asyncio.sleep(moments.uniform(0.1, 0.6))
        assert await asyncio.to_thread(house.end, living.pop(moments.randrange(3)))
        living.append(await asyncio.to_thread(sender))


async def test_whoever_is_killed_at_any_moment_loses_nobody(store_url: str, tmp_path: Path) -> None:
    kind = store_url.partition(":")[0]
    moments = random.Random(SEEDS[kind])
    async with SmtpServer(script={Step.TAKEN: Stall(ANSWERING[kind])}) as server:
        stand = Stand(tmp_path, store_url, server.port, READERS[kind])
        await stand.open()
        with nursery() as house:
            kill = killed_alone if kind == "sqlite" else killed_in_company
            await kill(stand, server, house, moments)
            assert len(server.messages) < stand.readers, "the issue was over before the kills were"
            server.behave()
            await asyncio.to_thread(house.start, stand, "run")
            books = await stand.until_all_ended()
    assert set(books) == set(stand.audience)
    compared = compare(books, server.messages)
    assert compared.wrongs(KILLS * CONNECTIONS) == []
    assert {fate.state for fate in books.values()} <= {State.ACCEPTED, State.IN_DOUBT}
