"""Places: all SQL that enrols readers and puts them into lanes, declared and chosen ones alike.

Reads enrolments, and writes what differs in short transactions. What an enrolment should be is
decided elsewhere; one that has changed since it was read is left alone and told.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import bindparam, case, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from feeds.kit.database import Database, Lock
from notifier.digest.lane import LaneKey
from notifier.enrolment import Enrolment, Held
from notifier.plain import declaration_to_plain, profile_to_plain, terms_to_plain
from notifier.roster import following
from notifier.roster.following import Hand
from notifier.roster.lanes import KEY, enter, key_of, last_served_on, place
from notifier.roster.rows import enrolments, joined
from notifier.roster.standings import Lanes, Standing, standings
from notifier.subscriber import address_key
from notifier.tables import lanes, subscribers, subscriptions
from notifier.tokens import SecretKey, veiled

CHUNK = 200  # readers who are written in one transaction
_PAGE = 5000  # numbers and addresses that are looked through together
_ANYBODY = Hand()


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """From an enrolment as it was read (None: there was none) to what it should be.

    `starts` has the arrival after which a newcomer of each digest would begin, for all digests in
    which something differs. In those that are begun `anew`, a reader who was there before is owed
    nothing that is older.
    """

    before: Enrolment | None
    after: Enrolment
    starts: Mapping[str, int] = field(default_factory=dict)
    anew: frozenset[str] = frozenset()

    @property
    def key(self) -> str:
        """By what the roster knows the reader."""
        return address_key((self.before or self.after).address)


class Places:
    """The places of readers. Raises StoreError when the database cannot be used.

    With a `veil` the hash of an address is written beside it, by which a suppression is known.
    """

    def __init__(self, database: Database, veil: SecretKey | None = None) -> None:
        self._database = database
        self._veil = veil

    async def enrolments(self, keys: Collection[str]) -> dict[str, Enrolment]:
        """Return the readers with these address keys who are there, by key; a few hundred."""
        async with self._database.read() as connection:
            return await _read(connection, keys)

    def standings(self) -> AsyncIterator[tuple[list[Standing], Lanes]]:
        """Yield all who are there in pages, with the lanes that the numbers in them mean."""
        return standings(self._database)

    async def declared(self) -> AsyncIterator[list[str]]:
        """Yield the address keys of all who have a digest by the configuration, in pages."""
        mine = subscriptions.c.subscriber_id == subscribers.c.id
        by_declaration = select(subscriptions.c.id).where(
            mine, subscriptions.c.declared, subscriptions.c.left_at.is_(None)
        )
        query = (
            select(subscribers.c.id, subscribers.c.address_key)
            .where(by_declaration.correlate(subscribers).exists())
            .order_by(subscribers.c.id)
            .limit(_PAGE)
        )
        last = 0
        while True:
            async with self._database.read() as connection:
                rows = (await connection.execute(query.where(subscribers.c.id > last))).all()
            if not rows:
                return
            yield [key for _, key in rows]
            last = rows[-1][0]

    async def followed(self) -> str:
        """Return the name of the declaration that all readers follow; "" if that is not known."""
        async with self._database.read() as connection:
            return await following.declaration_followed(connection)

    async def begin(self, rules: str) -> Hand:
        """Begin a turn in which all readers are made to follow a declaration, by `rules`."""
        async with self._database.write(Lock.OPEN) as connection:
            return await following.begin(connection, rules)

    async def end(self, hand: Hand, declaration: str) -> None:
        """End a turn: all readers follow `declaration`, if nobody else has written meanwhile."""
        async with self._database.write(Lock.OPEN) as connection:
            await following.end(connection, hand, declaration)

    async def apply(
        self, changes: Sequence[Change], now: datetime, hand: Hand = _ANYBODY
    ) -> list[Change]:
        """Write `changes`; return those whose reader has changed since, which were not written."""
        stale: list[Change] = []
        for start in range(0, len(changes), CHUNK):
            async with self._database.write(Lock.OPEN) as connection:
                some = changes[start : start + CHUNK]
                standing = await _read(connection, [change.key for change in some])
                fresh = [one for one in some if standing.get(one.key) == one.before]
                stale += [one for one in some if standing.get(one.key) != one.before]
                if fresh:
                    await following.wrote(connection, hand)
                    await _write(connection, fresh, self._veil, now)
        return stale

    async def are_public(self, keys: Collection[LaneKey]) -> bool:
        """Tell whether just these lanes are public."""
        columns = [lanes.c[name] for name in KEY]
        async with self._database.read() as connection:
            known = await connection.execute(select(*columns).where(lanes.c.public))
            return {key_of(*row) for row in known} == set(keys)

    async def publish(self, starts: Mapping[LaneKey, int], now: datetime) -> None:
        """Make these lanes public, and no others; their issues are made though nobody reads them.

        A new one begins after the arrival that is given.
        """
        if await self.are_public(starts):
            return
        async with self._database.write(Lock.OPEN) as connection:
            ids = (await enter(connection, starts, now)).values()
            await connection.execute(update(lanes).values(public=lanes.c.id.in_(ids)))


async def _read(connection: AsyncConnection, keys: Collection[str]) -> dict[str, Enrolment]:
    query = joined().where(subscribers.c.address_key.in_(keys))
    return dict(enrolments((await connection.execute(query)).all()))


async def _write(
    connection: AsyncConnection, changes: Sequence[Change], veil: SecretKey | None, now: datetime
) -> None:
    ids = await _write_readers(connection, changes, veil, now)
    numbers = await enter(connection, _starts(changes), now)
    rows = [
        _Row(ids[change.key], digest, change, one, numbers.get(one.lane) if one.lane else None, now)
        for change in changes
        for digest, one in change.after.held.items()
    ]
    new = [row.inserted for row in rows if row.before is None]
    if new:
        await connection.execute(insert(subscriptions), new)
    await _rewrite(connection, [row for row in rows if row.before not in (None, row.held)])


@dataclass(frozen=True, slots=True)
class _Row:
    """One subscription that is to be written."""

    subscriber_id: int
    digest: str
    change: Change
    held: Held
    lane_id: int | None
    now: datetime

    @property
    def before(self) -> Held | None:
        standing = self.change.before
        return standing.held.get(self.digest) if standing else None

    @property
    def start(self) -> int:
        return self.change.starts[self.digest]

    @property
    def values(self) -> dict[str, object]:
        return {
            "declared": self.held.declared,
            "added": self.held.added,
            "chosen": terms_to_plain(self.held.chosen),
            "lane_id": self.lane_id,
            "paused_until": self.held.paused_until,
            "left_at": self.held.left_at,
        }

    @property
    def inserted(self) -> dict[str, object]:
        who = {"subscriber_id": self.subscriber_id, "digest": self.digest}
        return self.values | who | {"cursor": self.start, "began": self.start, "since": self.now}

    @property
    def moves(self) -> bool:
        return self.before is not None and self.before.lane != self.held.lane

    @property
    def stops(self) -> bool:
        return self.before is not None and self.before.active and not self.held.active


async def _write_readers(
    connection: AsyncConnection, changes: Sequence[Change], veil: SecretKey | None, now: datetime
) -> dict[str, int]:
    """Write the readers themselves; return their numbers by address key."""
    rows = {change.key: _reader_row(change) for change in changes}
    new = [
        row
        | {"address_key": change.key, "generation": 1, "created_at": now}
        | {"address_hash": veiled(veil, change.key) if veil else None}
        for change in changes
        if change.before is None
        for row in [rows[change.key]]
    ]
    if new:
        await connection.execute(insert(subscribers), new)
    edited = [
        rows[change.key] | {"its_key": change.key}
        for change in changes
        if change.before is not None and _is_edited(change.before, change.after)
    ]
    if edited:
        mine = subscribers.c.address_key == bindparam("its_key")
        await connection.execute(update(subscribers).where(mine), edited)
    query = select(subscribers.c.address_key, subscribers.c.id)
    found = await connection.execute(query.where(subscribers.c.address_key.in_(rows)))
    return dict(found.all())


def _reader_row(change: Change) -> dict[str, object]:
    after = change.after
    wanted = any(one.declared or one.added for one in after.held.values())
    named = after if wanted or change.before is None else change.before
    return {
        "address": after.address,
        "name": named.reader.name,  # who is not declared any more keeps it
        "declared": declaration_to_plain(after.declared) if after.declared else None,
        "chosen": profile_to_plain(after.chosen),
    }


def _is_edited(before: Enrolment, after: Enrolment) -> bool:
    return (before.address, before.declared, before.chosen) != (
        after.address,
        after.declared,
        after.chosen,
    )


def _starts(changes: Sequence[Change]) -> dict[LaneKey, int]:
    """Return all lanes that somebody is to stand in, and where a new one begins."""
    found: dict[LaneKey, int] = {}
    for change in changes:
        held = change.before.held if change.before else {}
        for digest, one in change.after.held.items():
            if one.lane and one != held.get(digest):
                found.setdefault(one.lane, change.starts[digest])
    return found


async def _rewrite(connection: AsyncConnection, rows: Sequence[_Row]) -> None:
    """Write subscriptions that were there: who moves or stops takes along how far they had come."""
    if not rows:
        return
    mine = (
        subscriptions.c.subscriber_id == bindparam("whose"),
        subscriptions.c.digest == bindparam("which"),
    )

    async def run(
        values: Mapping[str, object], some: Sequence[_Row], *more: Mapping[str, object]
    ) -> None:
        if some:
            named = [{"whose": row.subscriber_id, "which": row.digest} for row in some]
            given = [{**a, **b} for a, b in zip(named, more, strict=True)] if more else named
            await connection.execute(update(subscriptions).where(*mine).values(values), given)

    anew = [row for row in rows if row.digest in row.change.anew]
    own = [row for row in rows if row.moves or row.stops or row.digest in row.change.anew]
    await run({"cursor": place()}, own)
    await run({"served_on": last_served_on()}, [row for row in rows if row.moves])
    start = bindparam("start", type_=subscriptions.c.cursor.type)
    columns = (subscriptions.c.cursor, subscriptions.c.began)
    later = {column.name: case((column < start, start), else_=column) for column in columns}
    await run(later, anew, *({"start": row.start} for row in anew))
    names = rows[0].values
    await run(
        {name: bindparam(f"new_{name}", type_=subscriptions.c[name].type) for name in names},
        rows,
        *({f"new_{name}": value for name, value in row.values.items()} for row in rows),
    )
