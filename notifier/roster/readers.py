"""Readers: all SQL about leaving, and the readers' own links.

Leaves what is declared and chosen, and the lanes that go with it, to `places`.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    bindparam,
    delete,
    func,
    insert,
    literal,
    select,
    update,
)

from feeds.kit.database import Database, Lock
from notifier.digest.lane import chosen_in
from notifier.plain import declaration_from_plain, profile_from_plain
from notifier.preferences import reader_of
from notifier.roster import following
from notifier.roster.lanes import place
from notifier.subscriber import address_key
from notifier.tables import (
    active,
    dead_addresses,
    deliveries,
    lanes,
    returned,
    secret_keys,
    subscribers,
    subscriptions,
)
from notifier.tokens import SecretKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """One reader's subscription, as the pages for leaving need it.

    `others` are the digests that the reader gets besides, by name, `left_with` those that were left
    at the same moment as this one. `language` is the reader's own, "" for that of the digest.
    """

    id: int
    digest: str
    address: str
    generation: int
    left_at: datetime | None
    language: str = ""
    others: frozenset[str] = frozenset()
    left_with: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Reader:
    """A reader, and for each digest that they get the topics and words they chose."""

    id: int
    address: str
    name: str
    generation: int
    digests: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]


class Roster:
    """All SQL about readers. Raises StoreError when the database cannot be used."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def subscription(self, subscription_id: int) -> Subscription | None:
        """Return a subscription by its number."""
        return await self._database.reading(_subscription, subscription_id)

    async def reader(self, subscriber_id: int) -> Reader | None:
        """Return a reader with the digests they get, by their number."""
        return await self._reader(subscribers.c.id == subscriber_id)

    async def reader_at(self, address: str) -> Reader | None:
        """Return the reader with this address."""
        return await self._reader(subscribers.c.address_key == address_key(address))

    async def rotate(self, subscriber_id: int) -> None:
        """Replace the reader's links by new ones; the old ones stay good for leaving only."""
        which = subscribers.c.id == subscriber_id
        async with self._database.write() as connection:
            await connection.execute(
                update(subscribers).where(which).values(generation=subscribers.c.generation + 1)
            )

    async def leave(self, subscription_id: int, now: datetime) -> Subscription | None:
        """Let the reader go, at once; whoever has left stays gone, and leaving twice is the same.

        Returns the subscription as it is then.
        """
        return await self._database.writing_first(_leave, subscription_id, now)

    async def come_back(self, subscription_id: int) -> None:
        """Take a leaving back, as if it had not been; of one of long ago, see `subscribing`."""
        which = subscriptions.c.id == subscription_id
        async with self._database.write() as connection:
            await connection.execute(update(subscriptions).where(which).values(left_at=None))

    async def erase(self, subscriber_id: int, now: datetime) -> None:
        """Forget who a reader is; their deliveries go on counting, and name nobody.

        An address that must not be written to stays on that list.
        """
        mine = subscribers.c.id == subscriber_id
        async with self._database.write(Lock.OPEN) as connection:
            keys = select(subscribers.c.address_key, subscribers.c.address_hash).where(mine)
            found = (await connection.execute(keys)).one_or_none()
            if found is None:
                return
            theirs = subscriptions.c.subscriber_id == subscriber_id
            left = func.coalesce(
                subscriptions.c.left_at, literal(now, subscriptions.c.left_at.type)
            )
            gone = {"declared": False, "added": False, "chosen": {}, "left_at": left}
            await connection.execute(update(subscriptions).where(theirs).values(gone))
            nobody: dict[str, object] = {"address": "", "name": "", "declared": None, "chosen": {}}
            nobody |= {"address_key": f"erased {subscriber_id}", "address_hash": None}
            nobody |= {"generation": subscribers.c.generation + 1}
            await connection.execute(update(subscribers).where(mine).values(nobody))
            await following.forget(connection)  # somebody may declare them still
            dead = dead_addresses.c.address_key.in_([key for key in found if key])
            await connection.execute(delete(dead_addresses).where(dead))
            said = update(deliveries).where(deliveries.c.subscriber_id == subscriber_id)
            await connection.execute(said.values(words=""))
            back = update(returned).where(returned.c.subscriber_id == subscriber_id)
            await connection.execute(back.values(words=""))

    async def secret_keys(self, now: datetime) -> tuple[SecretKey, ...]:
        """Return the store's secret keys, the one in use first; make one where there is none."""
        query = select(secret_keys.c.id, secret_keys.c.secret).order_by(
            secret_keys.c.active.desc(), secret_keys.c.id.desc()
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        if not rows:
            async with self._database.write(Lock.OPEN) as connection:
                rows = (await connection.execute(query)).all()
                if not rows:
                    secret = secrets.token_bytes(32)
                    row = {"id": 1, "secret": secret, "active": True, "created_at": now}
                    await connection.execute(insert(secret_keys).values(row))
                    rows = (await connection.execute(query)).all()
        return tuple(SecretKey(id_, secret) for id_, secret in rows)

    async def count(self) -> int:
        """Count the readers of at least one digest."""
        query = select(func.count(subscriptions.c.subscriber_id.distinct())).where(active())
        async with self._database.read() as connection:
            return await connection.scalar(query) or 0

    async def _reader(self, which: ColumnElement[bool]) -> Reader | None:
        joined = (
            select(subscriptions.c.digest, lanes.c.selection)
            .join(lanes, lanes.c.id == subscriptions.c.lane_id)
            .join(subscribers, subscribers.c.id == subscriptions.c.subscriber_id)
            .where(which, active())
        )
        async with self._database.read() as connection:
            found = await connection.execute(select(subscribers).where(which))
            row = found.one_or_none()
            places = (await connection.execute(joined)).all()
        digests = {digest: chosen_in(selection) for digest, selection in places}
        return Reader(row.id, row.address, row.name, row.generation, digests) if row else None


def _subscription(connection: Connection, subscription_id: int) -> Subscription | None:
    row = connection.execute(_ONE, {"its_id": subscription_id}).one_or_none()
    if row is None:
        return None
    beside = connection.execute(_BESIDE, {"its_id": subscription_id}).all()
    declared = declaration_from_plain(row.declared) if row.declared is not None else None
    left = row.left_at is not None
    return Subscription(
        id=row.id,
        digest=row.digest,
        address=row.address,
        generation=row.generation,
        left_at=row.left_at,
        language=reader_of(row.address, declared, profile_from_plain(row.chosen)).language,
        others=frozenset(one.digest for one in beside if one.active),
        left_with=frozenset(one.digest for one in beside if left and one.left_at == row.left_at),
    )


def _leave(connection: Connection, subscription_id: int, now: datetime) -> Subscription | None:
    which = (subscriptions.c.id == subscription_id) & subscriptions.c.left_at.is_(None)
    # How far the reader had come is kept, for the lane goes on without them.
    connection.execute(update(subscriptions).where(which).values(left_at=now, cursor=place()))
    return _subscription(connection, subscription_id)


def _beside() -> Select[str, bool, datetime]:
    mine = subscriptions.alias()
    whose = select(mine.c.subscriber_id).where(mine.c.id == _ITS_ID).scalar_subquery()
    theirs = (subscriptions.c.subscriber_id == whose, subscriptions.c.id != _ITS_ID)
    columns = (subscriptions.c.digest, active().label("active"), subscriptions.c.left_at)
    return select(*columns).where(*theirs)


_ITS_ID = bindparam("its_id", type_=subscriptions.c.id.type)
_ONE = (
    select(
        subscriptions.c.id,
        subscriptions.c.digest,
        subscribers.c.address,
        subscribers.c.generation,
        subscribers.c.declared,
        subscribers.c.chosen,
        subscriptions.c.left_at,
    )
    .join(subscribers, subscribers.c.id == subscriptions.c.subscriber_id)
    .where(subscriptions.c.id == _ITS_ID)
)
_BESIDE = _beside()
