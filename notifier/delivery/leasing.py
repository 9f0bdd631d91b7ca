"""Chunks of open issues: claimed for a while, kept, and given back; statements only.

For use inside a transaction of the caller's. A claim carries a fence that grows with each one, so
that whoever was frozen finds out; all statements are over many chunks.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, case, func, select, true, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from notifier.delivery.claims import owe_elsewhere
from notifier.delivery.delivery import RESENT, Chunk, State
from notifier.delivery.statements import at_least
from notifier.tables import chunks, deliveries, issues

Place = tuple[int, int]  # the number of an issue, and that of a chunk of it


def claimable(now: datetime, most: int, among: Sequence[Place] | None = None) -> Select[int, int]:
    """The first chunks, `among` some, with something to send that nobody has any more."""
    place = tuple_(chunks.c.issue_id, chunks.c.number)
    wanted = true() if among is None else place.in_(among)
    free = and_(chunks.c.state == "ready", chunks.c.due <= now)
    abandoned = and_(chunks.c.state == "leased", chunks.c.leased_until < now)
    return (
        select(chunks.c.issue_id, chunks.c.number)
        .join(issues, issues.c.id == chunks.c.issue_id)
        .where(wanted, free | abandoned, issues.c.state == "open", issues.c.expires > now)
        .order_by(chunks.c.due, chunks.c.issue_id, chunks.c.number)
        .limit(most)
    )


async def lease(
    connection: AsyncConnection,
    found: Sequence[Place],
    owner: str,
    now: datetime,
    length: timedelta,
) -> list[Chunk]:
    """Take the chunks that were found, with a new fence each."""
    place = tuple_(chunks.c.issue_id, chunks.c.number)
    leased = {"state": "leased", "owner": owner, "leased_until": now + length}
    rows = await connection.execute(
        update(chunks)
        .where(place.in_(found))
        .values(**leased, fence=chunks.c.fence + 1)
        .returning(chunks.c.issue_id, chunks.c.number, chunks.c.fence)
    )
    fences = {(row.issue_id, row.number): row.fence for row in rows}
    return [Chunk(*place, fences[place]) for place in found if place in fences]


async def take(
    connection: AsyncConnection,
    found: Sequence[Place],
    owner: str,
    now: datetime,
    length: timedelta,
    *,
    resend: bool,
) -> list[Chunk]:
    """Take the chunks that were found, and settle what an earlier sender left of them."""
    claimed = await lease(connection, found, owner, now, length) if found else []
    if claimed:
        await settle_doubts(connection, claimed, now, resend=resend)
    return claimed


async def settle_doubts(
    connection: AsyncConnection, claimed: Sequence[Chunk], now: datetime, *, resend: bool
) -> None:
    """Nobody knows whether these were taken: resend each once, hold what was resent before."""
    again = true() if resend else ~true()
    once = and_(again, deliveries.c.reason != RESENT)
    await connection.execute(
        update(deliveries)
        .where(within(claimed), deliveries.c.state == State.SENDING)
        .values(
            state=case((once, str(State.QUEUED)), else_=str(State.IN_DOUBT)),
            reason=case((once, RESENT), else_="no answer recorded"),
            due=now,
            changed_at=now,
        )
    )


async def renew(connection: AsyncConnection, held: Sequence[Chunk], until: datetime) -> int:
    """Keep those of the claims that still hold until `until`; return how many they are."""
    renewed = update(chunks).where(_claimed(held)).values(leased_until=until)
    return (await connection.execute(renewed)).rowcount


async def release(
    connection: AsyncConnection, held: Sequence[Chunk], not_before: datetime
) -> dict[Place, datetime | None]:
    """Give chunks back; each is due again when the first of its deliveries is.

    Returns when, or None where there is nothing left; without those that are not ours any more. Of
    a chunk that is done, what its readers will not have by it is owed to them elsewhere.
    """
    first = (
        select(func.min(deliveries.c.due))
        .where(
            deliveries.c.issue_id == chunks.c.issue_id,
            deliveries.c.chunk == chunks.c.number,
            deliveries.c.state.in_([State.QUEUED, State.DEFERRED]),
        )
        .scalar_subquery()
    )
    again = func.coalesce(first, chunks.c.due)
    rows = await connection.execute(
        update(chunks)
        .where(_claimed(held))
        .values(
            state=case((first.is_(None), "done"), else_="ready"),
            due=at_least(again, not_before),
            owner="",
            leased_until=None,
        )
        .returning(chunks.c.issue_id, chunks.c.number, chunks.c.state, chunks.c.due)
    )
    left = {(row[0], row[1]): row[3] if row[2] == "ready" else None for row in rows}
    done = [place for place, due in left.items() if due is None]
    if done:
        place = tuple_(deliveries.c.issue_id, deliveries.c.chunk)
        await owe_elsewhere(connection, place.in_(done))
    return left


async def standing(connection: AsyncConnection, places: Sequence[Place]) -> dict[Place, datetime]:
    """Return when each of those that are not done in an open issue can be claimed at last."""
    place = tuple_(chunks.c.issue_id, chunks.c.number)
    free_at = case((chunks.c.state == "leased", chunks.c.leased_until), else_=chunks.c.due)
    query = (
        select(chunks.c.issue_id, chunks.c.number, free_at)
        .join(issues, issues.c.id == chunks.c.issue_id)
        .where(place.in_(places), chunks.c.state != "done", issues.c.state == "open")
    )
    return {(row[0], row[1]): row[2] for row in await connection.execute(query)}


def within(some: Sequence[Chunk]) -> ColumnElement[bool]:
    """The condition that a delivery is in one of `some` chunks."""
    place = tuple_(deliveries.c.issue_id, deliveries.c.chunk)
    return place.in_([(chunk.issue_id, chunk.number) for chunk in some])


def _claimed(held: Sequence[Chunk]) -> ColumnElement[bool]:
    place = tuple_(chunks.c.issue_id, chunks.c.number, chunks.c.fence)
    mine = place.in_([(chunk.issue_id, chunk.number, chunk.fence) for chunk in held])
    return and_(mine, chunks.c.state == "leased")
