"""Enlisting: from groups of readers to the rows of their deliveries, some readers at a time.

Statements only, over the issues that are being opened; `opening` runs them. Those whose readers
have had different parts of them are for `parting`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Update,
    and_,
    func,
    literal,
    or_,
    select,
    update,
)

from notifier.delivery.audience import Group, Lane
from notifier.delivery.delivery import State
from notifier.delivery.outbox import Edition
from notifier.delivery.statements import awake, owed
from notifier.digest.issue import Due
from notifier.tables import (
    chunks,
    deliveries,
    issue_parts,
    issues,
    lanes,
    subscribers,
    subscriptions,
)

CHUNK = 100  # deliveries that one connection works on between two looks at the ledger
BATCH = 10 * CHUNK  # readers who are looked at in one transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class NewIssue:
    """What an issue is opened with: lane and slot, its window, and an edition per group.

    `nothing` are groups who have had everything; whoever is in neither keeps their place.
    `public` are the words that anybody may read. Who was served elsewhere on `day` gets nothing;
    None where several slots may fall on one date.
    """

    lane: Lane
    due: Due
    upto: int
    editions: tuple[tuple[Group, Edition], ...]
    nothing: tuple[Group, ...] = ()
    public: Edition | None = None
    day: date | None = None

    @property
    def words(self) -> dict[str, Edition]:
        """Every edition, once, by its name."""
        found = {edition.id: edition for _, edition in self.editions}
        return found | {self.public.id: self.public} if self.public else found

    @property
    def is_parted(self) -> bool:
        """Whether its readers have had different parts of it."""
        return any(group.mask for group in (*self.nothing, *(group for group, _ in self.editions)))


@dataclass(frozen=True, slots=True)
class Batch:
    """Some subscriptions of the lanes of some issues: those with a number in `(first, last]`."""

    issue_ids: tuple[int, ...]
    now: datetime
    first: int
    last: int
    first_chunk: int = 0

    def everybody(self) -> Select[int]:
        """How many there are, in force or not."""
        of_lanes = subscriptions.c.lane_id.in_(select(issues.c.lane_id).where(self._mine()))
        counted = func.count(subscriptions.c.id)
        return select(counted.label("everybody")).where(of_lanes, self._some())

    def rows(self) -> Select[tuple[object, ...]]:
        """The rows of the readers who get something, in chunks."""
        rank = func.row_number().over(partition_by=issues.c.id, order_by=subscriptions.c.id)
        columns = constants(self.now) | {
            "issue_id": issues.c.id,
            "subscriber_id": subscriptions.c.subscriber_id,
            "subscription_id": subscriptions.c.id,
            "edition_id": issue_parts.c.edition_id,
            "chunk": (rank - 1) // CHUNK + self.first_chunk,
            "after": issue_parts.c.after,
        }
        served = issue_parts.c.edition_id.is_not(None)
        return self._of_parts(*row_of(columns)).where(served)

    def chunks(self) -> Select[tuple[object, ...]]:
        """The chunks of the rows that were written."""
        mine = (
            deliveries.c.issue_id.in_(self.issue_ids),
            deliveries.c.chunk >= self.first_chunk,
        )
        columns = (
            deliveries.c.issue_id,
            deliveries.c.chunk,
            literal("ready"),
            literal(0),
            literal(""),
            literal(self.now, chunks.c.due.type),
        )
        return select(*columns).where(*mine).distinct()

    def carried(self) -> Update:
        """Carry along those who have had everything."""
        behind = (issue_parts.c.edition_id.is_(None), issue_parts.c.after < issues.c.upto)
        ids = self._of_parts(subscriptions.c.id).where(*behind)
        upto = select(issues.c.upto).where(
            self._mine(), issues.c.lane_id == subscriptions.c.lane_id
        )
        return (
            update(subscriptions)
            .where(subscriptions.c.id.in_(ids))
            .values(cursor=upto.scalar_subquery())
        )

    def kept(self) -> Update:
        """Give those who get nothing, and had the cursor of the lane, a cursor of their own."""
        mine = (self._mine(), issues.c.lane_id == subscriptions.c.lane_id)
        row = (
            select(deliveries.c.issue_id)
            .join(issues, issues.c.id == deliveries.c.issue_id)
            .where(*mine, deliveries.c.subscriber_id == subscriptions.c.subscriber_id)
            .correlate(subscriptions)
        )
        cursor = select(lanes.c.cursor).where(lanes.c.id == subscriptions.c.lane_id)
        of_lanes = subscriptions.c.lane_id.in_(select(issues.c.lane_id).where(self._mine()))
        stays = (of_lanes, self._some(), subscriptions.c.cursor.is_(None), ~row.exists())
        return update(subscriptions).where(*stays).values(cursor=cursor.scalar_subquery())

    def _of_parts(self, *columns: ColumnElement[Any]) -> Select[tuple[object, ...]]:
        """Those in the audience who are where a part of their issue begins."""
        place = func.coalesce(subscriptions.c.cursor, lanes.c.cursor)
        of_part = (issue_parts.c.issue_id == issues.c.id, issue_parts.c.after == place)
        on = subscriptions.c.served_on
        elsewhere = or_(issues.c.day.is_(None), on.is_(None), on < issues.c.day)
        joined = (
            issues.join(lanes, lanes.c.id == issues.c.lane_id)
            .join(subscriptions, subscriptions.c.lane_id == issues.c.lane_id)
            .join(subscribers, subscribers.c.id == subscriptions.c.subscriber_id)
            .join(issue_parts, and_(*of_part))
        )
        query = select(*columns).select_from(joined)
        return query.where(self._mine(), self._some(), owed(), awake(self.now), elsewhere)

    def _mine(self) -> ColumnElement[bool]:
        return issues.c.id.in_(self.issue_ids) & (issues.c.state == "opening")

    def _some(self) -> ColumnElement[bool]:
        return and_(subscriptions.c.id > self.first, subscriptions.c.id <= self.last)


ROW = (
    "issue_id",
    "subscriber_id",
    "subscription_id",
    "edition_id",
    "chunk",
    "after",
    "state",
    "reason",
    "attempts",
    "due",
    "words",
    "changed_at",
)


def constants(now: datetime) -> dict[str, ColumnElement[Any]]:
    """What all new deliveries have in common, by column."""
    values: dict[str, object] = {
        "state": str(State.QUEUED),
        "reason": "",
        "attempts": 0,
        "due": now,
        "words": "",
        "changed_at": now,
    }
    return {name: literal(value, deliveries.c[name].type) for name, value in values.items()}


def row_of(columns: dict[str, ColumnElement[Any]]) -> list[ColumnElement[Any]]:
    """Return `columns` in the order of `ROW`."""
    return [columns[name] for name in ROW]
