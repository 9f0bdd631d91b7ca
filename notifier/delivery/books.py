"""The books: how many deliveries came to what, by issue and by provider; all SQL that counts them.

Old deliveries are dropped by the day, and their numbers stay as tallies: a delivery is counted in
the transaction that drops it, so the books balance at every moment. What a reader has had is kept
as long as it decides what they get next.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import (
    ColumnElement,
    Select,
    Subquery,
    Table,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    literal,
    or_,
    select,
    union_all,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from feeds.kit.database import Database, Lock
from notifier.delivery.delivery import State
from notifier.delivery.providers import provider
from notifier.tables import (
    active,
    chunks,
    deliveries,
    issues,
    lanes,
    subscribers,
    subscriptions,
    tallies,
)

BATCH = 500  # deliveries that are dropped in one transaction
_ISSUES = 200  # looked at in one statement
_BACK = timedelta(days=1)  # within which a leaving is taken back with all that was owed
_ENDED = (State.ACCEPTED, State.FAILED, State.EXPIRED, State.SKIPPED, State.IN_DOUBT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How many deliveries of a digest, an issue (`slot`, `timezone`) or a provider are in a state.

    `reason` stands where they were skipped.
    """

    digest: str = ""
    issue: int = 0
    slot: str = ""
    timezone: str = ""
    provider: str = ""
    state: State
    reason: str = ""
    number: int


