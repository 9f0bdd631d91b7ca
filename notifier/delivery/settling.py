"""Settling: what an operator decides of deliveries that have ended or were left; all SQL for it.

In bounded transactions, each of which may be the last: what is done again does the rest. Nothing
is sent twice that was not in doubt: what was released is claimed again only where nobody has had
its articles meanwhile.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Function,
    Select,
    and_,
    case,
    func,
    select,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from feeds.kit.database import Database, Lock
from notifier.delivery.claims import KEPT, earlier
from notifier.delivery.delivery import RESENT, State
from notifier.delivery.picking import Which, meant
from notifier.delivery.statements import at_least
from notifier.tables import chunks, deliveries, editions, issues, subscribers

RETRIED = "retried"
BY_OPERATOR = "taken, by the operator's word"
RECONCILED = "taken, by the relay's record"
ASSUMED = "assumed sent"
_BATCH = 500  # deliveries that are changed in one transaction
_WAITING = (State.QUEUED, State.SENDING, State.DEFERRED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The words of some deliveries of an issue, and how many are meant that have them."""

    issue: int
    edition: str
    articles: tuple[str, ...]
    arrivals: frozenset[int]
    deliveries: int


class Settling:
    """Changes what became of deliveries. Raises StoreError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def words(self, which: Which) -> list[Words]:
        """Return the words of the deliveries that are meant, by issue."""
        query = (
            _of(which, deliveries.c.issue_id, deliveries.c.edition_id, func.count())
            .group_by(deliveries.c.issue_id, deliveries.c.edition_id)
            .order_by(deliveries.c.issue_id, deliveries.c.edition_id)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
            told = await _told(connection, {row[1] for row in rows})
        return [
            Words(
                issue=issue,
                edition=name,
                articles=told[name][0],
                arrivals=told[name][1],
                deliveries=number,
            )
            for issue, name, number in rows
        ]

    async def requeue(self, which: Which, words: Words, until: datetime, now: datetime) -> int:
        """Let those that are meant and have these words be sent again, `until` then at most.

        Returns how many. Not to readers who have had one of the articles in another issue.
        """
        async with self._database.read() as connection:
            told = await earlier(connection, min(words.arrivals) - 1, max(words.arrivals))
        others = [name for name, arrivals in told.items() if arrivals & words.arrivals]
        mine = and_(
            deliveries.c.issue_id == words.issue,
            deliveries.c.edition_id == words.edition,
            ~_had_elsewhere(others),
        )
        doubtful = deliveries.c.state == State.IN_DOUBT
        values = {
            "state": State.QUEUED,
            "reason": case((doubtful, RESENT), else_=RETRIED),
            "due": now,
            "changed_at": now,
        }
        requeued, last = 0, 0
        while True:
            async with self._database.write(Lock.OPEN) as connection:
                some = _of(which, deliveries.c.subscriber_id, deliveries.c.chunk)
                some = some.where(mine, deliveries.c.subscriber_id > last)
                page = some.order_by(deliveries.c.subscriber_id).limit(_BATCH)
                rows = (await connection.execute(page)).all()
                if not rows:
                    return requeued
                readers = [row[0] for row in rows]
                these = and_(
                    deliveries.c.issue_id == words.issue, deliveries.c.subscriber_id.in_(readers)
                )
                await connection.execute(update(deliveries).where(these).values(values))
                await _reopen(connection, words.issue, {row[1] for row in rows}, until, now)
            requeued += len(rows)
            last = readers[-1]

    async def close(self, which: Which, reason: str, now: datetime) -> int:
        """Close those that are meant as accepted; return how many."""
        closed = 0
        while True:
            query = _of(which, deliveries.c.issue_id, deliveries.c.subscriber_id)
            async with self._database.read() as connection:
                rows = (await connection.execute(query.limit(_BATCH))).all()
            if not rows:
                return closed
            keys = [(issue, reader) for issue, reader in rows]
            closed += await self.accept(keys, which.states, reason, now)

    async def accept(
        self,
        keys: Sequence[tuple[int, int]],
        states: Collection[State],
        reason: str,
        now: datetime,
    ) -> int:
        """Close these deliveries, by issue and reader, as accepted where they are in `states`."""
        values = {"state": State.ACCEPTED, "reason": reason, "changed_at": now}
        changed = 0
        for start in range(0, len(keys), _BATCH):
            some = tuple_(deliveries.c.issue_id, deliveries.c.subscriber_id).in_(
                keys[start : start + _BATCH]
            )
            mine = and_(some, deliveries.c.state.in_(states))
            async with self._database.write(Lock.OPEN) as connection:
                done = await connection.execute(update(deliveries).where(mine).values(values))
            changed += done.rowcount
        return changed

    async def assume_sent(self, until: datetime, now: datetime) -> Mapping[tuple[str, State], int]:
        """Close what waited, or was being sent, and was due by `until`, as assumed to be accepted.

        Returns how many, by digest and by the state they were in. Nobody may be sending meanwhile.
        """
        counts: dict[tuple[str, State], int] = {}
        for state in _WAITING:
            while True:
                begun = (deliveries.c.state == state, issues.c.instant <= until)
                columns = (deliveries.c.issue_id, deliveries.c.subscriber_id, issues.c.digest)
                query = select(*columns).join(issues, issues.c.id == deliveries.c.issue_id)
                query = query.where(*begun).limit(_BATCH)
                if state is not State.SENDING:
                    query = query.where(deliveries.c.due <= until)
                async with self._database.read() as connection:
                    rows = (await connection.execute(query)).all()
                if not rows:
                    break
                keys = [(issue, reader) for issue, reader, _ in rows]
                await self.accept(keys, [state], ASSUMED, now)
                for _, _, digest in rows:
                    counts[digest, state] = counts.get((digest, state), 0) + 1
        await self._put_away(now)
        return counts

    async def _put_away(self, now: datetime) -> None:
        """Close the chunks in which nothing waits any more."""
        waits = (
            select(deliveries.c.issue_id)
            .where(
                deliveries.c.issue_id == chunks.c.issue_id,
                deliveries.c.chunk == chunks.c.number,
                deliveries.c.state.in_(_WAITING),
            )
            .correlate(chunks)
        )
        left = and_(chunks.c.state != "done", ~waits.exists())
        async with self._database.write(Lock.OPEN) as connection:
            await connection.execute(
                update(chunks).where(left).values(state="done", owner="", leased_until=None)
            )


def _of(
    which: Which, *columns: Column[Any] | ColumnElement[int] | Function[int]
) -> Select[tuple[Any, ...]]:
    query: Select[tuple[Any, ...]] = select(*columns)
    return (
        query.select_from(deliveries)
        .join(issues, issues.c.id == deliveries.c.issue_id)
        .join(subscribers, subscribers.c.id == deliveries.c.subscriber_id)
        .where(meant(which))
    )


def _had_elsewhere(contents: Collection[str]) -> ColumnElement[bool]:
    """The condition that the reader of a delivery has one of these contents by another one."""
    other, words = deliveries.alias(), editions.alias()
    return (
        select(other.c.issue_id)
        .join(words, words.c.id == other.c.edition_id)
        .where(
            other.c.subscriber_id == deliveries.c.subscriber_id,
            other.c.issue_id != deliveries.c.issue_id,
            other.c.state.in_(KEPT),
            words.c.content.in_(contents),
        )
        .correlate(deliveries)
        .exists()
    )


async def _told(
    connection: AsyncConnection, names: Collection[str]
) -> dict[str, tuple[tuple[str, ...], frozenset[int]]]:
    """Return the articles and the arrivals of editions by name."""
    columns = (editions.c.id, editions.c.articles, editions.c.arrivals)
    wanted = sorted(names)
    told = {}
    for start in range(0, len(wanted), _BATCH):
        query = select(*columns).where(editions.c.id.in_(wanted[start : start + _BATCH]))
        for name, articles, arrivals in await connection.execute(query):
            told[name] = (tuple(articles), frozenset(map(int, arrivals.split())))
    return told


async def _reopen(
    connection: AsyncConnection,
    issue: int,
    numbers: Collection[int],
    until: datetime,
    now: datetime,
) -> None:
    """Let senders find these chunks of an issue again, `until` then at least."""
    later = {"state": "open", "expires": at_least(issues.c.expires, until)}
    await connection.execute(update(issues).where(issues.c.id == issue).values(later))
    mine = and_(chunks.c.issue_id == issue, chunks.c.number.in_(numbers))
    free = and_(mine, chunks.c.state != "leased")
    await connection.execute(update(chunks).where(free).values(state="ready", due=now))
