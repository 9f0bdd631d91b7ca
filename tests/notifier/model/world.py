"""The real thing: stores, opening and delivering, with a relay in memory and a store that dies."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from feeds import Article, Query
from feeds.store import ArticleStore
from notifier.delivery.audience import Audience
from notifier.delivery.ledger import Ledger
from notifier.delivery.opening import Opening
from notifier.delivery.outbox import Outbox
from notifier.digest.spec import DigestSpec, Topic
from notifier.mailing import Opened, deliver, open_due, release
from notifier.returns.suppressions import Suppressions
from notifier.roster import Places, Roster
from notifier.schedule.language import parse_schedule
from notifier.subscriber import Declaration
from notifier.subscribing import come_back, reconcile
from notifier.tables import subscribers, subscriptions, suppressions
from tests.feeds.builders import an_article
from tests.notifier.builders import SITE, a_digest, a_house, some_settings
from tests.notifier.model.books import Row, broken_laws, rows_of
from tests.notifier.model.crashes import Crash, FragileDatabase
from tests.notifier.model.relay import Relay

START = datetime(2026, 10, 19, 6, 0, tzinfo=UTC)  # a Monday; the clocks change on Sunday
SECTIONS = ("news", "sport", "culture")
MINUTE = timedelta(minutes=1)
TOPICS = {
    name: Topic(name=name, title=name, select=Query(sections=(name,))) for name in SECTIONS[1:]
}


def a_plain_digest(name: str, schedule: str, *sections: str, **fields: Any) -> DigestSpec:
    """Return a digest of these sections, or all, that names its stories and says no more."""
    select_ = Query(sections=sections) if sections else Query()
    given = {"topics": TOPICS, "template": "plain", "maximum": 1000, "schedule": schedule} | fields
    given["schedule"] = parse_schedule(schedule)
    return a_digest(name, select=select_, **given)


DIGESTS = {
    digest.name: digest
    for digest in (
        a_plain_digest("morning", "every day at 07:30"),
        a_plain_digest("working", "every weekday at 07:30", "news", "sport"),
        a_plain_digest("weekly", "every monday at 08:00"),
        a_plain_digest("often", "every 15 minutes", "sport"),
        a_plain_digest("alerts", "at once", "news"),
        a_plain_digest("monthly", "on day 1 of every month at 09:00"),
        a_plain_digest(
            "thin", "every day at 18:00", "news", "culture",
            minimum=3, longest_wait=timedelta(days=2), fuse=5,
        ),
    )
}  # fmt: skip


class World:
    """Everything that the service has, and a clock that is set from outside."""

    def __init__(self, url: str, folder: Path, digests: Iterable[DigestSpec]) -> None:
        templates = folder / "templates"
        templates.mkdir(exist_ok=True)
        for ending in ("html", "txt"):
            words = "{% for a in articles %}[{{ a.title }}]\n{% endfor %}"
            (templates / f"plain.{ending}").write_text(words)
        self.now = START
        self.relay = Relay()
        self.opened: list[Opened] = []
        self.database = FragileDatabase(url)
        self.settings = some_settings(
            url,
            folder,
            site=replace(SITE, timezone="Europe/Berlin"),
            digests=tuple(digests),
            subscribers=(),
        )
        self._stack = AsyncExitStack()

    async def open(self) -> None:
        """Open the store and build all hands on it."""
        house = await self._stack.enter_async_context(a_house(self.settings, self.now))
        database = self.database
        self._stack.push_async_callback(database.close)
        self.store, self.roster = ArticleStore(database), Roster(database)
        self.places, self.outbox = Places(database), Outbox(database)
        self._desk = replace(
            house.desk(),
            store=self.store,
            audience=Audience(database),
            outbox=self.outbox,
            opening=Opening(database),
        )
        self.ledger = Ledger(database)
        self._sender = replace(
            house.sender(),
            ledger=self.ledger,
            outbox=self.outbox,
            suppressions=Suppressions(database),
            transport=self.relay,
            connections=1,
        )
        await self.reconcile()

    async def close(self) -> None:
        """Close the store."""
        await self._stack.aclose()

    def digest(self, name: str) -> DigestSpec:
        """Return a digest as it is declared now."""
        return next(digest for digest in self.settings.digests if digest.name == name)

    async def edit(self, digest: DigestSpec) -> None:
        """The operator edits a digest while the service runs, which starts anew."""
        edited = tuple(digest if one.name == digest.name else one for one in self.settings.digests)
        self.settings = replace(self.settings, digests=edited)
        self._desk = replace(self._desk, digests=edited)
        await self.reconcile()

    async def declare(self, readers: Iterable[Declaration]) -> None:
        """The operator declares these readers, and no others."""
        self.settings = replace(self.settings, subscribers=tuple(readers))
        await self.reconcile()

    async def reconcile(self) -> None:
        """What the service does as it starts."""
        await reconcile(self.settings, self.places, self.store, self.now)

    async def look(self) -> bool:
        """Open what is due; tell whether the process died of it."""
        try:
            self.opened += await open_due(self._desk, self.now)
        except Crash:
            self.database.survive()
            return True
        return False

    async def deliver(self) -> bool:
        """Deliver what is due; tell whether the process died of it."""
        try:
            await deliver(self._sender, lambda: self.now, asyncio.Event())
        except Crash:
            self.database.survive()
            return True
        return False

    async def release(self) -> bool:
        """The operator releases whatever is held; tell whether the process died of it."""
        try:
            names = [digest.name for digest in self.settings.digests]
            self.opened += await release(self._desk, names, self.now)
        except Crash:
            self.database.survive()
            return True
        return False

    async def ingest(self, *articles: Article) -> None:
        """Take articles in."""
        await self.store.ingest(articles, self.now)

    async def arrivals(self) -> list[tuple[str, int, datetime]]:
        """Return the stories that can be seen, with number and instant of their arrival."""
        return [
            (entry.article.title, entry.arrival, entry.arrived_at)
            for entry in await self.store.arrived(0, 10**9, 10**6)
            if entry.arrived_at and entry.arrival
        ]

    async def suppressed(self) -> set[str]:
        """Return the readers whose addresses have been written off."""
        async with self.database.read() as connection:
            keys = await connection.execute(select(suppressions.c.address_key))
        return {key.partition("@")[0] for key in keys.scalars()}

    async def subscription(self, reader: str, digest: str) -> int:
        """Return the number of a subscription."""
        query = (
            select(subscriptions.c.id)
            .join(subscribers, subscribers.c.id == subscriptions.c.subscriber_id)
            .where(subscribers.c.name == reader, subscriptions.c.digest == digest)
        )
        async with self.database.read() as connection:
            return int((await connection.execute(query)).scalar_one())

    async def leave(self, reader: str, digest: str) -> None:
        """A reader follows the link in a message."""
        await self.roster.leave(await self.subscription(reader, digest), self.now)

    async def come_back(self, reader: str, digest: str) -> None:
        """A reader takes it back."""
        mine = await self.roster.subscription(await self.subscription(reader, digest))
        assert mine is not None
        await come_back(self.settings, self.places, self.store, mine, self.now)

    async def rows(self) -> list[Row]:
        """Return all deliveries in the order of their issues."""
        return await rows_of(self.database)

    async def broken_laws(self) -> list[str]:
        """Return which laws of the ledger do not hold."""
        last = (await self.store.marks()).arrival
        return await broken_laws(self.database, self.settings.digests, last)


def an_article_named(
    article: str, story: str, section: str, *, rivers: bool = False, **fields: Any
) -> Article:
    """Return the article `article`, which tells `story`."""
    about = "The river rose." if rivers else "Nothing of that kind."
    given = {"id": article, "path": "", "title": story, "section": section, "published": None}
    given["text"] = f"{article} is told here for the first time, at some length. {about}"
    return an_article(**(given | fields))
