"""What the store knows of messages that came back: all SQL to find their readers, and about them.

A message is remembered by its digest in the transaction that does what it asks for, so one that
is read twice does it once.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select

from feeds.kit.database import Database
from notifier.returns.attribution import About, Place
from notifier.returns.policy import Step
from notifier.returns.returned import Kind, Recipient, Returned, domain_of
from notifier.returns.suppressions import COMPLAINT, Suppressions
from notifier.subscriber import address_key
from notifier.tables import deliveries, returned, subscribers, subscriptions

LATELY = timedelta(days=30)  # a message older than that does not come back
_KEPT = timedelta(days=90)
_MOST_POSTS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What is remembered of a message that came back."""

    returned: Returned
    about: About
    address: str
    step: Step
    recipient: Recipient | None = None

    @property
    def code(self) -> str:
        """The enhanced code (RFC 3463) about the reader, else the first of the report."""
        return self.recipient.status if self.recipient else self.returned.status

    @property
    def words(self) -> str:
        """What the server said."""
        return self.recipient.diagnostic if self.recipient else self.returned.diagnostic


class Records:
    """All SQL about messages that came back. Raises StoreError."""

    def __init__(self, database: Database, suppressions: Suppressions) -> None:
        self._database = database
        self._suppressions = suppressions

    async def seen(self, digest: str) -> bool:
        """Tell whether this message was read before."""
        async with self._database.read() as connection:
            query = select(returned.c.digest).where(returned.c.digest == digest)
            return await connection.scalar(query) is not None

    async def places(self, numbers: Collection[int]) -> dict[int, Place]:
        """Return the subscriptions with these numbers."""
        query = (
            select(subscriptions.c.id, subscriptions.c.subscriber_id, subscribers.c.generation)
            .join(subscribers, subscribers.c.id == subscriptions.c.subscriber_id)
            .where(subscriptions.c.id.in_(numbers))
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all() if numbers else []
        return {one: Place(id=one, subscriber=two, generation=three) for one, two, three in rows}

    async def readers(self, addresses: Collection[str], now: datetime) -> dict[str, int]:
        """Return the numbers of readers by address key, of those who were written to of late."""
        keys = {address_key(address) for address in addresses}
        query = select(subscribers.c.address_key, subscribers.c.id).where(
            subscribers.c.address_key.in_(keys)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all() if keys else []
        written_to = {reader for _, reader in await self.posts([one for _, one in rows], now)}
        return {key: number for key, number in rows if number in written_to}

    async def posts(self, readers: Collection[int], now: datetime) -> list[tuple[int, int]]:
        """Return issue and reader of the messages that went to these readers of late."""
        query = (
            select(deliveries.c.issue_id, deliveries.c.subscriber_id)
            .where(
                deliveries.c.subscriber_id.in_(readers),
                deliveries.c.attempts > 0,
                deliveries.c.changed_at >= now - LATELY,
            )
            .order_by(deliveries.c.issue_id.desc())
            .limit(_MOST_POSTS)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all() if readers else []
        return [(issue, reader) for issue, reader in rows]

    async def address(self, subscriber: int) -> str:
        """Return the address of a reader; nothing for one who is not there, or was erased."""
        query = select(subscribers.c.address).where(subscribers.c.id == subscriber)
        async with self._database.read() as connection:
            return await connection.scalar(query) or ""

    async def enter(self, entry: Entry, now: datetime) -> bool:
        """Remember a message and do what it asks for, in one; False if it was read before."""
        came, about, address = entry.returned, entry.about, entry.address
        row = {
            "digest": came.digest,
            "received_at": now,
            "kind": came.kind.value,
            "how": about.how.value,
            "step": entry.step.value,
            "code": entry.code,
            "words": entry.words,
            "domain": domain_of(address),
            "subscriber_id": about.subscriber or None,
            "issue_id": about.issue or None,
        }
        async with self._database.write() as connection:
            new = self._database.insert_new(returned).values(row).returning(returned.c.digest)
            if (await connection.execute(new)).first() is None:
                return False
            old = returned.c.received_at < now - _KEPT
            await connection.execute(delete(returned).where(old))
            if came.kind is Kind.COMPLAINT and entry.step is Step.SUPPRESSED:
                await self._suppressions.write_off(
                    connection, address, COMPLAINT, "", now, source=came.kind.value
                )
            elif entry.recipient is not None:
                await self._suppressions.enter(
                    connection,
                    address,
                    entry.step,
                    entry.words,
                    now,
                    source="bounce",
                    code=entry.code,
                )
        return True

    async def counts(self, since: datetime) -> list[tuple[str, str, str, int]]:
        """Count what came since then, by kind, by how a reader was found, and what was done."""
        columns = (returned.c.kind, returned.c.how, returned.c.step)
        query = select(*columns, func.count()).where(returned.c.received_at >= since)
        async with self._database.read() as connection:
            rows = (await connection.execute(query.group_by(*columns).order_by(*columns))).all()
        return [tuple(row) for row in rows]
