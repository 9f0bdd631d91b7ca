"""Enlisting: from groups of readers to the rows of their deliveries, some readers at a time.

Statements only, over the issues that are being opened; `opening` runs them. Those whose readers
have had different parts of them are for `parting`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Integer,
    Select,
    Table,
    Update,
    and_,
    bindparam,
    cast,
    func,
    literal,
    or_,
    select,
    update,
)

from feeds.kit.database import Insert
from notifier.delivery.audience import Lane
from notifier.delivery.delivery import State
from notifier.delivery.edition import Edition
from notifier.delivery.groups import Group
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
_GOLDEN, _WHOLE = 618_034, 1_000_000  # a part and the whole
EVERYBODY = 2**62  # above any number of a subscription


@dataclass(frozen=True, slots=True, kw_only=True)
class NewIssue:
    """What an issue is opened with: lane and slot, its window, and an edition per group.

    `nothing` are groups who have had everything; whoever is in neither keeps their place.
    `public` are the words that anybody may read. Who was served elsewhere on `day` gets nothing;
    None where several slots may fall on one date. Its chunks are due over the time `spread`.
    """

    lane: Lane
    due: Due
    upto: int
    editions: tuple[tuple[Group, Edition], ...]
    nothing: tuple[Group, ...] = ()
    public: Edition | None = None
    day: date | None = None
    spread: timedelta = timedelta(0)

    def spread_from(self, now: datetime) -> timedelta:
        """Over how long its chunks are due, of one that is opened at `now`: there is time left."""
        return max(min(self.spread, (self.due.expires - now) / 2), timedelta(0))

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
    first: int = 0
    last: int = EVERYBODY
    first_chunk: int = 0
    spread: timedelta = timedelta(0)

    @property
    def parameters(self) -> dict[str, object]:
        """What the statements are run with."""
        return {
            "some_issues": self.issue_ids,
            "this_moment": self.now,
            "past_number": self.first,
            "to_number": self.last,
            "from_chunk": self.first_chunk,
            "a_chunk": CHUNK,
            "spread_over": self.spread // timedelta(microseconds=1),
        }


class Enlisting:
    """The statements for a batch, built once: to build them takes longer than to run them."""

    def __init__(self, insert_new: Callable[[Table], Insert]) -> None:
        rows = insert_new(deliveries).from_select(list(ROW), _rows())
        names = ["issue_id", "number", "state", "fence", "owner", "due"]
        self.rows = rows.execution_options(preserve_rowcount=True)
        self.chunks = insert_new(chunks).from_select(names, _chunks())
        self.everybody = _everybody()
        self.carried = _carried()
        self.kept = _kept()


_SOME_ISSUES: BindParameter[int] = bindparam("some_issues", expanding=True)
_MOMENT = bindparam("this_moment", type_=deliveries.c.due.type)
_FIRST_CHUNK = bindparam("from_chunk", type_=Integer)
_A_CHUNK = bindparam("a_chunk", type_=Integer)
_MINE = issues.c.id.in_(_SOME_ISSUES) & (issues.c.state == "opening")
_SOME = and_(
    subscriptions.c.id > bindparam("past_number", type_=BigInteger),
    subscriptions.c.id <= bindparam("to_number", type_=BigInteger),
)


def _everybody() -> Select[int]:
    """How many there are, in force or not."""
    of_lanes = subscriptions.c.lane_id.in_(select(issues.c.lane_id).where(_MINE))
    counted = func.count(subscriptions.c.id)
    return select(counted.label("everybody")).where(of_lanes, _SOME)


def _rows() -> Select[tuple[object, ...]]:
    """The rows of the readers who get something, in chunks."""
    rank = func.row_number().over(partition_by=issues.c.id, order_by=subscriptions.c.id)
    columns = constants(_MOMENT) | {
        "issue_id": issues.c.id,
        "subscriber_id": subscriptions.c.subscriber_id,
        "subscription_id": subscriptions.c.id,
        "edition_id": issue_parts.c.edition_id,
        "chunk": (rank - 1) // _A_CHUNK + _FIRST_CHUNK,
        "after": issue_parts.c.after,
    }
    served = issue_parts.c.edition_id.is_not(None)
    return _of_parts(*row_of(columns)).where(served)


def _chunks() -> Select[tuple[object, ...]]:
    """The chunks of the rows that were written."""
    mine = (deliveries.c.issue_id.in_(_SOME_ISSUES), deliveries.c.chunk >= _FIRST_CHUNK)
    columns = (
        deliveries.c.issue_id,
        deliveries.c.chunk,
        literal("ready"),
        literal(0),
        literal(""),
        _MOMENT.op("+", return_type=chunks.c.due.type)(_later(deliveries.c.chunk)),
    )
    return select(*columns).where(*mine).distinct()


def _later(chunk: ColumnElement[int]) -> ColumnElement[int]:
    """How many microseconds after the first a chunk is due.

    Each by the golden ratio further than the one before, so that they are spread evenly however
    many there are in the end; the first one is due at once.
    """
    over = bindparam("spread_over", type_=BigInteger)
    turned = cast(chunk, BigInteger) * _GOLDEN % _WHOLE
    return turned * over // _WHOLE


def _carried() -> Update:
    """Carry along those who have had everything."""
    behind = (issue_parts.c.edition_id.is_(None), issue_parts.c.after < issues.c.upto)
    ids = _of_parts(subscriptions.c.id).where(*behind)
    upto = select(issues.c.upto).where(_MINE, issues.c.lane_id == subscriptions.c.lane_id)
    carried = update(subscriptions).where(subscriptions.c.id.in_(ids))
    return carried.values(cursor=upto.scalar_subquery())


def _kept() -> Update:
    """Give those who get nothing, and had the cursor of the lane, a cursor of their own."""
    mine = (_MINE, issues.c.lane_id == subscriptions.c.lane_id)
    row = (
        select(deliveries.c.issue_id)
        .join(issues, issues.c.id == deliveries.c.issue_id)
        .where(*mine, deliveries.c.subscriber_id == subscriptions.c.subscriber_id)
        .correlate(subscriptions)
    )
    cursor = select(lanes.c.cursor).where(lanes.c.id == subscriptions.c.lane_id)
    of_lanes = subscriptions.c.lane_id.in_(select(issues.c.lane_id).where(_MINE))
    stays = (of_lanes, _SOME, subscriptions.c.cursor.is_(None), ~row.exists())
    return update(subscriptions).where(*stays).values(cursor=cursor.scalar_subquery())


def _of_parts(*columns: ColumnElement[Any]) -> Select[tuple[object, ...]]:
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
    return (
        select(*columns).select_from(joined).where(_MINE, _SOME, owed(), awake(_MOMENT), elsewhere)
    )


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


def constants(now: ColumnElement[Any]) -> dict[str, ColumnElement[Any]]:
    """What all new deliveries have in common, by column; they are due at `now`."""
    values = {"state": str(State.QUEUED), "reason": "", "attempts": 0, "words": ""}
    same = {name: literal(value, deliveries.c[name].type) for name, value in values.items()}
    return same | {"due": now, "changed_at": now}


def row_of(columns: dict[str, ColumnElement[Any]]) -> list[ColumnElement[Any]]:
    """Return `columns` in the order of `ROW`."""
    return [columns[name].label(name) for name in ROW]
