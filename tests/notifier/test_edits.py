"""Two hundred edits under steady sending, half of them broken: no letter is lost or sent twice."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import policy
from email.parser import BytesParser
from pathlib import Path

import pytest

from notifier.configuration import load
from notifier.service import Source, run
from tests.feeds.library.builders import markdown
from tests.smtp_server import SmtpServer

pytestmark = pytest.mark.slow

EDITS = 200
PACE = 10  # times as fast as the clock on the wall
READERS = [f"reader{number}@readers.example" for number in range(20)]
BROKEN = (
    "feeds: {all: {title: Everything}\n",  # not YAML
    "feeds: {all: {titel: Everything}}\n",
    "feeds: [all\n",
    "digests: {other: {title: Other, schedule: every blue moon}}\n",
    "digests: {other: {title: Other, schedule: every day at 09:00, template: missing}}\n",
    "subscribers: [{email: nobody, digests: [steady]}]\n",
    "subscribers: [{email: some@readers.example, digests: [unsteady]}]\n",
    "\x00",
)


@dataclass
class Desk:
    """The operator, who edits at random."""

    folder: Path
    chance: random.Random
    edits: int = 0
    template: Path = field(init=False)

    def __post_init__(self) -> None:
        self.template = self.folder / "templates" / "digest.txt"

    def edit(self) -> None:
        """Make one edit: a good one and a bad one in turn, in one of several ways."""
        self.edits += 1
        broken = self.edits % 2 == 1 and self.edits < EDITS
        if broken and self.chance.random() < 0.2:
            self.template.write_text("{% if", encoding="utf-8")
            return
        self.template.unlink(missing_ok=True)
        self._put(self.chance.choice(BROKEN) if broken else self._good())

    def _good(self) -> str:
        hour, feeds = self.chance.randrange(24), self.chance.sample("abcdef", 3)
        more = self.chance.sample(range(100), 3)
        lines = [
            "feeds:",
            *(f"  {name}: {{title: Feed {name}}}" for name in feeds),
            f"digests: {{other: {{title: Other, schedule: every day at {hour:02}:00}}}}",
            "subscribers:",
            *(f"  - {{email: more{one}@readers.example, digests: [other]}}" for one in more),
        ]
        return "\n".join(lines) + "\n"

    def _put(self, text: str) -> None:
        target, way = self.folder / "edited.yaml", self.chance.randrange(3)
        if way == 0:  # as some editors do, in two halves
            target.unlink(missing_ok=True)
            target.write_text(text[: len(text) // 2], encoding="utf-8")
            target.write_text(text, encoding="utf-8")
            return
        beside = self.folder / f"..{self.edits}"
        beside.write_text(text, encoding="utf-8")
        if way == 1:
            beside.rename(target)
        else:  # as Kubernetes does
            link = self.folder / "..link"
            link.symlink_to(beside.name)
            link.rename(target)


def configuration(folder: Path, port: int) -> Path:
    config = folder / "config"
    (config / "templates").mkdir(parents=True)
    (folder / "articles").mkdir()
    readers = "\n".join(f"  - {{email: {one}, digests: [steady]}}" for one in READERS)
    (config / "paperround.yaml").write_text(
        f"""version: 1
site: {{name: Courier, url: "https://news.example.org", timezone: UTC}}
store: sqlite:///../store.db
web: {{listen: "127.0.0.1:0"}}
watch: 1s
sources: [{{folder: ../articles}}]
feeds: {{always: {{title: Always}}}}
digests: {{steady: {{title: Steady, schedule: every minute, late: 10m}}}}
subscribers:
{readers}
mail: {{from: news@example.org, transport: "smtp://127.0.0.1:{port}"}}
""",
        encoding="utf-8",
    )
    return config


async def test_no_letter_is_lost_or_sent_twice_through_two_hundred_edits(tmp_path: Path) -> None:
    loop, start = asyncio.get_running_loop(), datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
    begin = loop.time()

    def clock() -> datetime:
        return start + timedelta(seconds=(loop.time() - begin) * PACE)

    chance = random.Random(20261123)
    async with SmtpServer() as server:
        config = configuration(tmp_path, server.port)
        loaded = load(config, {})
        settings = loaded.settings_or_raise()
        up = asyncio.Event()
        service = asyncio.create_task(
            run(
                settings,
                lambda _: up.set(),
                clock=clock,
                source=Source(config, {}, loaded),
                tick=timedelta(seconds=0.2),
            )
        )
        await asyncio.wait_for(up.wait(), 30)
        desk, titles = Desk(config, chance), list[str]()
        for number in range(EDITS):
            await asyncio.to_thread(desk.edit)
            if number % 5 == 0:
                titles.append(f"Number {number}.")
                path = tmp_path / "articles" / f"{number}.md"
                path.write_text(markdown(titles[-1], f"Text of {number}."), encoding="utf-8")
            await asyncio.sleep(chance.choice([0.05, 0.3, 0.9]))
        async with asyncio.timeout(60):
            while not everything(server, titles):  # noqa: ASYNC110 - its record is no event
                await asyncio.sleep(0.5)
        os.kill(os.getpid(), signal.SIGTERM)
        await service
    had = received(server, titles)
    assert {one: Counter(had[one]) for one in READERS} == {one: Counter(titles) for one in READERS}


def received(server: SmtpServer, titles: list[str]) -> dict[str, list[str]]:
    """Return the titles that each reader was sent, by the server's own record."""
    parser, found = BytesParser(policy=policy.default), dict[str, list[str]]()
    for one in server.messages:
        part = parser.parsebytes(one.content).get_body(("plain",))
        assert part is not None
        text = part.get_content()
        found.setdefault(one.recipient, []).extend(each for each in titles if each in text)
    return found


def everything(server: SmtpServer, titles: list[str]) -> bool:
    """Tell whether each reader has been sent as many titles as there are."""
    had = received(server, titles)
    return all(len(had.get(one, ())) >= len(titles) for one in READERS)
