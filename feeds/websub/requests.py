"""All SQL about requests to the hub that wait for their callback's word.

A request outlives the process that accepted it, and takes effect only once it is verified. Its
ticket keeps a late answer from touching what has replaced it. Decides nothing about HTTP.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta

from sqlalchemy import (
    ColumnElement,
    RowMapping,
    and_,
    case,
    delete,
    func,
    literal,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from feeds.kit.database import Database
from feeds.kit.instants import Instant
from feeds.store.tables import websub_requests as requests
from feeds.store.tables import websub_subscriptions as subscriptions
from feeds.websub import queue
from feeds.websub.protocol import Mode, Wish


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A callback that is to confirm a request, or to be told that it is `denied`.

    `serial` is that of the topic when the request came; `lease` is in seconds.
    """

    key: str
    ticket: str
    mode: Mode
    callback: str
    host: str
    topic: str
    said: str
    secret: bytes = field(repr=False)
    lease: int
    serial: int
    attempts: int = 0


class Requests:
    """The requests. Raises StoreError when the database cannot be used."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._insert = sqlite.insert if database.is_sqlite else postgresql.insert

    async def pressure(self, host: str, now: datetime, memory: timedelta) -> tuple[int, int]:
        """Count requests that wait, or have come to nothing within `memory`: of `host`, in all."""
        counted = or_(requests.c.due.is_not(None), requests.c.requested_at > now - memory)
        of_host = func.count().filter(requests.c.host == host)
        query = select(of_host, func.count()).select_from(requests).where(counted)
        async with self._database.read() as connection:
            ours, all_ = (await connection.execute(query)).one()
        return ours, all_

    async def keep(self, wish: Wish, host: str, serial: int, ticket: str, now: datetime) -> None:
        """Keep a request until its callback has been asked; replaces an earlier, unverified one."""
        row = {
            "ticket": ticket,
            "mode": str(wish.mode),
            "callback": wish.callback,
            "host": host,
            "topic": wish.topic,
            "said": wish.said,
            "secret": wish.secret,
            "lease": wish.lease,
            "serial": serial,
            "requested_at": now,
            "attempts": 0,
            "due": now,
            "claimed_until": null(),
        }
        new = self._insert(requests).values(**row, key=queue.key(wish.callback, wish.topic))
        kept = new.on_conflict_do_update(index_elements=[requests.c.key], set_=row)
        async with self._database.write() as connection:
            await connection.execute(kept)

    async def waiting(
        self, now: datetime, full_hosts: Collection[str], *, firsts_only: bool
    ) -> Sequence[Request]:
        """Return requests that are due, but for `full_hosts`; nothing is claimed yet."""
        query = queue.waiting(requests, now, full_hosts, firsts_only=firsts_only)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [_request(row) for row in rows]

    async def claim(
        self, chosen: Sequence[Request], now: datetime, until: datetime
    ) -> Sequence[Request]:
        """Take those of `chosen` that nobody else has taken, until `until`."""
        keys = [request.key for request in chosen]
        values = {"claimed_until": until}
        return [
            _request(row) for row in await queue.claim(self._database, requests, keys, now, values)
        ]

    async def activate(self, request: Request, asked_at: datetime, serial: int) -> bool:
        """Let a request take effect that was verified at `asked_at`; False if it was replaced.

        A new subscription is owed what has changed since it was requested: `serial` is the
        topic's now. A renewed one has its new lease and secret, and is owed what it was.
        """
        async with self._database.write() as connection:
            if not (await connection.execute(delete(requests).where(_is(request)))).rowcount:
                return False
            if request.mode is Mode.SUBSCRIBE:
                await connection.execute(self._subscription(request, asked_at, serial))
            else:
                ours = subscriptions.c.key == request.key
                await connection.execute(delete(subscriptions).where(ours))
        return True

    async def wait(self, request: Request, due: datetime) -> None:
        """Let a request be tried again at `due`: its callback gave no answer."""
        values = {"due": due, "attempts": requests.c.attempts + 1, "claimed_until": null()}
        async with self._database.write() as connection:
            await connection.execute(update(requests).where(_is(request)).values(values))

    async def fail(self, request: Request) -> None:
        """Leave everything as it was; the request counts against its host for a while."""
        values = {"due": null(), "secret": b"", "claimed_until": null()}
        async with self._database.write() as connection:
            await connection.execute(update(requests).where(_is(request)).values(values))

    async def forget(self, request: Request) -> None:
        """Drop a request whose callback has been told."""
        async with self._database.write() as connection:
            await connection.execute(delete(requests).where(_is(request)))

    async def deny(self, request: Request) -> None:
        """Let the callback be told that there will be no subscription, instead of asked."""
        values = {"mode": str(Mode.DENIED), "secret": b"", "claimed_until": null()}
        async with self._database.write() as connection:
            await connection.execute(update(requests).where(_is(request)).values(values))

    async def expire(self, before: datetime) -> None:
        """Drop what came to nothing before then."""
        stale = and_(requests.c.due.is_(None), requests.c.requested_at <= before)
        async with self._database.read() as connection:
            if (await connection.execute(select(requests.c.key).where(stale))).first() is None:
                return
        async with self._database.write() as connection:
            await connection.execute(delete(requests).where(stale))

    async def abandon(self) -> None:
        """Free every claim: for whoever knows that no other process has any."""
        await queue.abandon(self._database, requests)

    def _subscription(
        self, request: Request, asked_at: datetime, serial: int
    ) -> sqlite.Insert | postgresql.Insert:
        names = ("callback", "host", "topic", "secret")
        fresh = {name: getattr(request, name) for name in names} | {
            "lease_until": asked_at + timedelta(seconds=request.lease),
            "attempts": 0,
            "claimed_until": null(),
        }
        changed = serial > request.serial
        new = self._insert(subscriptions).values(
            **fresh,
            key=request.key,
            wanted=max(serial, request.serial),
            pushed=request.serial,
            due=asked_at if changed else null(),
            fence=1,
            answer="",
        )
        behind = subscriptions.c.pushed < subscriptions.c.wanted
        renewed = {
            "fence": subscriptions.c.fence + 1,
            "due": case((behind, literal(asked_at, Instant))),
        }
        return new.on_conflict_do_update(index_elements=[subscriptions.c.key], set_=fresh | renewed)


def _request(row: RowMapping) -> Request:
    values = {each.name: row[each.name] for each in fields(Request)}
    return Request(**{**values, "mode": Mode(row["mode"])})


def _is(request: Request) -> ColumnElement[bool]:
    return and_(requests.c.key == request.key, requests.c.ticket == request.ticket)
