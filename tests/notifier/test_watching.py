"""Watching a configuration: all that has changed since it was read is told."""

from __future__ import annotations

import asyncio
from pathlib import Path

from notifier.service.watching import Watched, changes


async def test_an_edit_before_watching_begins_is_an_edit(tmp_path: Path) -> None:
    file = tmp_path / "paperround.yaml"
    file.write_text("version: 1\n", encoding="utf-8")
    watched = Watched(tmp_path)
    seen = watched.state()
    file.write_text("version: 1\nfeeds: {}\n", encoding="utf-8")
    stop = asyncio.Event()
    async with asyncio.timeout(15):
        async for _ in changes(lambda: watched, seen, stop):
            stop.set()
            return
