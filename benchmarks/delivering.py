"""A store with an open issue for any number of readers, filled past the store, and who sends it.

One lane, one edition of 20 kB with the reader's name and links, chunks of a hundred, all queued:
as opening leaves them.
"""

from __future__ import annotations

import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench_message import KEY, SITE, frozen

from feeds.kit.database import Database
from feeds.kit.instants import microseconds
from feeds.store import HISTORY as FEEDS
from notifier.delivery.dkim import signers_by_profile
from notifier.delivery.enlisting import CHUNK
from notifier.delivery.ledger import Ledger
from notifier.delivery.outbox import Outbox
from notifier.delivery.transport import Transport
from notifier.mailing import Sender
from notifier.returns.suppressions import Suppressions
from notifier.settings import Dkim, MailSettings, SmtpRelay
from notifier.tables import HISTORY as NOTIFIER

NOW = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
_STAMP = microseconds(NOW)
_SOME = 50_000


async def fill(path: Path, readers: int) -> None:
    """Write tables, readers and one open issue for all of them into a new store at `path`."""
    database = Database(f"sqlite:///{path}")
    await database.migrate([FEEDS, NOTIFIER])
    await database.close()
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA synchronous=OFF")
        _insert(db, "lanes", [(*_LANE, _STAMP, _STAMP)], _LANE_COLUMNS)
        _insert(db, "issues", [_ISSUE], _ISSUE_COLUMNS)
        _insert(db, "editions", [(*_EDITION, frozen().to_bytes(), _STAMP)], _EDITION_COLUMNS)
        _insert(db, "issue_parts", [(1, 0, "", "e")], "issue_id, after, mask, edition_id")
        for start in range(1, readers + 1, _SOME):
            _fill_readers(db, range(start, min(start + _SOME, readers + 1)))
        db.commit()
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


_LANE_COLUMNS = (
    "id, digest, schedule, timezone, language, selection, cursor, public, served_at, covered_to"
)
_LANE = (1, "morning", "", "UTC", "en", "", 10, 0)
_ISSUE_COLUMNS = (
    "id, lane_id, digest, slot, instant, after, upto, articles, expires, state, reason, opened_at"
)
_ISSUE = (
    *(1, 1, "morning", "2026-11-23T06:30 UTC", _STAMP, 0, 10, 3),
    *(microseconds(NOW + timedelta(hours=24)), "open", "", _STAMP),
)
_EDITION_COLUMNS = (
    "id, digest, language, subject, articles, arrivals, content, first_arrival, last_arrival,"
    " shown, frozen, created_at"
)
_EDITION = ("e", "morning", "en", "The bridge", "[]", "1", "c", 1, 1, 1)


def _fill_readers(db: sqlite3.Connection, numbers: Sequence[int]) -> None:
    names = [(n, f"reader{n}@readers.example", f"reader{n}@readers.example") for n in numbers]
    rows: list[tuple[object, ...]] = [(*one, "{}", "Anna Reader", 1, _STAMP) for one in names]
    columns = "id, address_key, address, chosen, name, generation, created_at"
    _insert(db, "subscribers", rows, columns)
    rows = [(n, n, "morning", 1, 0, "{}", 1, _STAMP) for n in numbers]
    columns = "id, subscriber_id, digest, declared, added, chosen, lane_id, since"
    _insert(db, "subscriptions", rows, columns)
    rows = [
        (1, n, n, "e", (n - 1) // CHUNK, 0, "queued", "", 0, _STAMP, "", _STAMP) for n in numbers
    ]
    columns = (
        "issue_id, subscriber_id, subscription_id, edition_id, chunk, after, state, reason,"
        " attempts, due, words, changed_at"
    )
    _insert(db, "deliveries", rows, columns)
    found = sorted({(n - 1) // CHUNK for n in numbers})
    rows = [(1, chunk, "ready", 0, "", _STAMP) for chunk in found]
    _insert(db, "chunks", rows, "issue_id, number, state, fence, owner, due")


def _insert(
    db: sqlite3.Connection, table: str, rows: Sequence[tuple[object, ...]], columns: str
) -> None:
    marks = ", ".join("?" for _ in columns.split(","))
    db.executemany(f"INSERT OR IGNORE INTO {table} ({columns}) VALUES ({marks})", rows)


def a_sender(
    database: Database, transport: Transport, connections: int, dkim: Dkim | None = None
) -> Sender:
    """Return who delivers what is in `database`, over so many connections."""
    relay = SmtpRelay(host="127.0.0.1", port=25, tls="none")
    mail = MailSettings(from_address="news@example.org", transport=relay, dkim=dkim)
    return Sender(
        Ledger(database),
        Outbox(database),
        Suppressions(database),
        transport,
        SITE,
        mail,
        KEY,
        owner="bench",
        connections=connections,
        signers=signers_by_profile(dkim),
    )


def tool(name: str) -> str:
    """Return where a program of Postfix is."""
    found = shutil.which(name, path="/usr/sbin:/usr/bin:/usr/local/sbin")
    return found or sys.exit(f"{name} is not installed (Debian: postfix)")


@contextmanager
def sink(*options: str) -> Iterator[int]:
    """Run smtp-sink; give its port once it answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    user = ["-u", "nobody"] if not Path("/proc/self").stat().st_uid else []
    address = f"127.0.0.1:{port}"
    process = subprocess.Popen([tool("smtp-sink"), *user, *options, address, "1000"])
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
