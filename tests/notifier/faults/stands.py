"""A configuration with many readers, the real processes on it, and the issue that they deliver."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from subprocess import PIPE, Popen

from feeds.kit.database import Database
from notifier.configuration import load
from notifier.delivery.delivery import State
from notifier.mailing import open_now
from notifier.service import open_house
from notifier.subscribing import reconcile
from tests.feeds.builders import an_article
from tests.feeds.library.builders import write
from tests.notifier.faults.comparing import Fate, fates
from tests.notifier.keys import ed25519_pem

COMMAND = [sys.executable, "-c", "from notifier.cli import main; main()"]
CONNECTIONS = 4
PATIENCE = 60.0  # seconds that a loaded machine may take for what takes some
_ENDED = {State.ACCEPTED, State.FAILED, State.EXPIRED, State.SKIPPED, State.IN_DOUBT}

# A process that has imported everything forks for each command: a life of a tenth of a second is
# mostly spent on the work itself. What is killed is a process like any other.
_NURSERY = """
import os, signal, sys
import notifier.cli.run, notifier.cli.send, notifier.service, notifier.delivery.carriers.pgqueued
import uvicorn, psycopg, uvloop, aiosmtplib, alembic.command
from notifier.cli import main
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
print("ready", flush=True)
for line in sys.stdin:
    log, *arguments = line.rstrip("\\n").split("\\t")
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        out = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(out, 1)
        os.dup2(out, 2)
        sys.argv = ["paperround", *arguments]
        main()
    print(child, flush=True)
"""


@dataclass
class Stand:
    """A configuration in `folder` for a store; `port` is where the mail server listens."""

    folder: Path
    store: str
    port: int
    readers: int
    schedule: str = "every day at 07:30"
    in_doubt: str = "resend"
    log: Path = field(init=False)

    def __post_init__(self) -> None:
        self.log = self.folder / "log"
        (self.folder / "articles").mkdir(parents=True, exist_ok=True)
        self.log.touch()  # whoever waits for words in it may come before those who write it
        self.config()

    def config(self, name: str = "config") -> Path:
        """Write the configuration once more, with an address of its own to listen at."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            web: int = listener.getsockname()[1]
        folder = self.folder / name
        lines = ["email,digests", *(f"{who},morning" for who in self.audience)]
        write(folder, "readers.csv", "\n".join(lines) + "\n")
        write(folder, "dkim.pem", ed25519_pem())
        text = f"""version: 1
site: {{name: Courier, url: "https://news.example.org", timezone: Europe/Paris}}
store: {json.dumps(self.store)}
web: {{listen: "127.0.0.1:{web}"}}
watch: 1s
grace: 1s
sources: [{{folder: ../articles}}]
feeds: {{all: {{title: Everything}}}}
digests: {{morning: {{title: The morning paper, schedule: {self.schedule}}}}}
subscribers_file: readers.csv
mail:
  from: news@example.org
  transport: "smtp://127.0.0.1:{self.port}?tls=none"
  connections: {CONNECTIONS}
  lease: 1s
  timeout: 5s
  in_doubt: {self.in_doubt}
  dkim: {{domain: example.org, selector: s1, key: "${{file:dkim.pem}}"}}
"""
        if self.schedule == "at once":
            text = text.replace("schedule: at once", "schedule: at once, hold: 0s")
        write(folder, "paperround.yaml", text)
        return folder

    @property
    def audience(self) -> list[str]:
        return [f"reader{number}@readers.example" for number in range(self.readers)]

    async def open(self) -> None:
        """Open an issue of one article for all readers; nothing is sent yet."""
        settings = load(self.folder / "config", {}).settings
        assert settings is not None
        now = datetime.now(UTC)
        async with open_house(settings, now) as house:
            await reconcile(settings, house.places, house.store, now)
            await house.store.ingest([an_article(id="mill", title="The mill", path="")], now)
            [opened] = await open_now(house.desk(), ["morning"], now)
            assert (opened.readers, opened.reason) == (self.readers, "")

    async def fates(self) -> dict[str, Fate]:
        database = Database(self.store)
        try:
            return await fates(database)
        finally:
            await database.close()

    async def until_all_ended(self) -> dict[str, Fate]:
        """Wait until every reader's delivery has come to an end."""
        return await self._until(
            lambda found: bool(found) and all(fate.state in _ENDED for fate in found.values())
        )

    async def until_opened(self) -> dict[str, Fate]:
        """Wait until every reader has a delivery."""
        return await self._until(lambda found: len(found) == self.readers)

    async def _until(self, holds: Callable[[dict[str, Fate]], bool]) -> dict[str, Fate]:
        async with asyncio.timeout(PATIENCE):
            while not holds(found := await self.fates()):  # noqa: ASYNC110 - it is another process's doing
                await asyncio.sleep(0.2)
        return found


@dataclass
class Nursery:
    """Starts commands quickly; all of them end with it."""

    process: Popen[str]
    children: set[int] = field(default_factory=set)

    def start(self, stand: Stand, *arguments: str, config: str = "config") -> int:
        """Start a command and return its process id."""
        where = str(stand.folder / config)
        line = "\t".join([str(stand.log), *arguments, "--config", where])
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        child = int(self.process.stdout.readline())
        self.children.add(child)
        return child

    def end(self, child: int, number: signal.Signals = signal.SIGKILL) -> bool:
        """Signal a process and wait until it is gone; False where it had ended by itself."""
        self.children.discard(child)
        try:
            os.kill(child, number)
        except ProcessLookupError:
            return False
        deadline = time.monotonic() + PATIENCE
        while is_alive(child):
            assert time.monotonic() < deadline, "the process does not end"
            time.sleep(0.01)
        return True


def is_alive(child: int) -> bool:
    try:
        os.kill(child, 0)
    except ProcessLookupError:
        return False
    return True


@contextlib.contextmanager
def nursery() -> Iterator[Nursery]:
    """Give where commands are started; what still runs at the end is killed."""
    command = [sys.executable, "-c", _NURSERY]
    with Popen(command, stdin=PIPE, stdout=PIPE, text=True) as process:  # noqa: S603 - our own
        made = Nursery(process)
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield made
        finally:
            for child in [*made.children]:
                made.end(child)
            process.kill()


async def eventually(what: Callable[[], bool], within: float = PATIENCE) -> None:
    """Wait until `what` holds."""
    async with asyncio.timeout(within):
        while not what():  # noqa: ASYNC110 - it is another process's doing
            await asyncio.sleep(0.01)
