"""A publication on a real store, and a client that asks it in this process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

import httpx
from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

from feeds import Article, FeedSpec, Site
from feeds.kit.database import Database
from feeds.library import Press, publish
from feeds.web import FeedServer, page_routes
from tests.conftest import NOW
from tests.feeds.library.builders import a_press


@dataclass
class Publication:
    """What is published, how it is served, and somebody who asks for it."""

    press: Press
    server: FeedServer
    client: httpx.AsyncClient

    async def publish(self, *articles: Article, now: datetime = NOW) -> None:
        await self.press.store.ingest(articles, now)
        await publish(self.press, now)
        await self.server.refresh()
        await self.server.compressed()


@asynccontextmanager
async def a_publication(
    database: Database,
    *feeds: FeedSpec,
    site: Site | None = None,
    hub: str = "",
    gone: tuple[str, ...] = (),
    keep: int = 32 << 20,
) -> AsyncIterator[Publication]:
    """Open a publication of `feeds`, by default one of everything."""
    press = a_press(database, *feeds, site=site)
    server = FeedServer(
        press.shelf, press.site, press, hubs=(hub,) if hub else (), gone=gone, keep=keep
    )
    pages = Starlette(routes=page_routes(press))

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        await (server if scope["path"].startswith("/feeds/") else pages)(scope, receive, send)

    transport = httpx.ASGITransport(application)
    plain = {"Accept-Encoding": "identity"}
    async with httpx.AsyncClient(
        transport=transport, base_url=press.site.url, headers=plain
    ) as client:
        yield Publication(press, server, client)
