"""The service as a real process: what it takes in, what it sends, and how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import socket
import sqlite3
import sys
import urllib.request
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import PIPE, Popen, run

import psycopg
import pytest

from feeds.kit.database import Database
from notifier.roster import Roster
from notifier.tokens import LEAVE, make_token
from tests.conftest import NOW
from tests.feeds.library.builders import markdown, write
from tests.notifier.builders import messages_in
from tests.smtp_server import SmtpServer, Stall, Step

pytestmark = pytest.mark.slow

PATIENCE = 20.0  # seconds that a loaded machine may take for what takes two
GRACE = 2
COMMAND = [sys.executable, "-c", "from notifier.cli import main; main()"]


@dataclass
class Paper:
    """A configuration in `folder`, the commands on it, and the service when it runs."""

    folder: Path
    port: int
    process: Popen[str] | None = None
    log: Path = field(init=False)

    def __post_init__(self) -> None:
        self.log = self.folder / "log"

    def start(self, *options: str) -> None:
        with self.log.open("a") as log:
            self.process = Popen(  # noqa: S603 - our own command
                [*COMMAND, "run", *options, "--config", str(self.folder / "config")],
                stdout=PIPE,
                stderr=log,
                text=True,
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert f"http://127.0.0.1:{self.port}/" in line, self.log.read_text()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        assert self.process.stdout is not None
        code = self.process.wait(timeout=PATIENCE + GRACE)
        self.process.stdout.close()
        self.process = None
        return code

    def end(self) -> None:
        """Leave nothing behind, whatever became of the test."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            assert self.process.stdout is not None
            self.process.stdout.close()

    def run(self, *arguments: object) -> tuple[int, str, str]:
        command = [*COMMAND, *map(str, arguments), "--config", str(self.folder / "config")]
        done = run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own
        return done.returncode, done.stdout, done.stderr

    def books(self) -> dict[str, int]:
        """Count the deliveries by state; a look at the file is quicker than `status`."""
        with contextlib.closing(sqlite3.connect(self.folder / "store.db", timeout=30)) as store:
            rows = store.execute("SELECT state, count(*) FROM deliveries GROUP BY state")
            return dict(rows.fetchall())

    def drop(self, name: str, text: str) -> None:
        """Put an article into the folder, as an editor's program does."""
        (self.folder / "articles" / name).write_text(text, encoding="utf-8")

    def titles(self) -> list[str]:
        url = f"http://127.0.0.1:{self.port}/feeds/all.json"
        with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
            return sorted(item["title"] for item in json.load(answer)["items"])

    def atom(self) -> str:
        url = f"http://127.0.0.1:{self.port}/feeds/all.atom"
        with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
            text: str = answer.read().decode()
        return text


def a_paper(
    folder: Path,
    store: str,
    *,
    schedule: str = "every day at 07:30",
    transport: str = "maildir:../mail",
    readers: int = 1,
) -> Paper:
    """Write a configuration with one feed, one digest and its readers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    people = [
        f"{{email: reader{number}@readers.example, digests: [morning]}}"
        for number in range(readers)
    ]
    (folder / "articles").mkdir()
    text = f"""version: 1
