"""Turns at one file: nobody has two while somebody waits, and some go before others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from feeds.kit.turns import FileTurns


async def test_a_writer_that_goes_on_and_on_lets_another_process_in(tmp_path: Path) -> None:
    # Two openings of one lock file exclude each other as those of two processes do.
    greedy, modest = (FileTurns(tmp_path / "store.db", "store") for _ in range(2))
    turns = 0

    async def go_on() -> None:
        nonlocal turns
        while True:
            async with greedy.alone():
                turns += 1
                await asyncio.sleep(0.01)

    going = asyncio.create_task(go_on())
    await asyncio.sleep(0.03)
    had = []
    for _ in range(5):
        before = turns
        async with modest.alone():
            had.append(turns - before)
    going.cancel()
    await asyncio.gather(going, return_exceptions=True)
    greedy.close()
    modest.close()
    assert max(had) <= 1


class Waiting:
    """Writers of one process who wait for a turn, and in what order they had it."""

    def __init__(self, turns: FileTurns) -> None:
        self.turns = turns
        self.order: list[str] = []
        self.tasks: list[asyncio.Task[None]] = []

    async def come(self, name: str, *, first: bool = False) -> asyncio.Task[None]:
        """Let one come who waits."""

        async def write() -> None:
            async with self.turns.alone(first=first):
                self.order.append(name)

        task = asyncio.create_task(write())
        self.tasks.append(task)
        await asyncio.sleep(0)
        return task

    async def end(self) -> list[str]:
        """Wait for all; return their names in the order in which they had their turns."""
        await asyncio.gather(*self.tasks, return_exceptions=True)
        return self.order


@pytest.fixture
async def waiting(tmp_path: Path) -> AsyncIterator[Waiting]:
    turns = FileTurns(tmp_path / "store.db", "store")
    yield Waiting(turns)
    turns.close()


async def test_writers_have_their_turns_as_they_come(waiting: Waiting) -> None:
    async with waiting.turns.alone():
        for name in "abc":
            await waiting.come(name)
    assert await waiting.end() == ["a", "b", "c"]


async def test_who_is_to_be_first_goes_before_all_who_wait(waiting: Waiting) -> None:
    async with waiting.turns.alone():
        for name in "abc":
            await waiting.come(name)
        await waiting.come("1", first=True)
        await waiting.come("2", first=True)
    assert await waiting.end() == ["1", "2", "a", "b", "c"]


async def test_nobody_waits_for_ever_however_many_are_let_in_first(waiting: Waiting) -> None:
    async with waiting.turns.alone():
        await waiting.come("large")
        for number in range(40):
            await waiting.come(str(number), first=True)
    order = await waiting.end()
    assert len(order) == 41
    assert order.index("large") < 20


async def test_who_gives_up_waiting_hands_the_turn_on(waiting: Waiting) -> None:
    async with waiting.turns.alone():
        given_up = await waiting.come("a")
        await waiting.come("b")
        given_up.cancel()
        last = await waiting.come("c")
    last.cancel()  # its turn may be there already
    await asyncio.wait_for(waiting.end(), 10)
    assert waiting.order == ["b"]
    async with asyncio.timeout(10), waiting.turns.alone():
        pass


async def test_who_gives_up_when_the_turn_is_theirs_hands_it_on(waiting: Waiting) -> None:
    async with waiting.turns.alone():
        given_up = await waiting.come("a")
        await waiting.come("b")
    given_up.cancel()  # told that it is in, but has not run since
    assert await asyncio.wait_for(waiting.end(), 10) == ["b"]


async def test_a_turn_at_once_goes_before_nobody(tmp_path: Path) -> None:
    """Not before those of this process nor of another; who tried in vain leaves no trace."""
    ours, theirs = (FileTurns(tmp_path / "store.db", "store") for _ in range(2))
    async with ours.alone():
        assert not ours.enter_at_once()
    async with theirs.alone():
        assert not ours.enter_at_once()
    async with theirs.alone():  # who tried in vain keeps nobody out
        waiting = asyncio.create_task(ours.enter())
        await asyncio.sleep(0.01)
        assert not theirs.enter_at_once()
    await waiting
    assert not theirs.enter_at_once()
    ours.leave()
    assert theirs.enter_at_once()
    theirs.leave()
    for turns in (ours, theirs):
        turns.close()
