"""Declared readers: all SQL that makes the roster agree with the configuration.

They come and go with it; what a reader decided outlives that. Leaves the choice of lanes to its
callers.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, ScalarSelect, and_, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from feeds.kit.database import Database, Lock
from notifier.digest.lane import LaneKey
from notifier.subscriber import address_key
from notifier.tables import (
    active,
    deliveries,
    issues,
    lanes,
    subscribers,
    subscriptions,
    suppressions,
)

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


class Declared:
    """The declared readers of the roster. Raises StoreError when the database cannot be used."""

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

    async def publish(self, places: Sequence[Placement], now: datetime) -> None:
        """Make these lanes public, and no others; their issues are made though nobody reads them."""
        keys = [_columns(place.lane) for place in places]
        columns = [lanes.c[name] for name in (*_KEY, "public")]
        async with self._database.read() as connection:
            known = (await connection.execute(select(*columns).where(lanes.c.public))).mappings()
            standing = [{name: row[name] for name in _KEY} for row in known]
        if all(key in standing for key in keys) and len(keys) == len(standing):
            return
        async with self._database.write(Lock.OPEN) as connection:
            ids = [await _lane(connection, place, now) for place in places]
            await connection.execute(update(lanes).values(public=lanes.c.id.in_(ids)))

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
    lane_id = await _lane(connection, place, now)
    which = (subscriptions.c.subscriber_id == subscriber_id) & (
        subscriptions.c.digest == place.lane.digest
    )
    query = select(
        subscriptions.c.id,
        subscriptions.c.lane_id,
        func.coalesce(subscriptions.c.cursor, lanes.c.cursor).label("cursor"),
    ).join(lanes, lanes.c.id == subscriptions.c.lane_id)
    before = (await connection.execute(query.where(which))).one_or_none()
    own: dict[str, object] = {"declared": True, "lane_id": lane_id}
    if before is None:
        fresh = {"subscriber_id": subscriber_id, "digest": place.lane.digest, "chosen": {}}
        fresh |= {"cursor": place.cursor, "since": now}
        await connection.execute(insert(subscriptions).values(**fresh, **own))
        return
    if before.lane_id != lane_id:
        own |= {"cursor": before.cursor, "served_on": last_served_on(before.id)}
    await connection.execute(update(subscriptions).where(which).values(own))


async def _lane(connection: AsyncConnection, place: Placement, now: datetime) -> int:
    """Return the number of the lane of `place`; a new or a deserted one begins now."""
    key = _columns(place.lane)
    which = and_(*(lanes.c[name] == value for name, value in key.items()))
    query = select(lanes, _inhabited().label("inhabited"))
    row = (await connection.execute(query.where(which))).one_or_none()
    begin: dict[str, object] = {"cursor": place.cursor, "served_at": now, "covered_to": now}
    if row is None:
        new = insert(lanes).values(**key, **begin).returning(lanes.c.id)
        number: int = (await connection.execute(new)).scalar_one()
        return number
    if not (row.inhabited or row.public or row.served_at > now):
        begin["cursor"] = max(row.cursor, place.cursor)
        await connection.execute(update(lanes).where(which).values(begin))
    found: int = row.id
    return found


def last_served_on(subscription_id: int) -> ScalarSelect[str]:
    """The local date of the last slot of which this subscription got the issue, or will."""
    return (
        select(func.max(issues.c.local_date))
        .join(deliveries, deliveries.c.issue_id == issues.c.id)
        .where(
            deliveries.c.subscription_id == subscription_id,
            deliveries.c.subscriber_id
            == select(subscriptions.c.subscriber_id)
            .where(subscriptions.c.id == subscription_id)
            .scalar_subquery(),
            deliveries.c.state.not_in(["expired", "skipped", "failed"]),
        )
        .scalar_subquery()
    )


def _inhabited() -> ColumnElement[bool]:
    """Whether a lane has a reader who gets its issues: one without any is not served."""
    suppressed = select(suppressions.c.address_key).where(
        suppressions.c.address_key == subscribers.c.address_key
    )
    reader = select(subscriptions.c.id).join(subscribers)
    here = (subscriptions.c.lane_id == lanes.c.id, active(), ~suppressed.exists())
    return reader.where(*here).correlate(lanes).exists()


_KEY = ("digest", "schedule", "timezone", "language", "selection")


def _columns(lane: LaneKey) -> dict[str, str]:
    return {
        "digest": lane.digest,
        "schedule": lane.schedule,
        "timezone": lane.timezone,
        "language": lane.language,
        "selection": lane.selection,
    }