site: {{name: Courier, url: "https://news.example.org", timezone: Europe/Paris}}
store: {json.dumps(store)}
web: {{listen: "127.0.0.1:{port}"}}
watch: 1s
grace: {GRACE}s
sources: [{{folder: ../articles}}]
feeds: {{all: {{title: Everything}}}}
digests: {{morning: {{title: The morning paper, schedule: {schedule}}}}}
subscribers: [{", ".join(people)}]
mail: {{from: news@example.org, transport: "{transport}"}}
"""
    write(folder / "config", "paperround.yaml", text)
    return Paper(folder, port)


@contextlib.contextmanager
def ending(paper: Paper) -> Iterator[Paper]:
    try:
        yield paper
    finally:
        paper.end()


async def eventually(what: Callable[[], bool], within: float = PATIENCE) -> None:
    """Wait until `what` holds."""
    async with asyncio.timeout(within):
        while not await asyncio.to_thread(what):  # noqa: ASYNC110 - it is another process's doing
            await asyncio.sleep(0.1)


@pytest.fixture(scope="module", autouse=True)
def minutely(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Paper]:
    """A service whose digest is due every minute; it waits while the other tests run."""
    folder = tmp_path_factory.mktemp("minutely")
    with ending(a_paper(folder, "sqlite:///../store.db", schedule="every minute")) as paper:
        paper.drop("first.md", markdown("The mill"))
        paper.start()
        yield paper


@pytest.fixture
def paper(tmp_path: Path) -> Iterator[Paper]:
    with ending(a_paper(tmp_path, "sqlite:///../store.db")) as made:
        yield made


async def test_what_arrives_anywhere_is_in_the_feeds(tmp_path: Path, store_url: str) -> None:
    with ending(a_paper(tmp_path, store_url)) as paper:
        paper.drop("early.md", markdown("Early"))
        (tmp_path / "articles" / "out.md").symlink_to(tmp_path / "config" / "paperround.yaml")
        await asyncio.to_thread(paper.start)
        await eventually(lambda: paper.titles() == ["Early"])
        paper.drop("dropped.md", markdown("Dropped", "Into the folder."))
        await eventually(lambda: "Dropped" in paper.atom())
        elsewhere = write(tmp_path, "elsewhere.md", markdown("Elsewhere", "By a command."))
        code, out, err = await asyncio.to_thread(paper.run, "ingest", elsewhere)
        assert (code, err) == (0, "")
        assert out.startswith("1 new")
        await eventually(lambda: paper.titles() == ["Dropped", "Early", "Elsewhere"])
        assert await asyncio.to_thread(paper.stop) == 0
        log = paper.log.read_text()
        assert "Traceback" not in log
        assert log.count("out.md: a link that leads out of the folder") == 1  # not at each look


async def test_a_database_that_cuts_its_connections_is_got_over(
    tmp_path: Path, postgres_tables: str
) -> None:
    with ending(a_paper(tmp_path, postgres_tables)) as paper:
        await asyncio.to_thread(paper.start)
        for number in range(30):
            if number % 10 == 5:
                paper.drop(f"{number}.md", markdown(f"N{number}", f"Text of {number}."))
            await asyncio.to_thread(cut_connections, postgres_tables)
            await asyncio.sleep(0.1)
        await eventually(lambda: {"N5", "N15", "N25"} <= set(paper.titles()))
        assert await asyncio.to_thread(paper.stop) == 0
        assert "Traceback" not in paper.log.read_text()


def cut_connections(address: str) -> None:
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )


async def test_status_tells_whether_a_service_runs(paper: Paper) -> None:
    await asyncio.to_thread(paper.start)
    assert "no service runs now" not in (await asyncio.to_thread(paper.run, "status"))[1]
    assert await asyncio.to_thread(paper.stop) == 0
    _, out, _ = await asyncio.to_thread(paper.run, "status")
    assert "configuration in use since" in out
    assert "no service runs now" in out


async def test_a_second_service_on_the_same_file_refuses_and_says_why(paper: Paper) -> None:
    await asyncio.to_thread(paper.start)
    assert paper.process is not None
    code, out, err = await asyncio.to_thread(paper.run, "run")
    assert (code, out) == (1, "")
    assert f"process {paper.process.pid} has the role `run`" in err
    assert "PostgreSQL" in err
    assert err.count("\n") == 1
    assert await asyncio.to_thread(paper.stop, signal.SIGINT) == 0
    await asyncio.to_thread(paper.start)  # the lock has died with its process
    assert await asyncio.to_thread(paper.stop) == 0


async def test_an_address_in_use_is_told_in_one_line(paper: Paper) -> None:
    with socket.create_server(("127.0.0.1", paper.port)):
        code, out, err = await asyncio.to_thread(paper.run, "run")
    assert (code, out) == (1, "")
    told = (
        f"cannot listen on 127.0.0.1:{paper.port}: Address already in use; stop what listens there"
    )
    assert err.splitlines()[-1].startswith(f"paperround: {told}, or choose another")
    assert "Traceback" not in err


@pytest.fixture
async def stalled(tmp_path: Path) -> AsyncIterator[tuple[Paper, SmtpServer]]:
    """A service whose relay takes the first letter and never says so."""
    script = {Step.TAKEN: [Stall()]}
    async with SmtpServer(script=script) as server:
        transport = f"smtp://127.0.0.1:{server.port}"
        with ending(a_paper(tmp_path, "sqlite:///../store.db", transport=transport)) as paper:
            yield paper, server


async def test_what_had_no_answer_within_the_grace_is_in_doubt_and_resent_once(
    stalled: tuple[Paper, SmtpServer],
) -> None:
    paper, server = stalled
    paper.drop("a.md", markdown("The mill"))
    await asyncio.to_thread(paper.start)
    await eventually(lambda: paper.titles() == ["The mill"])
    code, out, _ = await asyncio.to_thread(paper.run, "send", "morning")
    assert code == 0
    assert "delivering is left to what runs already" in out
    await eventually(lambda: len(server.messages) == 1)
    before = asyncio.get_running_loop().time()
    assert await asyncio.to_thread(paper.stop) == 0
    assert GRACE <= asyncio.get_running_loop().time() - before < GRACE + PATIENCE / 2
    assert "Traceback" not in paper.log.read_text()
    assert await asyncio.to_thread(paper.books) == {"sending": 1}
    await asyncio.to_thread(paper.start)
    await eventually(lambda: len(server.messages) == 2)
    first, second = server.messages
    assert (first.recipient, first.content) == (second.recipient, second.content)
    await eventually(lambda: paper.books() == {"accepted": 1})
    assert await asyncio.to_thread(paper.stop) == 0
    await asyncio.to_thread(paper.start)
    await asyncio.sleep(2)
    assert len(server.messages) == 2


async def test_a_client_that_never_ends_its_request_holds_nothing_up(paper: Paper) -> None:
    await asyncio.to_thread(paper.start)
    database = Database(f"sqlite:///{paper.folder / 'store.db'}")
    [key, *_] = await Roster(database).secret_keys(NOW)
    await database.close()
    head = (
        f"POST /u/{make_token(key, LEAVE, 1, 1)} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n"
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", paper.port)
    writer.write(head.encode())
    idle_reader, idle_writer = await asyncio.open_connection("127.0.0.1", paper.port)
    await asyncio.sleep(0.5)
    assert await asyncio.to_thread(paper.stop) == 0
    for one in (writer, idle_writer):
        one.close()
        with contextlib.suppress(OSError):
            await one.wait_closed()
    del reader, idle_reader


async def test_a_process_that_is_killed_loses_nothing(tmp_path: Path) -> None:
    readers, connections = 30, 4
    script = {Step.TAKEN: [Stall(0.05)] * readers}
    async with SmtpServer(script=script) as server:
        transport = f"smtp://127.0.0.1:{server.port}"
        made = a_paper(tmp_path, "sqlite:///../store.db", transport=transport, readers=readers)
        with ending(made) as paper:
            paper.drop("a.md", markdown("The mill"))
            await asyncio.to_thread(paper.start)
            await eventually(lambda: paper.titles() == ["The mill"])
            await asyncio.to_thread(paper.run, "send", "morning")
            await eventually(lambda: len(server.messages) >= 8)
            paper.drop("b.md", markdown("The boat", "Just before the end."))
            assert await asyncio.to_thread(paper.stop, signal.SIGKILL) == -signal.SIGKILL
            assert len(server.messages) < readers
            await asyncio.to_thread(paper.start)
            await eventually(lambda: paper.books() == {"accepted": readers})
            await eventually(lambda: paper.titles() == ["The boat", "The mill"])
            assert await asyncio.to_thread(paper.stop) == 0
        taken = Counter(message.recipient for message in server.messages)
        assert set(taken) == {f"reader{number}@readers.example" for number in range(readers)}
        assert sum(taken.values()) <= readers + connections
        assert max(taken.values()) <= 2
        contents = {(message.recipient, message.content) for message in server.messages}
        assert len(contents) == readers  # what came twice was the same


async def test_a_due_digest_comes_once(minutely: Paper) -> None:
    mail = minutely.folder / "mail"
    await eventually(lambda: len(messages_in(mail)) > 0, within=60 + PATIENCE)
    [message] = messages_in(mail)
    assert message["Subject"] == "Courier: The mill"
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert message.defects == []
    assert minutely.titles() == ["The mill"]
    assert await asyncio.to_thread(minutely.books) == {"accepted": 1}
    assert await asyncio.to_thread(minutely.stop) == 0
