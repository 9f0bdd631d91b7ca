"""Turns at one file: who has just had one does not have another while somebody waits."""

from __future__ import annotations

import asyncio
from pathlib import Path

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
