"""A whole issue into Postfix's own smtp-sink, by the real command: counts compared."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shutil
import socket
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from subprocess import Popen, run

import pytest

from notifier.delivery.delivery import State
from tests.notifier.faults.stands import COMMAND, Stand

pytestmark = pytest.mark.slow

READERS = 3000


@contextlib.contextmanager
def sink(record: Path, *options: str) -> Iterator[int]:
    """Run smtp-sink, which writes what it takes into `record`; give its port once it answers."""
    tool = shutil.which("smtp-sink", path="/usr/sbin:/usr/bin:/usr/local/sbin")
    assert tool, "smtp-sink is not installed (Debian: postfix)"
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    command = [tool, "-u", "nobody", "-D", str(record), *options, f"127.0.0.1:{port}", "100"]
    with Popen(command, cwd=record.parent) as process:  # noqa: S603 - a program of Postfix
        try:
            while not answers(port):
                assert process.poll() is None, "smtp-sink has ended"
                time.sleep(0.05)
            yield port
        finally:
            process.terminate()


def answers(port: int) -> bool:
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def record() -> Iterator[Path]:
    """Where smtp-sink, which gives up being root, may write."""
    root = os.environ.get("PYTEST_DEBUG_TEMPROOT")
    with tempfile.TemporaryDirectory(prefix="paperround-", dir=root) as folder:
        Path(folder).chmod(0o777)
        yield Path(folder) / "record"


def recipients(record: Path) -> Counter[str]:
    """Count the messages for each recipient, as smtp-sink wrote them."""
    found = re.findall(rb"^X-Rcpt-Args: <([^>]+)>", record.read_bytes(), re.MULTILINE)
    return Counter(address.decode() for address in found)


async def test_an_issue_of_thousands_arrives_at_postfix_s_sink_once_each(
    store_url: str, tmp_path: Path, record: Path
) -> None:
    with sink(record) as port:
        stand = Stand(tmp_path, store_url, port, READERS)
        await stand.open()
        command = [*COMMAND, "send", "--json", "--config", str(stand.folder / "config")]
        done = await asyncio.to_thread(run, command, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        assert json.loads(done.stdout)["messages"] == {"accepted": READERS}
        books = await stand.fates()
    assert {fate.state for fate in books.values()} == {State.ACCEPTED}
    assert recipients(record) == dict.fromkeys(stand.audience, 1)
