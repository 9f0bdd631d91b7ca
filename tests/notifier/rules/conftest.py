"""A paper for each scenario, on a store of its own."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from notifier.digest.spec import DigestSpec
from tests.notifier.rules.builders import Paper

Found = Callable[..., Awaitable[Paper]]


@pytest.fixture
async def found(sqlite_tables: Path, tmp_path: Path) -> AsyncIterator[Found]:
    """Call it with a moment and digests: a paper whose readers are ada, or the `readers` given."""
    async with AsyncExitStack() as papers:

        async def open_(
            now: datetime, *digests: DigestSpec, readers: tuple[str, ...] = ("ada",), **fields: Any
        ) -> Paper:
            shutil.copy(sqlite_tables, tmp_path / "store.db")
            paper = Paper(f"sqlite:///{tmp_path / 'store.db'}", tmp_path, digests, now)
            papers.push_async_callback(paper.close)
            await paper.open()
            await paper.subscribe(*readers, **fields)
            return paper

        yield open_
