"""The ledger of deliveries: all SQL about what is being sent and what became of it.

A chunk of an issue belongs to one sender at a time, by a fence that grows with every claim. A
delivery is marked `sending` before its first octet leaves, only while the reader may still be
written to; whatever is marked so without an answer is in doubt.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, case, func, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from feeds.kit.commits import Commits
from feeds.kit.database import Database
from notifier.delivery.delivery import RESENT, WITHDRAWN, Chunk, Job, Mark, State
from notifier.delivery.marks import Ending, Marks, Start
from notifier.delivery.statements import awake, return_windows, suppressed
from notifier.tables import (
    active,
    chunks,
    deliveries,
    issue_parts,
    issues,
    subscribers,
    subscriptions,
)


class Ledger:
    """All SQL about deliveries. Raises StoreError when the database cannot be used."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._commits: Commits[Start | Ending, bool] = database.commits(
            Marks(database.dialect).write
        )

    async def claim(
        self, owner: str, now: datetime, lease: timedelta, *, resend: bool
    ) -> Chunk | None:
        """Take a chunk that has something to send, for `lease`; None where there is none.

        What an earlier owner left as `sending` is in doubt: sent once more, or held.
        """
        free = and_(chunks.c.state == "ready", chunks.c.due <= now)
        abandoned = and_(chunks.c.state == "leased", chunks.c.leased_until < now)
        candidates = (
            select(chunks.c.issue_id, chunks.c.number)
            .join(issues, issues.c.id == chunks.c.issue_id)
            .where(free | abandoned, issues.c.state == "open", issues.c.expires > now)
            .order_by(chunks.c.due, chunks.c.issue_id, chunks.c.number)
            .limit(1)
        )
        async with self._database.read() as connection:
            if (await connection.execute(candidates)).first() is None:
                return None
        async with self._database.write() as connection:
            if not self._database.is_sqlite:
                candidates = candidates.with_for_update(skip_locked=True, of=chunks)
            row = (await connection.execute(candidates)).first()
            if row is None:
                return None
            which = (chunks.c.issue_id == row.issue_id, chunks.c.number == row.number)
            leased = {"state": "leased", "owner": owner, "leased_until": now + lease}
            fence = await connection.scalar(
                update(chunks)
                .where(*which)
                .values(**leased, fence=chunks.c.fence + 1)
                .returning(chunks.c.fence)
            )
            chunk = Chunk(row.issue_id, row.number, fence or 0)
            await _settle_doubts(connection, chunk, now, resend=resend)
        return chunk

    async def jobs(self, chunk: Chunk, now: datetime) -> list[Job]:
        """Return what is to be sent of `chunk` at `now`."""
        ready = deliveries.c.state.in_([State.QUEUED, State.DEFERRED]) & (deliveries.c.due <= now)
        query = (
            select(
                deliveries.c.issue_id,
                deliveries.c.subscriber_id,
                deliveries.c.subscription_id,
                deliveries.c.edition_id,
                subscribers.c.address,
                subscribers.c.name,
                subscribers.c.generation,
                deliveries.c.attempts,
                deliveries.c.reason,
                issues.c.expires,
            )
            .join(subscribers, subscribers.c.id == deliveries.c.subscriber_id)
            .join(issues, issues.c.id == deliveries.c.issue_id)
            .where(_within(chunk), ready)
            .order_by(deliveries.c.subscriber_id)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [Job(**row) for row in rows]

    async def start(self, chunk: Chunk, job: Job, now: datetime, lease: timedelta) -> State | None:
        """Mark `job` as being sent, or as skipped where the reader must not be written to.

        Returns what it was marked as, once that is on the disk together with whatever others have
        put meanwhile; None if it is not ours to send any more. A StoreError means that nothing may
        be sent, and that nobody knows how it was marked.
        """
        if await self._commits.put(Start.of(chunk, job, now)):
            return State.SENDING
        return await self._pass_over(chunk, job, now, lease)

    async def _pass_over(
        self, chunk: Chunk, job: Job, now: datetime, lease: timedelta
    ) -> State | None:
        """Mark `job` as what it is where it was not started at once."""
        pending = deliveries.c.state.in_([State.QUEUED, State.DEFERRED])
        values: dict[str, object] = {"state": str(State.SENDING), "changed_at": now}
        async with self._database.write() as connection:
            if not await _is_open(connection, job, now):
                return None
            unwanted = await _why_not(connection, job, now)
            if not await _renew(connection, chunk, now + lease):
                return None
            if unwanted == WITHDRAWN and job.reason == RESENT:
                # It may have been taken, so its articles count as had.
                values |= {"state": str(State.IN_DOUBT), "reason": unwanted}
            elif unwanted:
                # What may have been taken before keeps its articles.
                ended = State.IN_DOUBT if job.reason == RESENT else State.SKIPPED
                values |= {"state": str(ended), "reason": unwanted}
                if ended is State.SKIPPED:
                    await return_windows(connection, _is(job) & pending)
            else:
                values["attempts"] = deliveries.c.attempts + 1
            same = deliveries.c.edition_id == job.edition_id
            started = await connection.execute(
                update(deliveries).where(_is(job), pending, same).values(values)
            )
        return State(str(values["state"])) if started.rowcount else None

    async def renew(self, chunk: Chunk, until: datetime) -> bool:
        """Keep a claim until `until`; False if somebody else has the chunk."""
        async with self._database.write() as connection:
            return await _renew(connection, chunk, until)

    async def abandon(self, now: datetime) -> None:
        """Free what other senders have claimed: for whoever knows that there is none."""
        async with self._database.write() as connection:
            await connection.execute(
                update(chunks)
                .where(chunks.c.state == "leased")
                .values(leased_until=now - timedelta(microseconds=1))
            )

    async def mark(self, job: Job, mark: Mark, now: datetime) -> None:
        """Record what became of the attempt that `job` was started for, and of no later one."""
        await self._commits.put(Ending.of(job, mark, now))

    def note(self, job: Job, mark: Mark, now: datetime) -> None:
        """Do as `mark` does, with the next commit: before any start that comes after this.

        See `settle` for whoever wants to know that it is on the disk.
        """
        self._commits.add(Ending.of(job, mark, now))

    def note_refusal(self, chunk: Chunk, job: Job, mark: Mark, now: datetime) -> None:
        """Note, while `chunk` is ours, what became of an attempt before it was started."""
        self._commits.add(Ending.of(job, mark, now, chunk))

    async def settle(self) -> None:
        """Wait until all that was noted is on the disk; StoreError where it could not be."""
        await self._commits.settle()

    async def release(self, chunk: Chunk, not_before: datetime) -> None:
        """Give a chunk back; it is due again when the first of its deliveries is."""
        waiting = deliveries.c.state.in_([State.QUEUED, State.DEFERRED])
        first = select(func.min(deliveries.c.due)).where(_within(chunk), waiting)
        async with self._database.write() as connection:
            due = (await connection.execute(first)).scalar_one()
            values: dict[str, object] = {"state": "done"}
            if due is not None:
                values = {"state": "ready", "due": max(due, not_before)}
            await connection.execute(
                update(chunks).where(_claimed(chunk)).values(**values, owner="", leased_until=None)
            )

    async def books(self) -> Mapping[tuple[str, str], int]:
        """Count the deliveries by digest and state."""
        query = (
            select(issues.c.digest, deliveries.c.state, func.count())
            .join(issues, issues.c.id == deliveries.c.issue_id)
            .group_by(issues.c.digest, deliveries.c.state)
        )
        async with self._database.read() as connection:
            return {(row[0], row[1]): row[2] for row in await connection.execute(query)}

    async def next_due(self) -> datetime | None:
        """Return when the next chunk is due, if any waits."""
        waiting = (chunks.c.state == "ready", issues.c.state == "open")
        query = select(func.min(chunks.c.due)).join(issues).where(*waiting)
        async with self._database.read() as connection:
            found: datetime | None = await connection.scalar(query)
        return found


async def _settle_doubts(
    connection: AsyncConnection, chunk: Chunk, now: datetime, *, resend: bool
) -> None:
    """Nobody knows whether these were taken: resend each once, hold what was resent before."""
    again = true() if resend else ~true()
    once = and_(again, deliveries.c.reason != RESENT)
    await connection.execute(
        update(deliveries)
        .where(_within(chunk), deliveries.c.state == State.SENDING)
        .values(
            state=case((once, str(State.QUEUED)), else_=str(State.IN_DOUBT)),
            reason=case((once, RESENT), else_="no answer recorded"),
            due=now,
            changed_at=now,
        )
    )


async def _why_not(connection: AsyncConnection, job: Job, now: datetime) -> str:
    """Return why the reader must not be written to, or ""; a leave has to wait until we commit."""
    stands = select(issue_parts.c.issue_id).where(
        issue_parts.c.issue_id == job.issue_id, issue_parts.c.edition_id == job.edition_id
    )
    query = (
        select(
            case((active(), ""), else_="left").label("left"),
            case((suppressed(), "suppressed"), else_="").label("suppressed"),
            case((awake(now), ""), else_="paused").label("paused"),
            case((stands.exists(), ""), else_=WITHDRAWN).label("withdrawn"),
        )
        .join(subscribers, subscribers.c.id == subscriptions.c.subscriber_id)
        .where(subscriptions.c.id == job.subscription_id)
        .with_for_update(read=True, of=subscriptions)
    )
    row = (await connection.execute(query)).first()
    return next(filter(None, row), "") if row else "left"


async def _is_open(connection: AsyncConnection, job: Job, now: datetime) -> bool:
    query = select(issues.c.id).where(
        issues.c.id == job.issue_id, issues.c.state == "open", issues.c.expires > now
    )
    return await connection.scalar(query) is not None


async def _renew(connection: AsyncConnection, chunk: Chunk, until: datetime) -> bool:
    renewed = await connection.execute(
        update(chunks).where(_claimed(chunk)).values(leased_until=until)
    )
    return renewed.rowcount == 1


def _within(chunk: Chunk) -> ColumnElement[bool]:
    return and_(deliveries.c.issue_id == chunk.issue_id, deliveries.c.chunk == chunk.number)


def _claimed(chunk: Chunk) -> ColumnElement[bool]:
    return and_(
        chunks.c.issue_id == chunk.issue_id,
        chunks.c.number == chunk.number,
        chunks.c.fence == chunk.fence,
        chunks.c.state == "leased",
    )


def _is(job: Job) -> ColumnElement[bool]:
    return and_(
        deliveries.c.issue_id == job.issue_id, deliveries.c.subscriber_id == job.subscriber_id
    )
