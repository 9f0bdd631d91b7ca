"""A small paper on the real thing: stories are told, slots come, readers have messages."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import update

from feeds import Date
from notifier.digest.spec import DigestSpec
from notifier.subscriber import Choice, Declaration
from notifier.tables import subscriptions
from tests.notifier.model.relay import Mood
from tests.notifier.model.world import World, an_article_named


class Paper(World):
    """A World with short names for what every scenario does."""

    def __init__(
        self, url: str, folder: Path, digests: Iterable[DigestSpec], now: datetime
    ) -> None:
        super().__init__(url, folder, digests)
        self.now = now

    async def subscribe(self, *readers: str, **fields: Any) -> None:
        """Declare these readers for every digest; `fields` are those of Declaration."""
        wanted = {digest.name: Choice() for digest in self.settings.digests}
        given = {"digests": wanted} | fields
        await self.declare(
            Declaration(email=f"{name}@readers.example", name=name, **given) for name in readers
        )

    async def tell(
        self, *stories: str, section: str = "news", at: datetime | None = None, **fields: Any
    ) -> None:
        """Stories arrive, now or `at` a moment to which the clock is set; one article each."""
        self.now = at or self.now
        await self.ingest(
            *(an_article_named(f"of {name}", name, section, **fields) for name in stories)
        )

    async def round(self, *moments: datetime, mood: Mood = Mood.TAKES) -> None:
        """At each of these moments the service looks, and sends what is due."""
        for moment in moments:
            self.now = moment
            await self.look()
            self.relay.be([], mood)
            await self.deliver()

    async def pause(self, reader: str, digest: str, until: datetime) -> None:
        """A reader pauses a digest."""
        number = await self.subscription(reader, digest)
        which = subscriptions.c.id == number
        async with self.database.write() as connection:
            await connection.execute(update(subscriptions).where(which).values(paused_until=until))

    def told(self, reader: str = "ada", digest: str = "") -> list[str]:
        """The stories of each message that a reader has, in order, parted by spaces."""
        taken = {
            offer.letter.message_id: offer
            for offer in self.relay.offers
            if offer.taken and offer.reader == reader and digest in {"", offer.digest}
        }
        return [" ".join(sorted(offer.stories)) for offer in taken.values()]

    def reasons(self) -> list[str]:
        """Why slots that came had no issue."""
        return [opened.reason for opened in self.opened if opened.reason]


def dated(moment: datetime) -> Date:
    """Return a date of publication."""
    return Date(moment)
