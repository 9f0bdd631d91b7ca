"""Leaving by one click: at rest, while a big issue is opened, and while it is sent.

How long a click through the whole application takes, in the median and at most 99 times in 100.
The reference is one UPDATE that waits for the disk, by the same database layer and in turn with
the clicks, so beside the same work: what is left is what the application adds, and how much
sooner a click has its turn than what else is written.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import httpx
from bench_opening import a_digest, fill, postgresql, write_articles
from delivering import sink
from measuring import a_moment
from sqlalchemy import text

from feeds import Site
from feeds.kit.database import Database
from feeds.store import HISTORY as FEEDS
from notifier.mailing import deliver, open_due
from notifier.service import House, open_house
from notifier.service.public import web_of
from notifier.settings import MailSettings, Settings, SmtpRelay
from notifier.tables import HISTORY as NOTIFIER
from notifier.tokens import LEAVE, make_token

READERS = 200_000
AT_REST, AT_MOST = 200, 400  # clicks
START = a_moment(0)
OPENED = START + timedelta(hours=1)
SITE = Site(name="Riverside Courier", url="https://news.example.org")
FORM = {"content-type": "application/x-www-form-urlencoded"}


async def measure(url: str, readers: int) -> None:
    """Fill a store, and let readers leave at rest, while it opens an issue, and while it sends."""
    database = Database(url)
    await database.migrate([FEEDS, NOTIFIER])
    await fill(database, readers)
    await database.close()
    with tempfile.TemporaryDirectory() as folder, sink() as port:
        relay = SmtpRelay(host="127.0.0.1", port=port, tls="none", connections=10)
        mail = MailSettings(from_address="news@example.org", transport=relay)
        digest = replace(a_digest(), expires=timedelta(days=2))
        where = Path(folder)
        settings = Settings(
            site=SITE,
            store=url,
            folder=where,
            templates=where / "templates",
            digests=(digest,),
            mail=mail,
        )
        async with open_house(settings, START) as house:
            await write_articles(house.store)
            await measure_in(house, "SQLite" if house.database.is_sqlite else "PostgreSQL")


async def measure_in(house: House, kind: str) -> None:
    numbers = count(1)
    resting = asyncio.create_task(asyncio.sleep(600))
    await leave_during(house, f"{kind}, at rest", resting, numbers, AT_REST)
    resting.cancel()
    opening = asyncio.create_task(open_due(house.desk(), OPENED))
    await leave_during(house, f"{kind}, while an issue is opened", opening, numbers, AT_MOST)
    await opening
    stop = asyncio.Event()
    now: datetime = OPENED + timedelta(minutes=1)
    sending = asyncio.create_task(deliver(house.sender(), lambda: now, stop))
    await leave_during(house, f"{kind}, while it is sent", sending, numbers, AT_MOST)
    stop.set()
    await sending


async def leave_during(
    house: House, name: str, work: asyncio.Task[object], numbers: Iterator[int], at_most: int
) -> None:
    """Let readers leave one after the other for as long as `work` goes on; print how it went."""
    clicks: list[float] = []
    updates: list[float] = []
    _, app = web_of(house)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url=SITE.url) as client:
        while not work.done() and len(clicks) < at_most:
            token = make_token(house.keys[0], LEAVE, next(numbers), 1)

            async def click(token: str = token) -> None:
                answer = await client.post(
                    f"/u/{token}", headers=FORM, content=b"List-Unsubscribe=One-Click"
                )
                assert "no longer receives" in answer.text, answer.text

            clicks.append(await seconds(click))
            await asyncio.sleep(0.02)
            updates.append(await seconds(lambda: update(house.database)))
            await asyncio.sleep(0.02)
    print(f"{name}: a click {told(clicks)}; the reference {told(updates)} ({len(clicks)} times)")


async def update(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(text("UPDATE subscribers SET generation = 1 WHERE id = 1"))


async def seconds(work: Callable[[], Awaitable[None]]) -> float:
    began = time.perf_counter()
    await work()
    return time.perf_counter() - began


def told(times: list[float]) -> str:
    ordered = sorted(times)
    most = ordered[len(ordered) * 99 // 100]
    return f"{statistics.median(ordered) * 1000:.0f} ms, 99 in 100 within {most * 1000:.0f} ms"


def main() -> None:
    readers = int(sys.argv[1]) if len(sys.argv) > 1 else READERS
    kinds = sys.argv[2:] or ["sqlite", "postgresql"]
    if "sqlite" in kinds:
        with tempfile.TemporaryDirectory() as folder:
            asyncio.run(measure(f"sqlite:///{folder}/bench.db", readers))
    if "postgresql" in kinds:
        with postgresql() as url:
            asyncio.run(measure(url, readers))


if __name__ == "__main__":
    main()
