"""Listing: all SQL that looks at readers, one of them closely or all of them in pages.

Reads only.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, select

from feeds.kit.database import Database
from notifier.enrolment import Enrolment
from notifier.roster.rows import enrolments, joined
from notifier.subscriber import address_key
from notifier.tables import (
    deliveries,
    issues,
    names_reader,
    subscribers,
    subscriptions,
    suppressions,
)

PAGE = 1000


@dataclass(frozen=True, slots=True)
class Entry:
    """A reader in a list; `suppressed` says why the address must not be written to, or nothing."""

    enrolment: Enrolment
    suppressed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What became of one delivery to a reader."""

    digest: str
    slot: str
    state: str
    reason: str
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """All that is known of one reader.

    `served_on` has the last local date that another lane served, by digest; `sent` the last
    deliveries, the newest first.
    """

    id: int
    entry: Entry
    since: datetime
    served_on: Mapping[str, date]
    sent: tuple[Sent, ...]


class Listing:
    """Looks at readers. Raises StoreError when the database cannot be used."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def card(self, address: str, deliveries_shown: int = 10) -> Card | None:
        """Return all that is known of the reader with this address."""
        mine = subscribers.c.address_key == address_key(address)
        async with self._database.read() as connection:
            who = select(subscribers.c.id, subscribers.c.created_at).where(mine)
            row = (await connection.execute(who)).one_or_none()
            if row is None:
                return None
            [entry] = await self._page(mine)
            served = select(subscriptions.c.digest, subscriptions.c.served_on).where(
                subscriptions.c.subscriber_id == row.id, subscriptions.c.served_on.is_not(None)
            )
            days = (await connection.execute(served)).all()
            sent = (
                select(
                    issues.c.digest,
                    issues.c.slot,
                    deliveries.c.state,
                    deliveries.c.reason,
                    deliveries.c.changed_at,
                )
                .join(issues, issues.c.id == deliveries.c.issue_id)
                .where(deliveries.c.subscriber_id == row.id)
                .order_by(deliveries.c.issue_id.desc())
                .limit(deliveries_shown)
            )
            last = (await connection.execute(sent)).mappings().all()
        return Card(
            id=row.id,
            entry=entry,
            since=row.created_at,
            served_on={digest: date.fromisoformat(day) for digest, day in days},
            sent=tuple(Sent(**one) for one in last),
        )

    async def pages(
        self, digest: str = "", after: str = "", page: int = PAGE
    ) -> AsyncIterator[list[Entry]]:
        """Yield all readers in pages, by address; those of `digest` only if it is named.

        `after` is an address: those up to it are left out. Who was erased is not there.
        """
        last = address_key(after)
        while True:
            which = [subscribers.c.address_key > last, subscribers.c.address != ""]
            if digest:
                held = select(subscriptions.c.id).where(
                    subscriptions.c.subscriber_id == subscribers.c.id,
                    subscriptions.c.digest == digest,
                )
                which.append(held.correlate(subscribers).exists())
            query = select(subscribers.c.address_key).where(*which)
            some = query.order_by(subscribers.c.address_key).limit(page).subquery()
            found = await self._page(subscribers.c.address_key.in_(select(some.c.address_key)))
            if not found:
                return
            yield found
            last = address_key(found[-1].enrolment.address)

    async def _page(self, which: ColumnElement[bool]) -> list[Entry]:
        reasons = (
            select(subscribers.c.address_key, suppressions.c.reason)
            .join(suppressions, names_reader())
            .where(which)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(joined().where(which))).all()
            why = dict((await connection.execute(reasons)).all())
        return [Entry(one, why.get(key, "")) for key, one in enrolments(rows)]