class Books:
    """All SQL that counts deliveries, and drops those that are old. Raises StoreError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def by_digest(self) -> list[Count]:
        """Count all deliveries there ever were, by digest, state, and reason where skipped."""
        return await self._counted(_by_issue(), (issues.c.digest,))

    async def by_issue(self, digests: Sequence[str], limit: int) -> list[Count]:
        """Count those of the last `limit` issues that had readers, the last first.

        Of these digests; of all where none is named.
        """
        some = select(issues.c.id).where(or_(_has(deliveries), _has(tallies)))
        if digests:
            some = some.where(issues.c.digest.in_(digests))
        some = some.order_by(issues.c.id.desc()).limit(limit)
        columns = (issues.c.digest, issues.c.id.label("issue"), issues.c.slot, lanes.c.timezone)
        counts = await self._counted(_by_issue(some), columns)
        return sorted(counts, key=lambda one: -one.issue)

    async def by_provider(self, digests: Sequence[str] = ()) -> list[Count]:
        """Count all deliveries there ever were, by the domain of the address and by state.

        It is empty for readers who have been erased.
        """
        live = select(
            provider(subscribers.c.address_key).label("provider"),
            deliveries.c.state,
            func.count().label("number"),
        ).join(subscribers, subscribers.c.id == deliveries.c.subscriber_id)
        kept = select(
            tallies.c.provider, tallies.c.state, func.sum(tallies.c.number).label("number")
        )
        if digests:
            chosen = select(issues.c.id).where(issues.c.digest.in_(digests))
            live = live.where(deliveries.c.issue_id.in_(chosen))
            kept = kept.where(tallies.c.issue_id.in_(chosen))
        both = union_all(
            live.group_by("provider", deliveries.c.state),
            kept.group_by(tallies.c.provider, tallies.c.state),
        ).subquery()
        columns = (both.c.provider, both.c.state)
        query = select(*columns, _sum(both.c.number)).group_by(*columns)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [Count(**{**row, "state": State(row["state"])}) for row in rows]

    async def drop(self, before: datetime, now: datetime) -> int:
        """Drop the deliveries of issues that ended before then, in bounded transactions.

        Returns how many. Those stay that still decide what their readers get: where a reader has
        not been served up to the end of that issue in some digest.
        """
        dropped, last = 0, 0
        while True:
            old = (
                select(issues.c.id)
                .where(
                    issues.c.id > last,
                    issues.c.state.in_(["done", "skipped"]),
                    issues.c.expires < before,
                    _has(deliveries),
                )
                .order_by(issues.c.id)
                .limit(_ISSUES)
            )
            async with self._database.read() as connection:
                found = list((await connection.execute(old)).scalars())
            if not found:
                return dropped
            for issue in found:
                dropped += await self._drop(issue, now)
            last = found[-1]

    async def _drop(self, issue: int, now: datetime) -> int:
        """Drop what is old of one issue, reader by reader; then its chunks, if nothing is left."""
        dropped, last = 0, 0
        while True:
            async with self._database.write(Lock.OPEN) as connection:
                rows = (await connection.execute(_old(issue, last, now))).all()
                if not rows:
                    if not await connection.scalar(select(_any_of(issue))):
                        mine = chunks.c.issue_id == issue
                        await connection.execute(delete(chunks).where(mine))
                    return dropped
                gone = [row.subscriber_id for row in rows if not row.needed]
                counts = Counter(
                    (row.provider, row.state, row.reason) for row in rows if not row.needed
                )
                await self._tally(connection, issue, counts)
                theirs = deliveries.c.subscriber_id.in_(gone)
                await connection.execute(
                    delete(deliveries).where(deliveries.c.issue_id == issue, theirs)
                )
            dropped += len(gone)
            last = rows[-1].subscriber_id

    async def _tally(
        self, connection: AsyncConnection, issue: int, counts: Counter[tuple[str, str, str]]
    ) -> None:
        if not counts:
            return
        rows = [
            {"issue_id": issue, "provider": domain, "state": state, "reason": reason, "number": 0}
            for domain, state, reason in counts
        ]
        await connection.execute(self._database.insert_new(tallies), rows)
        names = ("issue_id", "provider", "state", "reason")
        mine = and_(*(tallies.c[name] == bindparam(f"its_{name}") for name in names))
        more = update(tallies).where(mine).values(number=tallies.c.number + bindparam("more"))
        given = [
            {**{f"its_{name}": row[name] for name in names}, "more": number}
            for row, number in zip(rows, counts.values(), strict=True)
        ]
        await connection.execute(more, given)

    async def _counted(
        self, both: Subquery, columns: Sequence[ColumnElement[object]]
    ) -> list[Count]:
        by = (*columns, both.c.state, both.c.reason)
        query = (
            select(*by, _sum(both.c.number))
            .join(issues, issues.c.id == both.c.issue_id)
            .join(lanes, lanes.c.id == issues.c.lane_id)
            .group_by(*by)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [Count(**{**row, "state": State(row["state"])}) for row in rows]


def _by_issue(some: Select[tuple[int]] | None = None) -> Subquery:
    """Numbers of deliveries by issue, state and reason: those there are, and those that were.

    Reasons are read of those alone that were skipped: the states of all stand in an index.
    """
    mine, number = deliveries.c.issue_id, func.count().label("number")
    skipped = deliveries.c.state == State.SKIPPED
    # In the order of the index nothing has to be sorted, which would take most of the time.
    in_order = (mine, deliveries.c.chunk, deliveries.c.state)
    others = select(*in_order, number).where(~skipped)
    passed = select(mine, deliveries.c.state, deliveries.c.reason, number).where(skipped)
    kept = select(tallies.c.issue_id, tallies.c.state, tallies.c.reason, tallies.c.number)
    if some is not None:
        others, passed = others.where(mine.in_(some)), passed.where(mine.in_(some))
        kept = kept.where(tallies.c.issue_id.in_(some))
    runs = others.group_by(*in_order).subquery()
    by_state = (runs.c.issue_id, runs.c.state)
    return union_all(
        select(*by_state, literal("").label("reason"), _sum(runs.c.number)).group_by(*by_state),
        passed.group_by(mine, deliveries.c.state, deliveries.c.reason),
        kept,
    ).subquery()


def _old(issue: int, last: int, now: datetime) -> Select[tuple[object, ...]]:
    """The next deliveries of an issue that have ended, and whether each is still needed.

    It is while its reader, in any digest that they get or may come back to, was not served up to
    the end of that issue: what they had of it is not sent to them again.
    """
    upto = select(issues.c.upto).where(issues.c.id == issue).scalar_subquery()
    place = func.coalesce(subscriptions.c.cursor, lanes.c.cursor)
    behind = (
        select(subscriptions.c.id)
        .join(lanes, lanes.c.id == subscriptions.c.lane_id)
        .where(
            subscriptions.c.subscriber_id == deliveries.c.subscriber_id,
            or_(active(), subscriptions.c.left_at >= now - _BACK),
            place < upto,
        )
        .correlate(deliveries)
    )
    other = deliveries.alias()
    waiting = select(other.c.issue_id).where(
        other.c.subscriber_id == deliveries.c.subscriber_id,
        other.c.state.in_([State.QUEUED, State.SENDING, State.DEFERRED]),
        other.c.after < upto,
    )
    return (
        select(
            deliveries.c.subscriber_id,
            provider(subscribers.c.address_key).label("provider"),
            deliveries.c.state,
            case((deliveries.c.state == State.SKIPPED, deliveries.c.reason), else_="").label(
                "reason"
            ),
            or_(behind.exists(), waiting.correlate(deliveries).exists()).label("needed"),
        )
        .join(subscribers, subscribers.c.id == deliveries.c.subscriber_id)
        .where(
            deliveries.c.issue_id == issue,
            deliveries.c.subscriber_id > last,
            deliveries.c.state.in_(_ENDED),
        )
        .order_by(deliveries.c.subscriber_id)
        .limit(BATCH)
    )


def _has(table: Table) -> ColumnElement[bool]:
    mine = table.c.issue_id == issues.c.id
    return exists(select(table.c.issue_id).where(mine).correlate(issues))


def _any_of(issue: int) -> ColumnElement[bool]:
    return exists(select(deliveries.c.issue_id).where(deliveries.c.issue_id == issue))


def _sum(column: ColumnElement[int]) -> ColumnElement[int]:
    # PostgreSQL makes a sum of big numbers a numeric.
    return func.cast(func.sum(column), tallies.c.number.type).label("number")
