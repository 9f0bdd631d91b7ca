"""The roster: all SQL about readers, their subscriptions and the addresses not to be written to.

Declared readers come and go with the configuration; what a reader decided outlives that. Leaves
the choice of lanes to its callers.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from feeds.kit.database import Database, Lock
from notifier.digest.issue import LaneKey
from notifier.subscriber import address_key
from notifier.tables import (
    dead_addresses,
    lanes,
    secret_keys,
    subscribers,
    subscriptions,
    suppressions,
)
from notifier.tokens import SecretKey

_CHUNK = 200
_ANOTHER_DAY = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """A reader's place in one digest: the lane, and the arrival that a newcomer starts after."""

    lane: LaneKey
    cursor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A reader as the configuration wants one, with a place in each digest asked for."""

    address: str
    name: str
    places: tuple[Placement, ...]

    @property
    def declared(self) -> dict[str, object]:
        """What is kept to tell whether the declaration has changed."""
        lanes_ = {place.lane.digest: list(_columns(place.lane).values()) for place in self.places}
        return {"address": self.address, "name": self.name, "lanes": lanes_}


@dataclass(frozen=True, slots=True)
class Reconciled:
    """How many declared readers were added, changed and removed."""

    added: int = 0
    changed: int = 0
    removed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """One reader's subscription, as the pages for leaving need it."""

    id: int
    digest: str
    address: str
    generation: int
    left_at: datetime | None


@dataclass(frozen=True, slots=True)
class Reader:
    """A reader, and for each digest that they get the topics they picked."""

    id: int
    address: str
    name: str
    generation: int
    digests: Mapping[str, tuple[str, ...]]


