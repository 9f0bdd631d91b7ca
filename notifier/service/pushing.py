"""Pushing feeds: our own hub, or word to the hubs of others, after every publishing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from datetime import datetime
from importlib.metadata import version

from feeds import Format, Site, WebSubSettings
from feeds.kit.bounded import Bounded
from feeds.kit.database import Database
from feeds.kit.logs import logger
from feeds.kit.outgoing import Outgoing
from feeds.publish import DatabaseShelf, Standing
from feeds.websub.hub import Content, Hub
from feeds.websub.publisher import ping
from feeds.websub.settings import PATH

log = logger()

_KEPT = 16 << 20  # octets of documents on their way to subscribers that stay in memory


class Pusher:
    """Pushes what has been published; `hub` is our own, None where others are pinged instead."""

    def __init__(
        self,
        database: Database,
        shelf: DatabaseShelf,
        site: Site,
        settings: WebSubSettings,
        wake: Callable[[], None],
    ) -> None:
        self._shelf = shelf
        self._site = site
        self._hubs = settings.hubs
        self._outgoing = Outgoing(
            f"Paperround/{version('paperround')} (+{site.url})", settings.reach
        )
        self._topics: dict[str, Standing] = {}
        self._contents: Bounded[str, Content] = Bounded(_KEPT)
        self._serial = 0
        self._pings: set[asyncio.Task[None]] = set()
        self.hub: Hub | None = None
        if settings.own_hub:
            url = f"{site.url}{PATH}"
            self.hub = Hub(database, self._outgoing, self._content, settings, url, wake)

    async def begin(self, gone: Collection[str], now: datetime, *, alone: bool) -> None:
        """Free the claims of a process that died, if we are alone; end what is gone for good."""
        self._serial = await self._shelf.serial()
        if self.hub is not None and alone:
            await self.hub.recover()
        await self.deny(gone, now)

    async def deny(self, gone: Collection[str], now: datetime) -> None:
        """End the subscriptions of feeds that are gone for good."""
        if self.hub is not None:
            urls = [self._site.feed_url(name, form) for name in gone for form in Format]
            await self.hub.deny(urls, now)

    async def announce(self, now: datetime) -> None:
        """Take note of what has been published since the last time, and push or tell of it."""
        serial = await self._shelf.serial()
        if self._topics and serial == self._serial:
            return
        standing = await self._shelf.standing()
        self._topics = {self._site.feed_url(one.feed, one.format): one for one in standing}
        changed = [url for url, one in self._topics.items() if one.serial > self._serial]
        self._serial = serial
        if self.hub is not None:
            await self.hub.announce({url: one.serial for url, one in self._topics.items()}, now)
        elif self._hubs and changed:
            task = asyncio.create_task(self._ping(changed))
            self._pings.add(task)
            task.add_done_callback(self._pings.discard)

    async def stop(self, grace: float) -> None:
        """Let what is under way have its answer, for at most `grace` seconds."""
        for task in self._pings:
            task.cancel()
        if self.hub is not None:
            try:
                async with asyncio.timeout(grace):
                    await self.hub.settle()
            except TimeoutError:
                log.warning("websub.pushes_left_unanswered")
            await self.hub.stop()
        await self._outgoing.close()

    async def _content(self, url: str) -> Content | None:
        """Return a public feed by its address; our own hub knows no other topics."""
        standing = self._topics.get(url)
        if standing is None:
            return None
        known = self._contents.get(url)
        if known is not None and known.serial == standing.serial:
            return known
        document = await self._shelf.document(standing.feed, standing.format)
        if document is None:
            return None
        content = Content(document.body, document.format.content_type, document.serial)
        self._contents.put(url, content, len(document.body))
        return content

    async def _ping(self, topics: Collection[str]) -> None:
        for done in await ping(self._outgoing, self._hubs, topics):
            if done.trouble:
                log.warning(
                    "websub.hub_not_told", hub=done.hub, topic=done.topic, reason=done.trouble
                )
