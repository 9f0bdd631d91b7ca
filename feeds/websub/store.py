"""All SQL about the hub's subscriptions, and about requests that wait to be verified.

The rows are the work: what is claimed and never settled, because a process died, is due again
when the claim runs out. A fence, or a request's ticket, keeps a late answer from touching what
has been replaced meanwhile. Decides nothing about HTTP.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Table, and_, case, delete, func, null, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from feeds.kit.database import Database
from feeds.kit.text import digest
from feeds.store.tables import websub_requests as requests
from feeds.store.tables import websub_subscriptions as subscriptions
from feeds.websub.protocol import Mode, Wish

_LOOKED_AT = 200  # rows of a queue that are looked at together


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request that a callback is to confirm, or to be told of (`denied`)."""

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
    attempts: int


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
    """How many subscriptions are in force, of these behind their topic, and unverified requests."""

    subscriptions: int
    behind: int
    requests: int


class WebSubStore:
    """Subscriptions and requests. Raises StoreError when the database cannot be used."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._insert = sqlite.insert if database.is_sqlite else postgresql.insert

    async def pressure(self, host: str, now: datetime, memory: timedelta) -> tuple[int, int]:
        """Count requests that wait, or have come to nothing within `memory`: of `host`, in all."""
        alive = or_(requests.c.due.is_not(None), requests.c.requested_at > now - memory)
        ours = func.count().filter(requests.c.host == host)
        async with self._database.read() as connection:
            query = select(ours, func.count()).select_from(requests).where(alive)
            of_host, in_all = (await connection.execute(query)).one()
        return of_host, in_all

    async def is_subscribed(self, callback: str, topic: str, now: datetime) -> bool:
        """Tell whether a subscription is in force."""
        query = select(subscriptions.c.key).where(
            subscriptions.c.key == _key(callback, topic), subscriptions.c.lease_until > now
        )
        async with self._database.read() as connection:
            return (await connection.execute(query)).first() is not None

    async def request(
        self, wish: Wish, host: str, serial: int, ticket: str, now: datetime
    ) -> None:
        """Keep a request until its callback has been asked; replaces an earlier one of the kind.

        `serial` is that of the topic as the subscriber can have seen it.
        """
        async with self._database.write() as connection:
            await self._keep(connection, wish, host, serial, ticket, now)

    async def requests(self, now: datetime, full_hosts: Collection[str]) -> Sequence[Request]:
        """Return requests that are due, but for `full_hosts`; nothing is claimed yet."""
        query = select(*_columns(requests, Request)).where(
            _due(requests, now), requests.c.host.not_in(full_hosts)
        )
        query = query.order_by(requests.c.attempts > 0, requests.c.due).limit(_LOOKED_AT)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [Request(**{**row, "mode": Mode(row["mode"])}) for row in rows]

    async def claim_request(self, request: Request, now: datetime, until: datetime) -> bool:
        """Take a request; False if somebody else has, or if it was replaced."""
        return await self._claim(_same(request), requests, now, {"claimed_until": until})

    async def activate(self, request: Request, lease_until: datetime, serial: int) -> bool:
        """Let a verified request take effect; `serial` is the topic's now.

        What it replaces keeps what was pushed to it. False if it has been replaced meanwhile.
        """
        row = {name: getattr(request, name) for name in ("callback", "host", "topic", "secret")}
        fresh = row | {"lease_until": lease_until, "attempts": 0, "claimed_until": null()}
        wanted = max(serial, request.serial)
        behind = subscriptions.c.pushed < subscriptions.c.wanted
        at_once = lease_until - timedelta(seconds=request.lease)
        new = self._insert(subscriptions).values(
            **fresh,
            key=request.key,
            wanted=wanted,
            pushed=request.serial,
            due=at_once if wanted > request.serial else null(),
            fence=1,
            answer="",
        )
        renewal = new.on_conflict_do_update(
            index_elements=[subscriptions.c.key],
            set_={
                **fresh,
                "fence": subscriptions.c.fence + 1,
                "due": case((behind, func.coalesce(subscriptions.c.due, new.excluded.due)))
                if wanted == request.serial
                else case((behind, at_once), else_=subscriptions.c.due),
            },
        )
        async with self._database.write() as connection:
            if not (await connection.execute(delete(requests).where(_same(request)))).rowcount:
                return False
            if request.mode is Mode.SUBSCRIBE:
                await connection.execute(renewal)
            else:
                gone = subscriptions.c.key == request.key
                await connection.execute(delete(subscriptions).where(gone))
        return True
