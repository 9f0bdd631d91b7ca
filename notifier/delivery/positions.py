"""Positions: statements of where the readers of some lanes will be, and what they will have had.

Over what stands and what is planned; `prospect` runs them, where there are the tables of `planned`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    Subquery,
    and_,
    case,
    func,
    literal,
    select,
    union_all,
)

from notifier.delivery.claims import claims
from notifier.delivery.planned import own, shared
from notifier.delivery.stale import Stale
from notifier.tables import lanes, subscriptions

NOWHERE = -1  # before any place


@dataclass(frozen=True, slots=True, kw_only=True)
class Readers:
    """Those in force at `now` in the lanes `numbers`, in an issue of the local date `day`.

    Nobody is before the `floors` of their lanes any more. `among` is a further condition.
    """

    stale: Stale
    numbers: Sequence[int]
    floors: Mapping[int, int]
    now: datetime
    day: date | None
    among: Sequence[ColumnElement[bool]] = ()

    def counted(self) -> Select[Any]:
        """Lanes, the places in them, and how many readers are there."""
        readers = self.each().subquery()
        same = (readers.c.lane_id, readers.c.place)
        return select(*same, func.count()).group_by(*same).order_by(*same)

    def each(self) -> Select[Any]:
        """Each reader, with their lane and place."""
        return self._rows(subscriptions.join(lanes))

    def had(self, sources: Sequence[Select[tuple[int, str]]]) -> Subquery:
        """Each who has anything of `sources`, with lane, place, and the names of what they have.

        The names stand one after another, in any order, and some of them perhaps twice.
        """
        parts = []
        for source in sources:
            had = source.subquery()
            joined = subscriptions.join(lanes).join(
                had, had.c.subscriber_id == subscriptions.c.subscriber_id
            )
            parts.append(self._rows(joined, had.c.content))
        rows = union_all(*parts).subquery()
        each = (rows.c.subscriber_id, rows.c.lane_id, rows.c.place)
        names = func.aggregate_strings(rows.c.content, " ").label("had")
        return select(*each, names).group_by(*each).subquery()

    def _rows(self, joined: FromClause, *more: ColumnElement[Any]) -> Select[Any]:
        floors = self.floors
        floor = case(dict(floors), value=lanes.c.id, else_=literal(NOWHERE)) if floors else None
        whose = (subscriptions.c.subscriber_id, subscriptions.c.lane_id)
        place = self.stale.place(floor).label("place")
        who = and_(
            subscriptions.c.lane_id.in_(self.numbers),
            self.stale.in_force(self.now, self.day),
            *self.among,
        )
        return select(*whose, place, *more).select_from(joined).where(who)


def standing_claims(
    stale: Stale, after: int, taken_back: Collection[int]
) -> Select[tuple[int, str]]:
    """Who has which content with something after `after`; none of the issues `taken_back`."""
    found = claims(after, lost=taken_back, stale=stale.issues)
    return select(found.c.subscriber_id, found.c.content)


def shared_claims(stale: Stale) -> Select[tuple[int, str]]:
    """Who gets which content, as all do who are at the same place of a lane."""
    joined = subscriptions.join(lanes).join(shared, shared.c.lane_id == subscriptions.c.lane_id)
    here = stale.place(shared.c.floor) == shared.c.after
    at = (here, stale.in_force_at(shared.c.moment, shared.c.day))
    return select(subscriptions.c.subscriber_id, shared.c.content).select_from(joined).where(*at)


def own_claims() -> Select[tuple[int, str]]:
    """Who gets which content by themselves."""
    return select(own.c.subscriber_id, own.c.content)
