"""What is marked of deliveries while they are sent: rows of the group commit, and its statements.

The answer to one letter and the start of the next are written by statements over many rows, those
of all connections at once, in one transaction. A start is conditional: on the claim of the chunk,
and on the reader, who is looked at, and on PostgreSQL kept from leaving, until it has committed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Integer,
    Text,
    Update,
    and_,
    case,
    or_,
    select,
    update,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.dml import ReturningUpdate
from sqlalchemy.types import TypeEngine

from feeds.kit.instants import microseconds
from feeds.kit.rows import Bare, RowStatement
from notifier.delivery.delivery import Chunk, Job, Mark, State
from notifier.delivery.statements import may_be_written_to
from notifier.tables import chunks, deliveries, issue_parts, issues, subscribers, subscriptions

_WORDS = 500  # characters of what a server said that are kept


class Start(NamedTuple):
    """A row of the statement that lets letters go."""

    issue_id: int
    subscriber_id: int
    subscription_id: int
    edition_id: str
    number: int
    fence: int
    attempts: int
    now: int

    @classmethod
    def of(cls, chunk: Chunk, job: Job, now: datetime) -> Start:
        """Return the row that starts `job`, while `chunk` is ours."""
        row = (
            job.issue_id,
            job.subscriber_id,
            job.subscription_id,
            job.edition_id,
            chunk.number,
            chunk.fence,
            job.attempts,
            microseconds(now),
        )
        return tuple.__new__(cls, row)  # half of what the constructor costs


class Ending(NamedTuple):
    """A row of the statements that record what became of an attempt.

    `fence` is 0 for one that was started: its answer counts, whoever has the chunk by now.
    """

    issue_id: int
    subscriber_id: int
    number: int
    fence: int
    attempts: int
    state: str
    reason: str
    due: int
    code: int | None
    words: str | None
    now: int

    @classmethod
    def of(cls, job: Job, mark: Mark, now: datetime, chunk: Chunk | None = None) -> Ending:
        """Return the row for `job`, with `chunk` where it was refused before it was started."""
        answer = mark.answer
        stamp = microseconds(now)
        row = (
            job.issue_id,
            job.subscriber_id,
            chunk.number if chunk else 0,
            chunk.fence if chunk else 0,
            job.attempts,
            str(mark.state),
            mark.reason,
            stamp if mark.due is now else microseconds(mark.due),
            answer.code if answer else None,
            answer.text[:_WORDS] if answer else None,
            stamp,
        )
        return tuple.__new__(cls, row)  # as above


class Marks:
    """Writes starts and endings; each entry may be written twice."""

    def __init__(self, dialect: Dialect) -> None:
        self._starts = RowStatement(dialect, _START, _starting)
        self._started = RowStatement(dialect, _START, _returning)
        self._answers = RowStatement(dialect, _ENDING, _answered)
        self._refusals = RowStatement(dialect, _ENDING, _refused)

    def write(self, connection: Bare, entries: Sequence[Start | Ending]) -> list[bool]:
        """Return for each entry whether it was a start, and is `sending` now."""
        starts: list[Start] = []
        answers: list[Ending] = []
        refusals: list[Ending] = []
        for entry in entries:
            if isinstance(entry, Start):
                starts.append(entry)
            else:
                (refusals if entry.fence else answers).append(entry)
        self._answers.run(connection, answers)
        self._refusals.run(connection, refusals)
        if self._starts.changes_each(connection, starts):  # hardly ever does one not begin
            return [isinstance(one, Start) for one in entries]
        begun = {(row[0], row[1]) for row in self._started.run(connection, starts)}
        return [isinstance(one, Start) and (one[0], one[1]) in begun for one in entries]


_START: dict[str, TypeEngine[Any]] = {
    "issue_id": BigInteger(),
    "subscriber_id": BigInteger(),
    "subscription_id": BigInteger(),
    "edition_id": Text(),
    "number": Integer(),
    "fence": Integer(),
    "attempts": Integer(),
    "now": BigInteger(),
}
_ENDING: dict[str, TypeEngine[Any]] = {
    "issue_id": BigInteger(),
    "subscriber_id": BigInteger(),
    "number": Integer(),
    "fence": Integer(),
    "attempts": Integer(),
    "state": Text(),
    "reason": Text(),
    "due": BigInteger(),
    "code": Integer(),
    "words": Text(),
    "now": BigInteger(),
}


def _starting(given: CTE) -> Update:
    stands = select(issue_parts.c.issue_id).where(
        issue_parts.c.issue_id == given.c.issue_id, issue_parts.c.edition_id == given.c.edition_id
    )
    names = ("issue_id", "subscriber_id", "edition_id", "attempts", "now")
    may = (
        select(*(given.c[name] for name in names))
        .join(chunks, _claimed(given))
        .join(issues, issues.c.id == given.c.issue_id)
        .join(subscriptions, subscriptions.c.id == given.c.subscription_id)
        .join(subscribers, subscribers.c.id == subscriptions.c.subscriber_id)
        .where(
            chunks.c.leased_until >= given.c.now,
            issues.c.state == "open",
            issues.c.expires > given.c.now,
            may_be_written_to(given.c.now),
            stands.exists(),
        )
        # Whoever leaves, or takes the chunk over, waits until we have committed, or we for them.
        .with_for_update(read=True, of=[chunks, subscriptions])
        .cte("may")
    )
    same = deliveries.c.edition_id == may.c.edition_id
    sending = {
        "state": str(State.SENDING),
        "attempts": deliveries.c.attempts + 1,
        "changed_at": may.c.now,
    }
    return update(deliveries).where(_mine(may), _pending(), same).values(sending)


def _returning(given: CTE) -> ReturningUpdate[tuple[int, int]]:
    """The same, and tell which have begun."""
    return _starting(given).returning(deliveries.c.issue_id, deliveries.c.subscriber_id)


def _answered(given: CTE) -> Update:
    """Record the answer to the attempt that was started, and to no later one."""
    attempt = (deliveries.c.state == State.SENDING, deliveries.c.attempts == given.c.attempts + 1)
    return update(deliveries).where(_is(given), *attempt).values(_ended(given))


def _refused(given: CTE) -> Update:
    """Record an attempt that ended before it was started: of it nothing had left."""
    claim = select(chunks.c.number).where(_claimed(given)).exists()
    tried = _ended(given) | {"attempts": deliveries.c.attempts + 1}
    return update(deliveries).where(_mine(given), _pending(), claim).values(tried)


def _ended(given: CTE) -> dict[str, ColumnElement[object]]:
    unsaid = given.c.words.is_(None)
    return {
        "state": given.c.state,
        "reason": given.c.reason,
        "due": given.c.due,
        "changed_at": given.c.now,
        "code": case((unsaid, deliveries.c.code), else_=given.c.code),
        "words": case((unsaid, deliveries.c.words), else_=given.c.words),
    }


def _claimed(given: CTE) -> ColumnElement[bool]:
    return and_(
        chunks.c.issue_id == given.c.issue_id,
        chunks.c.number == given.c.number,
        chunks.c.fence == given.c.fence,
        chunks.c.state == "leased",
    )


def _is(given: CTE) -> ColumnElement[bool]:
    return and_(
        deliveries.c.issue_id == given.c.issue_id,
        deliveries.c.subscriber_id == given.c.subscriber_id,
    )


def _mine(given: CTE) -> ColumnElement[bool]:
    return and_(_is(given), deliveries.c.attempts == given.c.attempts)


def _pending() -> ColumnElement[bool]:
    return or_(deliveries.c.state == State.QUEUED, deliveries.c.state == State.DEFERRED)
