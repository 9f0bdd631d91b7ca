"""Stale issues: what readers will be owed once these have expired. Conditions only.

What will not be sent in time is owed again by the digest that had it, and by others that passed it
over; `statements.expire_deliveries` does what is foreseen here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, ScalarSelect, and_, case, func, literal, or_, select

from notifier.delivery.claims import ENDED, before_claims_of_others, waiting_of
from notifier.delivery.planned import is_refused
from notifier.delivery.statements import at_least, awake
from notifier.tables import active, deliveries, lanes, subscriptions


@dataclass(frozen=True, slots=True)
class Stale:
    """Open issues, by number, whose time will be over."""

    issues: frozenset[int]

    def in_force(self, now: datetime, day: date | None) -> ColumnElement[bool]:
        """The condition of `audience`; whose window is returned was not served on any day."""
        if day is None:
            return and_(active(), ~is_refused(), awake(now))
        return self.in_force_at(now, literal(day.isoformat()))

    def in_force_at(
        self, now: datetime | ColumnElement[int], day: ColumnElement[str]
    ) -> ColumnElement[bool]:
        """The same for a local date that is a column, and so may be null."""
        on = subscriptions.c.served_on
        not_yet = or_(day.is_(None), on.is_(None), on < day)
        if self.issues:
            not_yet = or_(self._is_returned(), not_yet)
        return and_(active(), ~is_refused(), awake(now), not_yet)

    def place(self, floor: ColumnElement[int] | None = None) -> ColumnElement[int]:
        """The place of a subscription, joined with its lane, in which nobody is before `floor`.

        Newcomers may be beyond it, for they may begin after what was opened.
        """
        place = self._returned(func.coalesce(subscriptions.c.cursor, lanes.c.cursor))
        return place if floor is None else at_least(place, floor)

    def _returned(self, place: ColumnElement[int]) -> ColumnElement[int]:
        """Where a subscription will be that is at `place` now."""
        if not self.issues:
            return place
        ended = deliveries.c.issue_id.in_(self.issues) & deliveries.c.state.in_(ENDED)
        other = before_claims_of_others(or_(waiting_of(self.issues), ended))
        own = case((self._is_returned(), self._owing()), else_=place)
        return case((other < own, other), else_=own)

    def _is_returned(self) -> ColumnElement[bool]:
        cursor, owing = subscriptions.c.cursor, self._owing()
        return and_(owing.is_not(None), or_(cursor.is_(None), cursor > owing))

    def _owing(self) -> ScalarSelect[int]:
        """Where the window begins that will be owed to a subscription again."""
        mine = (
            deliveries.c.subscriber_id == subscriptions.c.subscriber_id,
            deliveries.c.subscription_id == subscriptions.c.id,
        )
        query = select(func.min(deliveries.c.after)).where(*mine, waiting_of(self.issues))
        return query.correlate(subscriptions).scalar_subquery()
