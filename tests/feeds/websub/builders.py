"""A hub with topics, a clock that is turned by hand, and names that lead where a test says."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from urllib.parse import urlencode

from feeds.kit.database import Database
from feeds.kit.destinations import Reach
from feeds.kit.outgoing import Outgoing
from feeds.websub.hub import Content, Hub
from feeds.websub.protocol import Reply
from feeds.websub.settings import WebSubSettings
from tests.conftest import NOW

SITE = "https://news.example.org"
TOPIC = f"{SITE}/feeds/all.atom"
OTHER = f"{SITE}/feeds/sport.rss"
HUB = f"{SITE}/hub"
ATOM = "application/atom+xml; charset=utf-8"
SETTINGS = WebSubSettings(patience=5.0)


def form(**fields: str | int) -> bytes:
    """A request's body: `form(mode=..., callback=...)` gives `hub.mode=...&hub.callback=...`."""
    return urlencode({f"hub.{name}": value for name, value in fields.items()}).encode()


async def everything_is_here(host: str, port: int) -> Sequence[str]:
    """A resolver for which every name is this machine."""
    return [host if host[0].isdigit() else "127.0.0.1"]


@asynccontextmanager
async def outgoing(
    allow: Sequence[str] = ("127.0.0.1", "one.example", "two.example"), **options: object
) -> AsyncIterator[Outgoing]:
    given = {"resolve": everything_is_here} | options
    client = Outgoing("Test/1", Reach.allowing(allow), **given)  # type: ignore[arg-type] # options
    try:
        yield client
    finally:
        await client.close()


@dataclass(slots=True)
class World:
    """A hub, its topics and its time."""

    database: Database
    client: Outgoing
    settings: WebSubSettings = SETTINGS
    now: datetime = NOW
    contents: dict[str, Content] = field(default_factory=dict)
    wakes: int = 0
    hub: Hub = field(init=False)

    def __post_init__(self) -> None:
        for topic in (TOPIC, OTHER):
            self.contents.setdefault(topic, Content(b"<feed>1</feed>", ATOM, 1))
        self.hub = self.another_hub()

    def another_hub(self) -> Hub:
        """A hub on the same store, as another process would have, or the same after a restart."""
        return Hub(self.database, self.client, self.content, self.settings, HUB, self.woken)

    def configured(self, **changes: object) -> None:
        """Let the hub have other settings."""
        self.settings = replace(self.settings, **changes)  # type: ignore[arg-type] # by name
        self.hub = self.another_hub()

    async def content(self, topic: str) -> Content | None:
        return self.contents.get(topic)

    def clock(self) -> datetime:
        return self.now

    def woken(self) -> None:
        self.wakes += 1

    def later(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    async def ask(self, callback: str, topic: str = TOPIC, **fields: str | int) -> Reply:
        """Send a request, by default to subscribe."""
        given: dict[str, str | int] = {"mode": "subscribe", "callback": callback, "topic": topic}
        return await self.hub.accept(form(**(given | fields)), self.now)

    async def work(self) -> None:
        """Do what is due, until nothing is."""
        seen = -1
        while seen != self.wakes:
            seen = self.wakes
            await self.hub.work(self.clock)
            await self.hub.settle()

    async def subscribe(self, callback: str, topic: str = TOPIC, **fields: str | int) -> None:
        """Subscribe, with all that belongs to it."""
        reply = await self.ask(callback, topic, **fields)
        assert reply.status == 202, reply
        await self.work()

    async def change(self, body: bytes, topic: str = TOPIC) -> None:
        """Let a topic change, and be announced."""
        content = Content(body, ATOM, self.contents[topic].serial + 1)
        self.contents[topic] = content
        await self.hub.announce({topic: content.serial}, self.now)

    async def subscriptions(self) -> int:
        return (await self.hub.counts(self.now)).subscriptions

    async def behind(self) -> int:
        return (await self.hub.counts(self.now)).behind