class Roster:
    """All SQL about readers. Raises StoreError when the database cannot be used."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def reconcile(self, wanted: Sequence[Wanted], now: datetime) -> Reconciled:
        """Make the declared readers those `wanted`; touch nothing that a reader has chosen."""
        added = changed = 0
        for start in range(0, len(wanted), _CHUNK):
            fresh, edited = await self._reconcile_some(wanted[start : start + _CHUNK], now)
            added, changed = added + fresh, changed + edited
        removed = await self._remove({address_key(reader.address) for reader in wanted})
        return Reconciled(added, changed, removed)

    async def subscription(self, subscription_id: int) -> Subscription | None:
        """Return a subscription by its number."""
        query = (
            select(
                subscriptions.c.id,
                subscriptions.c.digest,
                subscribers.c.address,
                subscribers.c.generation,
                subscriptions.c.left_at,
            )
            .join(subscribers, subscribers.c.id == subscriptions.c.subscriber_id)
            .where(subscriptions.c.id == subscription_id)
        )
        async with self._database.read() as connection:
            row = (await connection.execute(query)).mappings().one_or_none()
        return Subscription(**row) if row else None

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

    async def leave(self, subscription_id: int, now: datetime) -> None:
        """Let the reader go; whoever has left stays gone, and leaving twice is the same."""
        which = subscriptions.c.id == subscription_id
        await self._set_left(which & subscriptions.c.left_at.is_(None), now)

    async def come_back(self, subscription_id: int) -> None:
        """Take a leaving back."""
        await self._set_left(subscriptions.c.id == subscription_id, None)

    async def suppress(self, address: str, reason: str, detail: str, now: datetime) -> None:
        """Never write to `address` again, whatever is declared."""
        key = address_key(address)
        async with self._database.write() as connection:
            await connection.execute(delete(suppressions).where(suppressions.c.address_key == key))
            row = {"address_key": key, "reason": reason, "detail": detail, "since": now}
            await connection.execute(self._database.insert_new(suppressions).values(row))

    async def note_dead_address(self, address: str, words: str, now: datetime) -> bool:
        """Note that a server said there is no `address`; the second time, a day on, is final.

        Providers have said so falsely for hours. Returns whether the address is written off.
        """
        key = address_key(address)
        which = dead_addresses.c.address_key == key
        async with self._database.write() as connection:
            first = await connection.scalar(select(dead_addresses.c.first_at).where(which))
            if first is None:
                row = {"address_key": key, "first_at": now}
                await connection.execute(self._database.insert_new(dead_addresses).values(row))
        if first is None or now - first < _ANOTHER_DAY:
            return False
        await self.suppress(address, "no such address", words, now)
        return True

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
        digests = {digest: tuple(topics.split()) for digest, topics in places}
        return Reader(row.id, row.address, row.name, row.generation, digests) if row else None

    async def _set_left(self, which: ColumnElement[bool], at: datetime | None) -> None:
        async with self._database.write() as connection:
            await connection.execute(update(subscriptions).where(which).values(left_at=at))

    async def _reconcile_some(self, wanted: Sequence[Wanted], now: datetime) -> tuple[int, int]:
        """Compare a few readers with what stands there; write only those that differ."""
        columns = (subscribers.c.address_key, subscribers.c.declared)
        keys = [address_key(reader.address) for reader in wanted]
        query = select(*columns).where(subscribers.c.address_key.in_(keys))
        async with self._database.read() as connection:
            standing = dict((await connection.execute(query)).all())
        differing = [
            r for r, key in zip(wanted, keys, strict=True) if standing.get(key) != r.declared
        ]
        if differing:
            async with self._database.write(Lock.OPEN) as connection:
                for reader in differing:
                    await _declare(connection, reader, now)
        added = sum(address_key(reader.address) not in standing for reader in differing)
        return added, len(differing) - added

    async def _remove(self, keep: Collection[str]) -> int:
        """Undeclare whoever is declared and not among `keep`."""
        query = select(subscribers.c.id, subscribers.c.address_key).where(
            subscribers.c.declared.is_not(None)
        )
        async with self._database.read() as connection:
            gone = [id_ for id_, key in await connection.execute(query) if key not in keep]
        for start in range(0, len(gone), _CHUNK):
            some = gone[start : start + _CHUNK]
            async with self._database.write(Lock.OPEN) as connection:
                reader = update(subscribers).where(subscribers.c.id.in_(some))
                await connection.execute(reader.values(declared=None))
                theirs = update(subscriptions).where(subscriptions.c.subscriber_id.in_(some))
                await connection.execute(theirs.values(declared=False))
        return len(gone)


def active() -> ColumnElement[bool]:
    """The condition that a subscription is in force: declared, and not left."""
    return subscriptions.c.declared & subscriptions.c.left_at.is_(None)


async def _declare(connection: AsyncConnection, reader: Wanted, now: datetime) -> None:
    """Write one declared reader and the subscriptions that go with the declaration."""
    key = address_key(reader.address)
    values = {"address": reader.address, "name": reader.name, "declared": reader.declared}
    which = subscribers.c.address_key == key
    id_ = await connection.scalar(
        update(subscribers).where(which).values(values).returning(subscribers.c.id)
    )
    if id_ is None:
        fresh = values | {"address_key": key, "chosen": {}, "generation": 1, "created_at": now}
        id_ = await connection.scalar(insert(subscribers).values(fresh).returning(subscribers.c.id))
    theirs = subscriptions.c.subscriber_id == id_
    digests = [place.lane.digest for place in reader.places]
    await connection.execute(
        update(subscriptions)
        .where(theirs, subscriptions.c.digest.not_in(digests))
        .values(declared=False)
    )
    for place in reader.places:
        await _subscribe(connection, id_, place, now)


async def _subscribe(
    connection: AsyncConnection, subscriber_id: int, place: Placement, now: datetime
) -> None:
    """Put a reader into a lane; who comes from another lane keeps the cursor of that one."""
    lane_id, lane_cursor = await _lane(connection, place, now)
    which = (subscriptions.c.subscriber_id == subscriber_id) & (
        subscriptions.c.digest == place.lane.digest
    )
    query = select(
        subscriptions.c.lane_id,
        func.coalesce(subscriptions.c.cursor, lanes.c.cursor).label("cursor"),
    ).join(lanes, lanes.c.id == subscriptions.c.lane_id)
    before = (await connection.execute(query.where(which))).one_or_none()
    cursor = before.cursor if before else place.cursor
    own = {
        "declared": True,
        "lane_id": lane_id,
        "cursor": None if cursor == lane_cursor else cursor,
    }
    if before:
        if before.lane_id == lane_id:
            del own["cursor"]
        await connection.execute(update(subscriptions).where(which).values(own))
    else:
        fresh = {"subscriber_id": subscriber_id, "digest": place.lane.digest, "chosen": {}}
        await connection.execute(insert(subscriptions).values(**fresh, **own, since=now))


async def _lane(connection: AsyncConnection, place: Placement, now: datetime) -> tuple[int, int]:
    """Return number and cursor of the lane of `place`; a new or a deserted one begins now."""
    key = _columns(place.lane)
    which = and_(*(lanes.c[name] == value for name, value in key.items()))
    query = select(lanes.c.id, lanes.c.cursor, lanes.c.served_at, _inhabited().label("inhabited"))
    row = (await connection.execute(query.where(which))).one_or_none()
    begin: dict[str, object] = {"cursor": place.cursor, "served_at": now, "covered_to": now}
    if row is None:
        new = insert(lanes).values(**key, **begin).returning(lanes.c.id)
        return (await connection.execute(new)).scalar_one(), place.cursor
    if row.inhabited or row.served_at > now:
        return row.id, row.cursor
    begin["cursor"] = cursor = max(row.cursor, place.cursor)
    await connection.execute(update(lanes).where(which).values(begin))
    return row.id, cursor


def _inhabited() -> ColumnElement[bool]:
    """Whether a lane has a reader who gets its issues: one without any is not served."""
    suppressed = select(suppressions.c.address_key).where(
        suppressions.c.address_key == subscribers.c.address_key
    )
    reader = select(subscriptions.c.id).join(subscribers)
    here = (subscriptions.c.lane_id == lanes.c.id, active(), ~suppressed.exists())
    return reader.where(*here).correlate(lanes).exists()


def _columns(lane: LaneKey) -> dict[str, str]:
    return {
        "digest": lane.digest,
        "schedule": lane.schedule,
        "timezone": lane.timezone,
        "language": lane.language,
        "selection": " ".join(lane.selection),
    }
