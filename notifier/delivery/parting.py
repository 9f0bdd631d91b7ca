"""Parting: statements for an issue whose readers have had different parts of it already.

Each reader's mask is worked out from what they have had; `opening` runs the statements.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, Subquery, and_, case, func, literal, null, select

from notifier.delivery.claims import claims, masks
from notifier.delivery.enlisting import CHUNK, EVERYBODY, NewIssue, constants, row_of
from notifier.delivery.groups import Group
from notifier.delivery.statements import audience
from notifier.digest.overlap import Overlap
from notifier.tables import deliveries, subscribers, subscriptions


@dataclass(frozen=True, slots=True)
class Parted:
    """Some subscriptions of a lane, and the rows that their readers get."""

    issue_id: int
    issue: NewIssue
    first: int
    last: int
    first_chunk: int
    now: datetime

    def readers(self) -> Select[tuple[int, ...]]:
        """Who is in the audience, where they were served up to, and their masks per overlap."""
        lane = self.issue.lane
        place = func.coalesce(subscriptions.c.cursor, lane.cursor).label("place")
        columns = [
            case((place == after, mask), else_=literal(0)).label(name)
            for after, overlap in self._overlaps().items()
            for name, mask in zip(
                mask_names(after, overlap),
                masks(overlap, claims(after, lost=[self.issue_id])),
                strict=True,
            )
        ]
        query = select(subscriptions.c.id, subscriptions.c.subscriber_id, place, *columns)
        query = query.select_from(subscriptions.join(subscribers))
        # The limit keeps SQLite from working out a mask again for each group that is asked for.
        some = (subscriptions.c.id > self.first, subscriptions.c.id <= self.last)
        return query.where(*some, audience(lane.id, self.now, self.issue.day)).limit(EVERYBODY)

    def rows(self, readers: Subquery) -> Select[tuple[object, ...]]:
        """The rows of those `readers` who are in a group, in chunks."""
        whens = [(is_of(group, readers), edition.id) for group, edition in self.issue.editions]
        edition = case(*whens, else_=None) if whens else null()
        columns_ = (readers.c.id, readers.c.subscriber_id, readers.c.place)
        chosen = select(*columns_, edition.label("edition_id")).subquery()
        rank = func.row_number().over(order_by=chosen.c.id)
        columns = constants(literal(self.now, deliveries.c.due.type)) | {
            "issue_id": literal(self.issue_id),
            "subscriber_id": chosen.c.subscriber_id,
            "subscription_id": chosen.c.id,
            "edition_id": chosen.c.edition_id,
            "chunk": (rank - 1) // CHUNK + self.first_chunk,
            "after": chosen.c.place,
        }
        return select(*row_of(columns)).where(chosen.c.edition_id.is_not(None))

    def among(self, groups: tuple[Group, ...], readers: Subquery) -> ColumnElement[bool]:
        """The condition that a reader is in one of `groups`."""
        return case(*((is_of(group, readers), True) for group in groups), else_=False)

    def _overlaps(self) -> dict[int, Overlap]:
        """The overlaps that matter, by place."""
        groups = (*self.issue.nothing, *(group for group, _ in self.issue.editions))
        return {group.after: group.overlap for group in groups if group.overlap.parts}


def mask_names(after: int, overlap: Overlap) -> list[str]:
    """Return the columns of the mask of those who are at the place `after`."""
    return [f"mask_{after}_{word}" for word in range(overlap.words)]


def is_of(group: Group, readers: Subquery) -> ColumnElement[bool]:
    """The condition that one of `readers`, with place and masks, is in `group`."""
    had = zip(mask_names(group.after, group.overlap), group.mask, strict=True)
    return and_(readers.c.place == group.after, *(readers.c[name] == mask for name, mask in had))
