"""Recovering: what a restored store has missed, taken in as if it had been there all along.

Calls the sources and the store in order. When a file arrived is told by when it was last written
to, for nothing else knows it any more.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from itertools import groupby

from feeds.library.ingesting import Candidate, Folder, Report, is_same, take_in
from feeds.sources import FileState, scan
from feeds.store import ArticleStore, FileMemory

_MINUTE_NS = 60_000_000_000


async def ingest_missed(
    folder: Folder, store: ArticleStore, memory: FileMemory, until: datetime
) -> Report:
    """Read what is new or changed in a folder up to `until`, each file at the minute it came.

    What arrived then has that instant, or a later one where something later has arrived already.
    Raises SourceError when the folder cannot be read.
    """
    found = await asyncio.to_thread(scan, folder.path)
    seen = await memory.of(folder.name)
    limit = int(until.timestamp() * 1e9)
    missed = sorted(
        (
            state
            for state in found.files
            if state.mtime_ns <= limit and not is_same(seen.get(state.relative), state)
        ),
        key=lambda state: (state.mtime_ns // _MINUTE_NS, state.relative),
    )
    report = Report(problems=list(found.problems))
    for _, together in groupby(missed, key=lambda state: state.mtime_ns // _MINUTE_NS):
        states = list(together)
        candidates = [
            Candidate(folder.path / state.relative, state, folder.defaults, state.relative)
            for state in states
        ]
        report.add(await take_in(candidates, store, memory, _latest(states)))
    await store.reveal(until)
    return report


def _latest(states: list[FileState]) -> datetime:
    return datetime.fromtimestamp(max(state.mtime_ns for state in states) / 1e9, UTC)
