"""The only place that constructs: from settings to everything that the verbs need."""

from __future__ import annotations

import os
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from feeds.kit.database import Database, Lock
from feeds.kit.standing import is_there
from feeds.library import Folder, Press
from feeds.publish import DatabaseShelf
from feeds.store import HISTORY as FEEDS
from feeds.store import (
    ArchiveManifest,
    ArticleStore,
    Embargoes,
    FeedIndex,
    FileMemory,
    Finder,
    LabelStore,
)
from notifier.delivery.audience import Audience
from notifier.delivery.books import Books
from notifier.delivery.carriers.jobs import mend
from notifier.delivery.carriers.queue import WorkQueue
from notifier.delivery.dkim import signers_by_profile
from notifier.delivery.ledger import Ledger
from notifier.delivery.opening import Opening
from notifier.delivery.outbox import Outbox
from notifier.delivery.picking import Picked
from notifier.delivery.prospect import Prospects
from notifier.delivery.settling import Settling
from notifier.delivery.successors import Successors
from notifier.delivery.tracing import Traces
from notifier.delivery.transport import open_transport
from notifier.digest.compose import Composer
from notifier.errors import TransportError
from notifier.mailing import Desk, Lookout, Sender, Told, tell_nobody
from notifier.returns.records import Records
from notifier.returns.suppressions import Suppressions
from notifier.returns.veiling import veil_of
from notifier.roster import Listing, Places, Roster
from notifier.settings import MailSettings, Settings, SmtpRelay
from notifier.tables import HISTORY as NOTIFIER
from notifier.tokens import SecretKey

if TYPE_CHECKING:
    from notifier.delivery.carriers.pgqueued import PgQueued
    from notifier.returning import Intake


@dataclass(frozen=True, slots=True)
class House:
    """Every hand, built once; `settings` is what they were built from."""

    settings: Settings
    database: Database
    store: ArticleStore
    memory: FileMemory
    roster: Roster
    places: Places
    listing: Listing
    audience: Audience
    outbox: Outbox
    ledger: Ledger
    press: Press
    keys: tuple[SecretKey, ...]
    veil: SecretKey | None = None

    @property
    def folders(self) -> tuple[Folder, ...]:
        """The declared sources that are folders."""
        return tuple(
            Folder(
                name=source.name,
                path=source.folder,
                language=source.language,
                timezone=source.timezone,
            )
            for source in self.settings.sources
        )

    @property
    def mail(self) -> MailSettings:
        """The mail settings; raises TransportError where there are none."""
        if self.settings.mail is None:
            raise TransportError("there is no `mail:` section, so nothing can be sent")
        return self.settings.mail

    @property
    def suppressions(self) -> Suppressions:
        """The addresses that must not be written to."""
        return Suppressions(self.database, self.veil)

    @property
    def books(self) -> Books:
        """How many deliveries came to what."""
        return Books(self.database)

    @property
    def picked(self) -> Picked:
        """Deliveries as operators look at them."""
        return Picked(self.database)

    @property
    def settling(self) -> Settling:
        """What operators change of deliveries."""
        return Settling(self.database)

    async def drop_old(self, now: datetime) -> int:
        """Drop the deliveries that are not kept any longer, if we send any; return how many."""
        if self.settings.mail is None:
            return 0
        return await self.books.drop(now - self.settings.mail.keep_deliveries, now)

    def intake(self) -> Intake:
        """Return what taking in what came back needs."""
        from notifier.returning import Intake  # noqa: PLC0415 - slow to import, for one command

        suppressions = self.suppressions
        records = Records(self.database, suppressions)
        return Intake(records, suppressions, self.roster, self.keys)

    def desk(self, expired: Callable[[Mapping[str, int]], None] = lambda _: None) -> Desk:
        """Return what opening issues needs; `expired` hears of what was not sent in time."""
        site = self.settings.site
        return Desk(
            self.store,
            self.audience,
            self.outbox,
            Opening(self.database),
            Composer(self.settings.templates, site, self.settings.words),
            site,
            self.mail,
            self.settings.digests,
            self.keys[0],
            Successors(self.database),
            expired=expired,
        )

    def lookout(self) -> Lookout:
        """Return what planning needs."""
        base = self.database
        return Lookout(self.desk(), Prospects(base), Embargoes(base), Finder(base), Traces(base))

    def queue(self) -> PgQueued | None:
        """Return what brings chunks to one sender of many; None on SQLite, where there is one."""
        if self.database.is_sqlite:
            return None
        from notifier.delivery.carriers.pgqueued import PgQueued  # noqa: PLC0415 - slow to import

        resend = self.mail.in_doubt == "resend"
        return PgQueued(self.database, self.ledger, _owner(), self.mail.lease, resend=resend)

    async def mend_jobs(self, now: datetime) -> None:
        """Make the jobs of senders what the ledger says they should be; nothing on SQLite."""
        if not self.database.is_sqlite:
            async with self.database.write(Lock.CARRY) as connection:
                await mend(connection, now)

    def sender(self, queue: WorkQueue | None = None, told: Told = tell_nobody) -> Sender:
        """Return what delivering needs; raises TransportError where it can never work.

        Without a `queue`, chunks are looked for in the ledger. `told` hears of each attempt as it
        ends.
        """
        way = self.mail.transport
        return Sender(
            self.ledger,
            self.outbox,
            self.suppressions,
            open_transport(way, *self.mail.fallbacks),
            self.settings.site,
            self.mail,
            self.keys[0],
            owner=_owner(),
            connections=max(
                way.connections if isinstance(way, SmtpRelay) else 1,
                *(relay.connections for relay in self.mail.fallbacks),
                1,
            ),
            signers=signers_by_profile(self.mail.dkim),
            queue=queue,
            told=told,
        )


def _owner() -> str:
    """Name this process in the ledger."""
    return f"{socket.gethostname()}:{os.getpid()}"


@asynccontextmanager
async def open_house(settings: Settings, now: datetime) -> AsyncIterator[House]:
    """Open the store, bring its tables up to date, and build every hand on it."""
    is_there(settings.store)  # and we may use it, or make it
    database = Database(settings.store)
    try:
        await database.migrate([FEEDS, NOTIFIER])
        keys = await Roster(database).secret_keys(now)
        yield await house_of(settings, database, keys)
    finally:
        await database.close()


async def house_of(settings: Settings, database: Database, keys: tuple[SecretKey, ...]) -> House:
    """Build every hand on a store that is open."""
    hashed = settings.mail is not None and settings.mail.hashed_suppressions
    veil = await veil_of(database, keys, wanted=hashed)
    store = ArticleStore(database)
    press = Press(
        store,
        FeedIndex(database),
        DatabaseShelf(database),
        ArchiveManifest(database),
        LabelStore(database),
        settings.site,
        settings.feeds,
        settings.for_each,
        settings.websub.advertised(settings.site.url),
    )
    return House(
        settings,
        database,
        store,
        FileMemory(database),
        Roster(database),
        Places(database, veil),
        Listing(database),
        Audience(database),
        Outbox(database),
        Ledger(database),
        press,
        keys,
        veil,
    )
