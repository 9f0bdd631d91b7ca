"""Enlisting: from groups of readers to the rows of their deliveries, some readers at a time.

Statements only; `opening` runs them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, Select, Subquery, and_, case, func, literal, null, select

from notifier.delivery.audience import Group, Lane
from notifier.delivery.claims import claims, masks
from notifier.delivery.delivery import State
from notifier.delivery.outbox import Edition
from notifier.delivery.statements import audience
from notifier.digest.issue import Due
from notifier.digest.overlap import Overlap
from notifier.tables import chunks, deliveries, subscribers, subscriptions

CHUNK = 100  # deliveries that one connection works on between two looks at the ledger
BATCH = 20 * CHUNK  # readers who are looked at in one transaction


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


@dataclass(frozen=True, slots=True)
class Batch:
    """Some subscriptions of the lane, and the rows that their readers get."""

    issue_id: int
    issue: NewIssue
    after_id: int
    number: int
    now: datetime

    def ids(self) -> Select[tuple[int]]:
        """The subscriptions, in force or not."""
        mine = (subscriptions.c.lane_id == self.issue.lane.id, subscriptions.c.id > self.after_id)
        return select(subscriptions.c.id).where(*mine).order_by(subscriptions.c.id).limit(BATCH)

    def within(self, last: int) -> ColumnElement[bool]:
        """The condition that a subscription is one of these, up to `last`."""
        return and_(
            subscriptions.c.lane_id == self.issue.lane.id,
            subscriptions.c.id > self.after_id,
            subscriptions.c.id <= last,
        )

    def readers(self, last: int) -> Select[tuple[int, ...]]:
        """Who is in the audience, where they were served up to, and their masks per overlap."""
        lane = self.issue.lane
        place = func.coalesce(subscriptions.c.cursor, lane.cursor).label("place")
        columns = [
            case((place == after, mask), else_=literal(0)).label(name)
            for after, overlap in self._overlaps().items()
            for name, mask in zip(
                _names(after, overlap),
                masks(overlap, claims(after, self.issue_id)),
                strict=True,
            )
        ]
        query = select(subscriptions.c.id, subscriptions.c.subscriber_id, place, *columns)
        query = query.select_from(subscriptions.join(subscribers))
        # The limit keeps SQLite from working out a mask again for each group that is asked for.
        return query.where(self.within(last), audience(lane.id, self.now, self.issue.day)).limit(
            BATCH
        )

    def rows(self, readers: Subquery) -> Select[tuple[object, ...]]:
        """The rows of those `readers` who are in a group, in chunks."""
        whens = [(_is_of(group, readers), edition.id) for group, edition in self.issue.editions]
        edition = case(*whens, else_=None) if whens else null()
        columns_ = (readers.c.id, readers.c.subscriber_id, readers.c.place)
        chosen = select(*columns_, edition.label("edition_id")).subquery()
        rank = func.row_number().over(order_by=chosen.c.id)
        values: dict[str, object] = {
            "issue_id": self.issue_id,
            "state": str(State.QUEUED),
            "reason": "",
            "attempts": 0,
            "due": self.now,
            "words": "",
            "changed_at": self.now,
        }
        columns = {
            "subscriber_id": chosen.c.subscriber_id,
            "subscription_id": chosen.c.id,
            "edition_id": chosen.c.edition_id,
            "chunk": (rank - 1) // CHUNK + self._first_chunk,
            "after": chosen.c.place,
        }
        row = [
            columns[name] if name in columns else literal(values[name], deliveries.c[name].type)
            for name in ROW
        ]
        return select(*row).where(chosen.c.edition_id.is_not(None))

    def chunks(self) -> Select[tuple[object, ...]]:
        """The chunks of the rows that were written."""
        return (
            select(
                literal(self.issue_id, chunks.c.issue_id.type),
                deliveries.c.chunk,
                literal("ready"),
                literal(0),
                literal(""),
                literal(self.now, chunks.c.due.type),
            )
            .where(
                deliveries.c.issue_id == self.issue_id,
                deliveries.c.chunk >= self._first_chunk,
            )
            .distinct()
        )

    def among(self, groups: tuple[Group, ...], readers: Subquery) -> ColumnElement[bool]:
        """The condition that a reader is in one of `groups`."""
        return case(*((_is_of(group, readers), True) for group in groups), else_=False)

    @property
    def _first_chunk(self) -> int:
        return self.number * (BATCH // CHUNK)

    def _overlaps(self) -> dict[int, Overlap]:
        """The overlaps that matter, by place."""
        groups = (*self.issue.nothing, *(group for group, _ in self.issue.editions))
        return {group.after: group.overlap for group in groups if group.overlap.parts}


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


def _names(after: int, overlap: Overlap) -> list[str]:
    return [f"mask_{after}_{word}" for word in range(overlap.words)]


def _is_of(group: Group, readers: Subquery) -> ColumnElement[bool]:
    had = zip(_names(group.after, group.overlap), group.mask, strict=True)
    return and_(readers.c.place == group.after, *(readers.c[name] == mask for name, mask in had))
