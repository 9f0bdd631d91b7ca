"""The service pauses for a relay that refuses it, and stops when told to, whatever it does."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from feeds.kit.database import Database
from feeds.store import ArticleStore
from notifier.mailing import open_due
from notifier.service import open_house
from notifier.service.running import run
from notifier.settings import FolderSource, MailSettings, Settings, SmtpRelay
from tests.notifier.builders import a_reader, some_settings
from tests.notifier.test_mailing import SLOT, START, begin, write


@pytest.fixture
def settings(sqlite_tables: Path, tmp_path: Path) -> Settings:
    (tmp_path / "store.db").write_bytes(sqlite_tables.read_bytes())
    readers = tuple(a_reader(f"reader{number}@readers.example") for number in range(110))
    url = f"sqlite:///{tmp_path / 'store.db'}"
    return some_settings(url, tmp_path, subscribers=readers, port=0, grace=timedelta(seconds=1))


@asynccontextmanager
async def a_relay_without_encryption() -> AsyncIterator[tuple[int, list[int]]]:
    """Serve SMTP as far as EHLO; yield the port, and a list that grows with each connection."""
    connections: list[int] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(1)
        writer.write(b"220 mail.example.org\r\n")
        while await reader.readline():
            writer.write(b"250 mail.example.org\r\n")
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], connections
    finally:
        server.close()


async def test_a_relay_that_refuses_us_is_not_asked_every_second(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_house(settings, START) as house:
        await begin(house)
        await write(house, "a", now=START)
        await open_due(house.desk(), SLOT)
    async with a_relay_without_encryption() as (port, connections):
        relay = SmtpRelay(host="127.0.0.1", port=port, tls="starttls", connections=1)
        mail = MailSettings(from_address="news@example.org", transport=relay)
        up = asyncio.Event()
        often = timedelta(seconds=0.05)
        service = run(
            replace(settings, mail=mail), lambda _: up.set(), clock=lambda: SLOT, tick=often
        )
        serving = asyncio.create_task(service)
        await up.wait()
        await asyncio.sleep(0.5)
        os.kill(os.getpid(), signal.SIGTERM)
        await serving
    assert len(connections) == 1
    assert "STARTTLS" in caplog.text
    assert "work.recovered" not in caplog.text


@pytest.mark.slow
async def test_a_long_first_look_is_broken_off_when_told_to_stop(
    settings: Settings, tmp_path: Path
) -> None:
    folder = tmp_path / "articles"
    folder.mkdir()
    for number in range(1500):
        (folder / f"{number}.md").write_text(f"# Article {number}\n\nNumber {number} of many.\n")
        os.utime(folder / f"{number}.md", (1_000_000, 1_000_000))
    many = replace(settings, sources=(FolderSource(name="articles", folder=folder),))
    serving = asyncio.create_task(run(many, lambda _: None))
    database = Database(settings.store)
    for _ in range(500):
        await asyncio.sleep(0.02)
        if (await ArticleStore(database).counts()).visible:
            break
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.wait_for(serving, 10)
    assert (await ArticleStore(database).counts()).visible < 1500
    await database.close()
