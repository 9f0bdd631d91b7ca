"""Messages of 20 kB per second over 10 and 50 connections: our wire against Postfix's.

Both send to Postfix's `smtp-sink` on loopback, transactions only: no ledger, one process each;
short runs of both alternate, and the medians are compared. Needs smtp-sink and smtp-source
(Debian: postfix).
"""

from __future__ import annotations

import asyncio
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from measuring import figure

from notifier.delivery.delivery import Letter, Verdict
from notifier.delivery.smtp import SmtpTransport
from notifier.service.loop import run_in_loop
from notifier.settings import SmtpRelay

RUNS, LETTERS, SIZE = 5, 5_000, 20_000
LINE = b"x" * 70 + b"\r\n"
CONTENT = b"Subject: x\r\n\r\n" + LINE * (SIZE // len(LINE))
LETTER = Letter(
    sender="news@example.org",
    recipient="anna@readers.example",
    message_id="<1@example.org>",
    content=CONTENT,
)


def tool(name: str) -> str:
    found = shutil.which(name, path="/usr/sbin:/usr/bin:/usr/local/sbin")
    return found or sys.exit(f"{name} is not installed (Debian: postfix)")


@contextmanager
def sink() -> Iterator[int]:
    """Run smtp-sink; give its port once it answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    user = ["-u", "nobody"] if not Path("/proc/self").stat().st_uid else []
    process = subprocess.Popen([tool("smtp-sink"), *user, f"127.0.0.1:{port}", "1000"])
    try:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait()


async def send(port: int, connections: int) -> None:
    relay = SmtpRelay(
        host="127.0.0.1",
        port=port,
        tls="none",
        connections=connections,
        messages_per_connection=LETTERS,
    )
    transport = SmtpTransport(relay, own_name="courier.example")

    async def some() -> None:
        async with transport.session() as session:
            for _ in range(LETTERS // connections):
                answer = await session.send(LETTER)
                assert answer.verdict is Verdict.ACCEPTED, answer

    async with asyncio.TaskGroup() as group:
        for _ in range(connections):
            group.create_task(some())


def ours(port: int, connections: int) -> None:
    run_in_loop(send(port, connections))


def theirs(port: int, connections: int) -> None:
    count, address = str(LETTERS), f"127.0.0.1:{port}"
    many = ["-s", str(connections), "-m", count, "-l", str(len(CONTENT)), "-d"]
    subprocess.run([tool("smtp-source"), *many, address], check=True)


def main() -> None:
    with sink() as port:
        for connections in (10, 50):
            taken: dict[object, list[float]] = {ours: [], theirs: []}
            for _ in range(RUNS):
                for work in (ours, theirs):
                    began = time.perf_counter()
                    work(port, connections)
                    taken[work].append(time.perf_counter() - began)
            us, them = (LETTERS / statistics.median(taken[work]) for work in (ours, theirs))
            figure(f"messages over {connections} connections", us, them, "/s", us / them)


if __name__ == "__main__":
    main()
