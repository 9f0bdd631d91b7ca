"""The whole pipeline, from a stored edition to committed `accepted`, against Postfix's own sender.

20,000 readers get a message of 20 kB each, with their name and links, over 10 and 50 connections,
from one process and a SQLite store with full durability: each is marked `sending` before its first
octet leaves, each answer is on the disk. The reference is `smtp-source -d` with messages of the
same size over as many connections to the same `smtp-sink`, in turns with ours. Signed messages
(RSA-2048) are set beside what `openssl speed rsa2048` signs on one core.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench_message import frozen as a_message
from bench_message import letter, openssl_rate
from delivering import NOW, a_sender, fill, sink, tool
from measuring import figure

from feeds.kit.database import Database
from notifier.delivery.delivery import State
from notifier.delivery.filling import Prepared
from notifier.delivery.keys import Algorithm, make_key
from notifier.delivery.smtp import SmtpTransport
from notifier.mailing import deliver
from notifier.service.loop import run_in_loop
from notifier.settings import Dkim, DkimKey, SmtpRelay

READERS, RUNS, CONNECTIONS = 20_000, 3, (10, 50)


async def send(path: Path, port: int, connections: int, key: str) -> None:
    """Deliver everything in the store at `path`; print seconds by the clock and the processor."""
    relay = SmtpRelay(
        host="127.0.0.1",
        port=port,
        tls="none",
        connections=connections,
        messages_per_connection=1_000_000,
    )
    dkim = Dkim(domain="example.org", keys=(DkimKey(selector="s1", key=key),)) if key else None
    database = Database(f"sqlite:///{path}")
    transport = SmtpTransport(relay, own_name="courier.example")
    sender = a_sender(database, transport, connections, dkim)
    began, used = time.perf_counter(), time.process_time()
    done = await deliver(sender, lambda: NOW, asyncio.Event())
    print(json.dumps([time.perf_counter() - began, time.process_time() - used]))
    books = await sender.ledger.books()
    assert books == {("morning", State.ACCEPTED): done.counts[State.ACCEPTED]}, (books, done)
    await database.close()


def ours(store: Path, port: int, connections: int, key: str = "") -> tuple[float, float]:
    """Return the seconds that a process of its own takes for a fresh copy of `store`."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "bench.db"
        shutil.copy(store, copy)
        command = [sys.executable, __file__, "--send", str(copy), str(port), str(connections), key]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    seconds, used = json.loads(said)
    return seconds, used


def theirs(count: int, size: int, port: int, connections: int) -> float:
    command = [tool("smtp-source"), "-s", str(connections), "-m", str(count), "-l", str(size), "-d"]
    began = time.perf_counter()
    subprocess.run([*command, f"127.0.0.1:{port}"], check=True)
    return time.perf_counter() - began


def main() -> None:
    readers = int(sys.argv[1]) if len(sys.argv) > 1 else READERS
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else RUNS
    size = len(letter(Prepared(a_message()), 12345))
    key = make_key(Algorithm.RSA)
    with tempfile.TemporaryDirectory() as folder, sink() as port:
        store = Path(folder) / "full.db"
        asyncio.run(fill(store, readers))
        for connections in CONNECTIONS:
            taken = [
                (*ours(store, port, connections), theirs(readers, size, port, connections))
                for _ in range(runs)
            ]
            seconds, used, reference = (
                statistics.median(each) for each in zip(*taken, strict=True)
            )
            name = f"messages of {size} octets over {connections} connections"
            figure(name, readers / seconds, readers / reference, "/s", reference / seconds)
            print(
                f"  {seconds:.1f} s, of which {used:.1f} s of the processor,"
                f" {used / readers * 1e6:.0f} us for each"
            )
        signed = [(ours(store, port, CONNECTIONS[0], key)[0], openssl_rate()) for _ in range(runs)]
        seconds, rate = (statistics.median(each) for each in zip(*signed, strict=True))
        name = f"messages signed (RSA-2048) over {CONNECTIONS[0]} connections"
        figure(name, readers / seconds, rate, "/s", readers / seconds / rate)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--send"]:
        run_in_loop(send(Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]))
    else:
        main()
