"""All SQL about the hub's subscriptions in force.

The row is the work: while what was pushed is behind what is wanted, it is due, so a subscriber
that was down gets the newest state once, and a process that dies loses nothing. A fence keeps a
late answer from touching a subscription that was renewed meanwhile. Decides nothing about HTTP.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    RowMapping,
    and_,
    case,
    delete,
    func,
    insert,
    literal,
    null,
    select,
    update,
)

from feeds.kit.database import Database, Lock
from feeds.kit.instants import Instant
from feeds.store.tables import websub_requests as requests
from feeds.store.tables import websub_subscriptions as subscriptions
from feeds.websub import queue
from feeds.websub.protocol import Mode


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """A subscription whose callback is behind its topic; `wanted` is the serial it should have."""

    key: str
    callback: str
    host: str
    topic: str
    secret: bytes = field(repr=False)
    wanted: int
    attempts: int
    fence: int


@dataclass(frozen=True, slots=True)
class Counts:
    """How many subscriptions are in force, and how many of these are behind their topic."""

    subscriptions: int
    behind: int


class Subscriptions:
    """The subscriptions. Raises StoreError when the database cannot be used."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def has(self, callback: str, topic: str, now: datetime) -> bool:
        """Tell whether a subscription is in force."""
        ours = subscriptions.c.key == queue.key(callback, topic)
        query = select(subscriptions.c.key).where(ours, subscriptions.c.lease_until > now)
        async with self._database.read() as connection:
            return (await connection.execute(query)).first() is not None

    async def counts(self, now: datetime) -> Counts:
        """Count the subscriptions in force."""
        behind = func.count().filter(subscriptions.c.pushed < subscriptions.c.wanted)
        query = select(func.count(), behind).where(subscriptions.c.lease_until > now)
        async with self._database.read() as connection:
            return Counts(*(await connection.execute(query)).one())

    async def announce(self, serials: Mapping[str, int], now: datetime) -> int:
        """Let every subscription want its topic's serial; return for how many that is news.

        One that waits because its callback failed goes on waiting, for the newest state then.
        """
        oldest = select(subscriptions.c.topic, func.min(subscriptions.c.wanted))
        oldest = oldest.where(subscriptions.c.lease_until > now).group_by(subscriptions.c.topic)
        async with self._database.read() as connection:
            rows = (await connection.execute(oldest)).all()
        news = {topic for topic, wanted in rows if wanted < serials.get(topic, 0)}
        if not news:
            return 0
        count = 0
        rests = subscriptions.c.due.is_(None)
        async with self._database.write(Lock.PUBLISH) as connection:
            for topic in sorted(news):
                behind = (subscriptions.c.topic == topic, subscriptions.c.wanted < serials[topic])
                values = {
                    "wanted": serials[topic],
                    "due": func.coalesce(subscriptions.c.due, literal(now, Instant)),
                    "attempts": case((rests, 0), else_=subscriptions.c.attempts),
                }
                done = await connection.execute(update(subscriptions).where(*behind).values(values))
                count += done.rowcount
        return count

    async def waiting(
        self, now: datetime, full_hosts: Collection[str], *, firsts_only: bool
    ) -> Sequence[Push]:
        """Return what is due, but for `full_hosts`; nothing is claimed yet."""
        query = queue.waiting(subscriptions, now, full_hosts, firsts_only=firsts_only)
        query = query.where(subscriptions.c.lease_until > now)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [_push(row) for row in rows]

    async def claim(self, chosen: Sequence[Push], now: datetime, until: datetime) -> Sequence[Push]:
        """Take those of `chosen` that nobody else has taken, until `until`."""
        keys = [push.key for push in chosen]
        values = {"claimed_until": until, "fence": subscriptions.c.fence + 1}
        taken = await queue.claim(self._database, subscriptions, keys, now, values)
        return [_push(row) for row in taken]

    async def delivered(self, push: Push, serial: int, now: datetime, answer: str) -> None:
        """Record that the callback has `serial`; if more is wanted by now, it is due at once."""
        more = subscriptions.c.wanted > serial
        await self._settle(
            push,
            pushed=serial,
            wanted=case((more, subscriptions.c.wanted), else_=serial),
            due=case((more, literal(now, Instant))),
            attempts=0,
            answer=answer,
        )

    async def failed(self, push: Push, due: datetime | None, now: datetime, answer: str) -> None:
        """Record a failure: again at `due`, or, if that is None, when the topic changes."""
        values: dict[str, object] = {"attempts": push.attempts + 1, "due": due}
        if due is None:
            changed = subscriptions.c.wanted > push.wanted
            values["due"] = case((changed, literal(now, Instant)))
            values["attempts"] = case((changed, 0), else_=push.attempts + 1)
        await self._settle(push, **values, answer=answer)

    async def postpone(self, push: Push, due: datetime) -> None:
        """Give a claim back until `due`; nothing was tried."""
        await self._settle(push, due=due)

    async def end(self, push: Push) -> None:
        """End a subscription that its callback says is gone."""
        async with self._database.write() as connection:
            await connection.execute(delete(subscriptions).where(_is(push)))

    async def deny(self, topics: Collection[str], ticket: str, now: datetime) -> int:
        """End the subscriptions to `topics`; their callbacks are to be told. Return how many."""
        ours = subscriptions.c.topic.in_(topics)
        async with self._database.write(Lock.PUBLISH) as connection:
            rows = (await connection.execute(select(subscriptions).where(ours))).mappings().all()
            if not rows:
                return 0
            theirs = requests.c.key.in_(select(subscriptions.c.key).where(ours))
            await connection.execute(delete(requests).where(theirs))
            await connection.execute(delete(subscriptions).where(ours))
            same = ("key", "callback", "host", "topic")
            fixed = {"mode": str(Mode.DENIED), "secret": b"", "lease": 0, "serial": 0}
            fixed |= {"ticket": ticket, "requested_at": now, "due": now, "attempts": 0}
            told = [{n: row[n] for n in same} | fixed | {"said": row["topic"]} for row in rows]
            await connection.execute(insert(requests), told)
        return len(rows)

    async def expire(self, now: datetime) -> int:
        """End the subscriptions whose lease has run out; return how many."""
        over = subscriptions.c.lease_until <= now
        async with self._database.read() as connection:
            if (await connection.execute(select(subscriptions.c.key).where(over))).first() is None:
                return 0
        async with self._database.write() as connection:
            return (await connection.execute(delete(subscriptions).where(over))).rowcount

    async def abandon(self) -> None:
        """Free every claim: for whoever knows that no other process has any."""
        await queue.abandon(self._database, subscriptions)

    async def _settle(self, push: Push, **values: object) -> None:
        async with self._database.write() as connection:
            await connection.execute(
                update(subscriptions).where(_is(push)).values(**values, claimed_until=null())
            )


def _push(row: RowMapping) -> Push:
    return Push(**{each.name: row[each.name] for each in fields(Push)})


def _is(push: Push) -> ColumnElement[bool]:
    return and_(subscriptions.c.key == push.key, subscriptions.c.fence == push.fence)
