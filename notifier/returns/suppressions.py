"""Addresses that must not be written to: all SQL about suppressions and dead addresses.

What an answer means is decided by `policy`; this keeps what it needs to know, and what came of it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from feeds.kit.database import Database
from notifier.returns.policy import (
    FUSE_ADDRESSES,
    FUSE_SHARE,
    FUSE_WINDOW,
    Standing,
    Step,
    on_dead,
)
from notifier.returns.returned import domain_of
from notifier.subscriber import address_key
from notifier.tables import dead_addresses, subscribers, suppressions
from notifier.tokens import SecretKey, veiled

NO_SUCH_ADDRESS = "no such address"
COMPLAINT = "complaint"
OPERATOR = "operator"
_PAGE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """An address that must not be written to: why, who said so, and since when.

    `key` is the address as it is compared, or a hash where addresses are not kept.
    """

    key: str
    reason: str
    detail: str = ""
    source: str = ""
    code: str = ""
    since: datetime


class Suppressions:
    """All SQL about suppressions. Raises StoreError when the database cannot be used.

    With a `veil` addresses are kept as hashes by that key, and nothing of what servers said.
    """

    def __init__(self, database: Database, veil: SecretKey | None = None) -> None:
        self._database = database
        self._veil = veil

    def _kept_as(self, key: str) -> str:
        return veiled(self._veil, key) if self._veil else key

    async def suppress(
        self,
        address: str,
        reason: str,
        detail: str,
        now: datetime,
        *,
        source: str = OPERATOR,
        code: str = "",
    ) -> None:
        """Never write to `address` again, whatever is declared; the newest reason stands."""
        async with self._database.write() as connection:
            await self.write_off(connection, address, reason, detail, now, source=source, code=code)

    async def note_dead_address(
        self, address: str, words: str, now: datetime, *, source: str = "smtp", code: str = ""
    ) -> bool:
        """Note that a server said there is no `address`; return whether it is written off now."""
        standing = await self.standing(address, now)
        step = on_dead(standing, now)
        async with self._database.write() as connection:
            await self.enter(connection, address, step, words, now, source=source, code=code)
        return step is Step.SUPPRESSED

    async def standing(self, address: str, now: datetime) -> Standing:
        """Return what is known of an address, and of its domain where that matters."""
        key, domain = self._kept_as(address_key(address)), domain_of(address)
        mine = select(dead_addresses.c.first_at).where(dead_addresses.c.address_key == key)
        recent = select(func.count()).where(
            dead_addresses.c.domain == domain,
            dead_addresses.c.last_at >= now - FUSE_WINDOW,
            dead_addresses.c.address_key != key,
        )
        async with self._database.read() as connection:
            first = await connection.scalar(mine)
            dead = await connection.scalar(recent) or 0
            readers = 0
            if dead + 1 >= FUSE_ADDRESSES:
                enough = (dead + 1) * FUSE_SHARE + 1
                there = subscribers.c.address_key.endswith(f"@{domain}", autoescape=True)
                some = select(subscribers.c.id).where(there).limit(enough).subquery()
                readers = await connection.scalar(select(func.count()).select_from(some)) or 0
        return Standing(first_at=first, dead=dead, readers=readers)

    async def lift(self, address: str) -> Suppression | None:
        """Write to `address` again; return what stood against it, None if nothing did."""
        key = address_key(address)
        keys = {key, self._kept_as(key)}
        theirs = suppressions.c.address_key.in_(keys)
        async with self._database.write() as connection:
            row = (await connection.execute(select(*_COLUMNS).where(theirs))).mappings().first()
            await connection.execute(delete(suppressions).where(theirs))
            dead = dead_addresses.c.address_key.in_(keys)
            await connection.execute(delete(dead_addresses).where(dead))
        return Suppression(**row) if row else None

    async def lift_since(self, since: datetime) -> int:
        """Lift what servers' word for dead addresses has suppressed since; return how many.

        For the morning after a provider has lost its addresses. Complaints, and what an operator
        has suppressed, stay.
        """
        dead = (suppressions.c.since >= since) & (suppressions.c.reason == NO_SUCH_ADDRESS)
        async with self._database.write() as connection:
            lifted = await connection.execute(delete(suppressions).where(dead))
            forgotten = or_(dead_addresses.c.first_at >= since, dead_addresses.c.last_at >= since)
            await connection.execute(delete(dead_addresses).where(forgotten))
        return lifted.rowcount

    async def listed(self, since: datetime | None = None) -> AsyncIterator[list[Suppression]]:
        """Yield all suppressions, or those since then, in pages, by key."""
        last = ""
        while True:
            query = select(*_COLUMNS).where(suppressions.c.address_key > last)
            if since is not None:
                query = query.where(suppressions.c.since >= since)
            page = query.order_by(suppressions.c.address_key).limit(_PAGE)
            async with self._database.read() as connection:
                rows = (await connection.execute(page)).mappings().all()
            if not rows:
                return
            yield [Suppression(**row) for row in rows]
            last = rows[-1]["key"]

    async def count(self) -> int:
        """Count the addresses that must not be written to."""
        async with self._database.read() as connection:
            return await connection.scalar(select(func.count()).select_from(suppressions)) or 0

    async def write_off(
        self,
        connection: AsyncConnection,
        address: str,
        reason: str,
        detail: str,
        now: datetime,
        *,
        source: str,
        code: str = "",
    ) -> None:
        """Do as `suppress` does, inside a transaction of the caller's."""
        key = address_key(address)
        keys = {key, self._kept_as(key)}
        await connection.execute(delete(suppressions).where(suppressions.c.address_key.in_(keys)))
        row = {
            "address_key": self._kept_as(key),
            "reason": reason,
            "detail": "" if self._veil else detail,
            "source": source,
            "code": code,
            "domain": domain_of(address),
            "since": now,
        }
        await connection.execute(self._database.insert_new(suppressions).values(row))

    async def enter(
        self,
        connection: AsyncConnection,
        address: str,
        step: Step,
        words: str,
        now: datetime,
        *,
        source: str,
        code: str,
    ) -> None:
        """Enter a dead-address answer of which `step` came, in a transaction of the caller's.

        Where the fuse has blown, what the same hours have suppressed in that domain is lifted.
        """
        key, domain = self._kept_as(address_key(address)), domain_of(address)
        mine = dead_addresses.c.address_key == key
        row = {"address_key": key, "domain": domain, "first_at": now, "last_at": now}
        await connection.execute(self._database.insert_new(dead_addresses).values(row))
        seen: dict[str, object] = {"last_at": now, "domain": domain}
        seen |= {"first_at": now} if step is Step.NOTED else {}
        await connection.execute(update(dead_addresses).where(mine).values(seen))
        if step is Step.SUPPRESSED:
            await self.write_off(
                connection, address, NO_SUCH_ADDRESS, words, now, source=source, code=code
            )
        elif step is Step.FUSED:
            false = (
                (suppressions.c.domain == domain)
                & (suppressions.c.reason == NO_SUCH_ADDRESS)
                & (suppressions.c.since >= now - FUSE_WINDOW)
            )
            await connection.execute(delete(suppressions).where(false))


_COLUMNS = (
    suppressions.c.address_key.label("key"),
    *(suppressions.c[name] for name in ("reason", "detail", "source", "code", "since")),
)
