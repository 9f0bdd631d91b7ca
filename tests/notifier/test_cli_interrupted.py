"""`paperround send` that is told to end: what is under way has its answer, nothing is doubled."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections import Counter
from pathlib import Path

import pytest

from notifier.cli.rounds import Sent, lines_of
from tests.smtp_server import SmtpServer, Stall, Step

pytestmark = pytest.mark.slow

READERS = 60
SITE = """\
version: 1
site: {{name: Courier, url: "https://news.example.org", timezone: UTC}}
store: sqlite:///../store.db
sources: []
mail: {{from: news@example.org, transport: "smtp://127.0.0.1:{port}", connections: 2}}
digests: {{morning: {{title: Morning, schedule: every day at 07:30}}}}
subscribers_file: readers.csv
"""


async def paperround(folder: Path, *words: str) -> Process:
    program = "from notifier.cli import main; main()"
    where = ("--config", str(folder / "config"), "--json")
    command = (sys.executable, "-c", program, *words, *where)
    return await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=PIPE)


async def sent(folder: Path) -> tuple[int | None, dict[str, object]]:
    process = await paperround(folder, "send")
    said, _ = await process.communicate()
    found: dict[str, object] = json.loads(said)
    return process.returncode, found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "config").mkdir()
    addresses = "".join(f"reader{number}@readers.example,morning\n" for number in range(READERS))
    (tmp_path / "config" / "readers.csv").write_text(f"email,digests\n{addresses}")
    (tmp_path / "one.md").write_text("---\ntitle: One\n---\nText.\n")
    return tmp_path


async def test_what_is_told_to_end_finishes_what_it_has_begun(folder: Path) -> None:
    async with SmtpServer(script={Step.TAKEN: Stall(0.1)}) as server:
        config = folder / "config" / "paperround.yaml"
        config.write_text(SITE.format(port=server.port))
        assert (await sent(folder))[0] == 0  # takes the readers in
        assert await (await paperround(folder, "ingest", str(folder / "one.md"))).wait() == 0
        process = await paperround(folder, "send", "morning")
        while len(server.messages) < 6:  # noqa: ASYNC110 - a server is no event
            await asyncio.sleep(0.01)
        process.send_signal(signal.SIGINT)
        said, complaint = await process.communicate()
        told = json.loads(said)
        assert process.returncode == 130
        assert b"Ctrl-C again ends at once" in complaint
        assert told["messages"] == {"accepted": len(server.messages)}
        assert told["interrupted"] == READERS - len(server.messages) > 0
        status, rest = await sent(folder)
        assert (status, rest["messages"]) == (0, {"accepted": told["interrupted"]})
        assert set(Counter(one.recipient for one in server.messages).values()) == {1}
        assert len(server.messages) == READERS


async def test_whoever_is_told_twice_ends_at_once(folder: Path) -> None:
    async with SmtpServer(script={Step.TAKEN: Stall()}) as server:
        config = folder / "config" / "paperround.yaml"
        config.write_text(SITE.format(port=server.port))
        assert (await sent(folder))[0] == 0
        assert await (await paperround(folder, "ingest", str(folder / "one.md"))).wait() == 0
        process = await paperround(folder, "send", "morning")
        while not server.messages:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.01)
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert b"again" in await process.stderr.readline()
        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(20):
            assert await process.wait() == 130
    async with SmtpServer() as server:
        config.write_text(SITE.format(port=server.port))
        status, told = await sent(folder)
        assert (status, told["messages"]) == (0, {"accepted": READERS})
        assert told["doubtful"] in {1, 2}  # one for each connection at most
        assert (await sent(folder))[1]["doubtful"] == 0


@pytest.mark.parametrize(("resend", "words"), [(True, "two copies"), (False, "--state in_doubt")])
def test_what_was_broken_off_is_told_with_what_becomes_of_it(resend: bool, words: str) -> None:
    lines = lines_of(Sent(doubtful=2, resend=resend))
    assert lines[1].startswith("2 messages without an answer since sending broke off: ")
    assert words in lines[1]
    assert len(lines_of(Sent(resend=resend))) == len(lines) - 1
