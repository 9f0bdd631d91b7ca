"""What is due as an edit comes into force goes as it was declared, not as it is from then on."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from feeds.kit.database import Database
from notifier.configuration import load
from notifier.reloads import Reloads
from notifier.service.edits import Source, fingerprint
from notifier.service.running import run
from notifier.tables import issues
from tests.feeds.library.builders import markdown, write

pytestmark = pytest.mark.slow

PATIENCE = 30  # seconds
BEFORE = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
DUE = datetime(2026, 11, 23, 7, 30, tzinfo=UTC)

CONFIGURATION = """\
version: 1
site: {name: Courier, url: "https://news.example.org", timezone: UTC}
store: sqlite:///../store.db
web: {listen: "127.0.0.1:0"}
watch: 10m
sources: [{folder: ../articles}]
mail: {from: news@example.org, transport: maildir:../mail}
digests:
  morning: {schedule: every day at 07:30}
  evening: {schedule: every day at 21:00}
subscribers: [{email: reader@readers.example, digests: [morning, evening]}]
"""
WITHOUT = """\
  evening: {schedule: every day at 21:00}
subscribers: [{email: reader@readers.example, digests: [evening]}]
"""


class Service:
    """A service that goes by a clock of ours, and opens nothing by itself once it is up."""

    def __init__(self, folder: Path) -> None:
        self.now = BEFORE
        self.file = folder / "config" / "paperround.yaml"
        self.database = Database(f"sqlite:///{folder / 'store.db'}")
        self.reloads = Reloads(self.database)

    async def edit(self, before: str, after: str) -> None:
        """Let the configuration say `after` for `before`, and wait until that is in force."""
        text = self.file.read_text(encoding="utf-8")
        assert before in text
        self.file.write_text(text.replace(before, after), encoding="utf-8")
        os.kill(os.getpid(), signal.SIGHUP)
        async with asyncio.timeout(PATIENCE):
            while (  # noqa: ASYNC110 - a store is no event
                (await self.reloads.standings())[0].since != self.now
            ):
                await asyncio.sleep(0.05)

    async def slots(self) -> list[tuple[str, datetime]]:
        """Return the digest and the instant of each issue there is."""
        query = select(issues.c.digest, issues.c.instant).order_by(issues.c.id)
        async with self.database.read() as connection:
            return [(row.digest, row.instant) for row in await connection.execute(query)]


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Service]:
    (folder / "config").mkdir()
    (folder / "articles").mkdir()
    service = Service(folder)
    service.file.write_text(CONFIGURATION, encoding="utf-8")
    write(folder / "articles", "first.md", markdown("The mill", "It turns."))
    loaded = load(service.file.parent, {})
    up = asyncio.get_running_loop().create_future()
    going = asyncio.create_task(
        run(
            loaded.settings_or_raise(),
            up.set_result,
            clock=lambda: service.now,
            tick=timedelta(hours=1),
            source=Source(service.file.parent, {}, loaded),
        )
    )
    try:
        await asyncio.wait_for(up, PATIENCE)
        yield service
    finally:
        os.kill(os.getpid(), signal.SIGTERM)
        await going
        await service.database.close()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("07:30", "09:00"),
        ("morning, evening]}]", "evening]}]"),
        (CONFIGURATION.partition("digests:\n")[2], WITHOUT),
    ],
    ids=["at another time", "to nobody", "no such digest"],
)
async def test_what_is_due_is_opened_before_an_edit_is_in_force(
    tmp_path: Path, before: str, after: str
) -> None:
    async with running(tmp_path) as service:
        assert await service.slots() == []
        service.now = DUE + timedelta(seconds=1)
        await service.edit(before, after)
        assert await service.slots() == [("morning", DUE)]


async def test_a_template_that_is_written_while_others_are_examined_is_not_taken_for_examined(
    tmp_path: Path,
) -> None:
    config, templates = tmp_path / "config", tmp_path / "config" / "templates"
    templates.mkdir(parents=True)
    (tmp_path / "articles").mkdir()
    (config / "paperround.yaml").write_text(CONFIGURATION, encoding="utf-8")
    long = "{% for a in range(36) %}" * 4 + "{% endfor %}" * 4
    (templates / "digest.txt").write_text(long, encoding="utf-8")
    source = Source(config, {}, load(config, {}))
    reading = asyncio.create_task(asyncio.to_thread(source.read))
    await asyncio.sleep(0.5)
    assert not reading.done()
    (templates / "digest.txt").write_text("{% if", encoding="utf-8")
    edit = await reading
    assert edit.errors or edit.templates != fingerprint(templates)
