"""Stale issues: what readers will be owed once these have expired. Conditions only.

What will not be sent in time is owed again by the digest that had it, and by others that passed it
over; `statements.expire_deliveries` does what is foreseen here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, ScalarSelect, and_, case, func, or_, select

from notifier.delivery import statements
from notifier.delivery.claims import ENDED, before_claims_of_others, waiting_of
from notifier.tables import deliveries, subscriptions


@dataclass(frozen=True, slots=True)
class Stale:
    """Open issues, by number, whose time will be over."""

    issues: frozenset[int]

    def in_force(self, now: datetime, day: date | None) -> ColumnElement[bool]:
        """The condition of `in_force`; whose window is returned was not served on any day."""
        standing = statements.in_force(now, day)
        if not self.issues or day is None:
            return standing
        return and_(statements.in_force(now, None), or_(self._is_returned(), standing))

    def returned(self, place: ColumnElement[int]) -> ColumnElement[int]:
        """The place of a subscription, which is at `place` now."""
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
