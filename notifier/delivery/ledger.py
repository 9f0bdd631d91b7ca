"""The ledger of deliveries: all SQL about what is being sent and what became of it.

A chunk of an issue belongs to one sender at a time, by a fence that grows with every claim. A
delivery is marked `sending` before its first octet leaves, only while the reader may still be
written to; whatever is marked so without an answer is in doubt.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from operator import attrgetter

from sqlalchemy import ColumnElement, Connection, and_, case, false, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from feeds.kit.commits import Commits
from feeds.kit.database import Database
from feeds.kit.rows import in_one_piece
from notifier.delivery import leasing
from notifier.delivery.delivery import RESENT, WITHDRAWN, Chunk, Job, Mark, State
from notifier.delivery.marks import Ending, Marks, Start
from notifier.delivery.statements import awake, may_be_written_to, return_windows, suppressed
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

    async def claim_some(
        self, owner: str, now: datetime, lease: timedelta, most: int, *, resend: bool
    ) -> list[Chunk]:
        """Take up to `most` chunks that have something to send, for `lease`.

        What an earlier owner left as `sending` is in doubt: sent once more, or held.
        """
        if not await self._database.reading(leasing.is_any, now):
            return []
        shared = not self._database.is_sqlite
        return await self._database.writing(
            None, leasing.claim, owner, now, lease, most, resend=resend, shared=shared
        )

    async def jobs_of(self, claimed: Sequence[Chunk], now: datetime) -> dict[Chunk, list[Job]]:
        """Return what is to be sent of each of the `claimed` chunks at `now`."""
        return await self._database.reading(_jobs_of, claimed, now)

    def ask(self, chunk: Chunk, job: Job, now: datetime) -> asyncio.Future[bool]:
        """Return what will tell whether `job` is marked as being sent, and that is on the disk.

        For whoever has something else to do meanwhile; where it tells no, see `pass_over`. Where it
        has a StoreError nothing may be sent, and nobody knows how it was marked.
        """
        return self._commits.put(Start.of(chunk, job, now))

    def have_started(
        self,
        chunk: Chunk,
        job: Job,
        now: datetime,
        told: Callable[[bool], None],
        failed: Callable[[Exception], None],
    ) -> None:
        """Do as `ask` does, and have `told` or `failed` called: where no task waits for it."""
        self._commits.hand_in(Start.of(chunk, job, now), told, failed)

    async def pass_over(
        self, chunk: Chunk, job: Job, now: datetime, lease: timedelta
    ) -> State | None:
        """Mark `job` as skipped, or as in doubt where it may have been taken before.

        Returns None where the reader may be written to, or it is not ours to say so any more.
        """
        pending = deliveries.c.state.in_([State.QUEUED, State.DEFERRED])
        async with self._database.write() as connection:
            if not await _is_open(connection, job, now):
                return None
            unwanted = await _why_not(connection, job, now)
            if not await connection.run_sync(leasing.renew, [chunk], now + lease):
                return None
            if not unwanted:
                return None
            # What may have been taken before keeps its articles.
            ended = State.IN_DOUBT if job.reason == RESENT else State.SKIPPED
            same = and_(_is(job), pending, deliveries.c.edition_id == job.edition_id)
            if ended is State.SKIPPED:
                await return_windows(connection, same)
            marked = await connection.execute(
                update(deliveries)
                .where(same)
                .values(state=str(ended), reason=unwanted, changed_at=now)
            )
        return ended if marked.rowcount else None

    async def renew_all(self, held: Sequence[Chunk], until: datetime) -> int:
        """Keep claims until `until`; return how many of them still were ours."""
        return await self._database.writing(None, leasing.renew, held, until)

    async def abandon(self, now: datetime) -> int:
        """Free what other senders have claimed: for whoever knows that there is none.

        Returns how many deliveries they had under way, which are in doubt.
        """
        ended = {"leased_until": now - timedelta(microseconds=1)}
        async with self._database.write() as connection:
            freed = await connection.execute(
                update(chunks)
                .where(chunks.c.state == "leased")
                .values(ended)
                .returning(chunks.c.issue_id, chunks.c.number)
            )
            places = [(row[0], row[1]) for row in freed]
            if not places:
                return 0
            doubtful = leasing.keys_in(places, [State.SENDING])
            number = await connection.scalar(select(func.count()).select_from(doubtful))
        return number or 0

    def note(self, job: Job, mark: Mark, now: datetime) -> None:
        """Record what became of the attempt that `job` was started for, and of no later one.

        That is done with the next commit: before any start that comes after this. See `settle` for
        whoever wants to know that it is on the disk.
        """
        self._commits.add(Ending.of(job, mark, now))

    def note_refusal(self, chunk: Chunk, job: Job, mark: Mark, now: datetime) -> None:
        """Note, while `chunk` is ours, what became of an attempt before it was started."""
        self._commits.add(Ending.of(job, mark, now, chunk))

    async def settle(self) -> None:
        """Wait until all that was noted is on the disk; StoreError where it could not be."""
        await self._commits.settle()

    async def release_all(self, held: Sequence[Chunk], not_before: datetime) -> None:
        """Give chunks back, once what was noted of them is on the disk."""
        await self.settle()
        await self._database.writing(None, leasing.release, held, not_before)

    async def books(self) -> Mapping[tuple[str, str], int]:
        """Count the deliveries by digest and state."""
        query = (
            select(issues.c.digest, deliveries.c.state, func.count())
            .join(issues, issues.c.id == deliveries.c.issue_id)
            .group_by(issues.c.digest, deliveries.c.state)
        )
        async with self._database.read() as connection:
            return {(row[0], row[1]): row[2] for row in await connection.execute(query)}

    async def due_by(self, now: datetime) -> dict[str, datetime]:
        """Return by digest when the last of what waits for a time after `now` is due."""
        later = (chunks.c.state == "ready", chunks.c.due > now, issues.c.state == "open")
        query = (
            select(issues.c.digest, func.max(chunks.c.due))
            .join(issues, issues.c.id == chunks.c.issue_id)
            .where(*later)
            .group_by(issues.c.digest)
            .order_by(issues.c.digest)
        )
        async with self._database.read() as connection:
            return {row[0]: row[1] for row in await connection.execute(query)}

    async def next_due(self) -> datetime | None:
        """Return when the next chunk is due, if any waits."""
        waiting = (chunks.c.state == "ready", issues.c.state == "open")
        query = select(func.min(chunks.c.due)).join(issues).where(*waiting)
        async with self._database.read() as connection:
            found: datetime | None = await connection.scalar(query)
        return found


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


def _jobs_of(
    connection: Connection, claimed: Sequence[Chunk], now: datetime
) -> dict[Chunk, list[Job]]:
    """Read the jobs of all chunks in one go; their rows stand together in an index."""
    found: dict[Chunk, list[Job]] = {chunk: [] for chunk in claimed}
    places = {(chunk.issue_id, chunk.number): jobs for chunk, jobs in found.items()}
    waiting = leasing.keys_in([*places], [State.QUEUED, State.DEFERRED])
    about = _about(connection, {chunk.issue_id for chunk in claimed})
    query = (
        select(
            func.coalesce(may_be_written_to(now), false()).label("wanted"),
            deliveries.c.chunk,
            deliveries.c.issue_id,
            deliveries.c.subscriber_id,
            deliveries.c.subscription_id,
            deliveries.c.edition_id,
            subscribers.c.address,
            subscribers.c.name,
            subscribers.c.generation,
            deliveries.c.attempts,
            deliveries.c.reason,
        )
        .join_from(waiting, deliveries, leasing.is_(waiting))
        .join(subscriptions, subscriptions.c.id == deliveries.c.subscription_id, isouter=True)
        .join(subscribers, subscribers.c.id == deliveries.c.subscriber_id)
        .where(deliveries.c.due <= now)
    )
    for wanted, chunk, *values in in_one_piece(connection, query):
        issue_id = values[0]
        of_job = (*values, *about[issue_id], bool(wanted))  # in the order of a Job
        places[issue_id, chunk].append(Job(*of_job))
    for jobs in found.values():  # here, for the database would choose another index to sort by
        jobs.sort(key=attrgetter("subscriber_id"))
    return found


def _about(connection: Connection, numbers: Collection[int]) -> dict[int, tuple[datetime, str]]:
    """Return when issues expire, and of which digests they are."""
    query = select(issues.c.id, issues.c.expires, issues.c.digest).where(issues.c.id.in_(numbers))
    return {number: (expires, digest) for number, expires, digest in connection.execute(query)}


def _is(job: Job) -> ColumnElement[bool]:
    return and_(
        deliveries.c.issue_id == job.issue_id, deliveries.c.subscriber_id == job.subscriber_id
    )
