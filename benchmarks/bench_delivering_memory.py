"""Resident memory while 1,000,000 deliveries are worked off: flat, and at most 150 MB.

One process delivers an issue from a SQLite store to Postfix's `smtp-sink`, every mark on the disk.
It is looked at all the while; the reference is the goal. The number of deliveries may be given.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from delivering import NOW, a_sender, fill, sink
from measuring import figure

from feeds.kit.database import Database
from notifier.delivery.smtp import SmtpTransport
from notifier.mailing import deliver
from notifier.service.loop import run_in_loop
from notifier.settings import SmtpRelay

READERS, CONNECTIONS, GOAL = 1_000_000, 50, 150


def resident() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6


async def work_off(path: Path, port: int) -> None:
    """Deliver everything; print what is resident at each eighth of the time, and at the end."""
    database = Database(f"sqlite:///{path}")
    relay = SmtpRelay(
        host="127.0.0.1",
        port=port,
        tls="none",
        connections=CONNECTIONS,
        messages_per_connection=1_000,
    )
    sender = a_sender(database, SmtpTransport(relay, own_name="courier.example"), CONNECTIONS)
    seen: list[float] = []

    async def watch() -> None:
        while True:
            seen.append(resident())
            await asyncio.sleep(1)

    watching = asyncio.create_task(watch())
    began = time.perf_counter()
    done = await deliver(sender, lambda: NOW, asyncio.Event())
    taken = time.perf_counter() - began
    watching.cancel()
    parts = [seen[len(seen) * part // 8] for part in range(8)] + [resident()]
    count = sum(done.counts.values())
    print(f"  {count:,} deliveries in {taken:.0f} s; resident MB:", *(f"{mb:.0f}" for mb in parts))
    figure(f"resident while {count:,} are sent", max(seen), GOAL, "MB", GOAL / max(seen))
    await database.close()


def main() -> None:
    readers = int(sys.argv[1]) if len(sys.argv) > 1 else READERS
    with tempfile.TemporaryDirectory() as folder, sink() as port:
        path = Path(folder) / "bench.db"
        asyncio.run(fill(path, readers))
        command = [sys.executable, __file__, "--work-off", str(path), str(port)]
        subprocess.run(command, check=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--work-off"]:
        run_in_loop(work_off(Path(sys.argv[2]), int(sys.argv[3])))
    else:
        main()
