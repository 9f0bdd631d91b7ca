"""Foretold: what a plan says of one turn, and for whom somebody looks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from feeds import Entry
from notifier.delivery.groups import Group
from notifier.mailing.deciding import Decision, Outcome


@dataclass(frozen=True, slots=True)
class Onlooker:
    """A reader to look for: their number, and the lanes they are in."""

    id: int
    lanes: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One decision, for the instant `at`; of an onlooker, `group` is theirs, if they are in one."""

    decision: Decision
    at: datetime
    group: Group | None = None

    @property
    def entries(self) -> tuple[Entry, ...]:
        """What the onlooker gets."""
        chosen = self.decision.chosen
        if self.group is None or chosen is None or self.decision.outcome is not Outcome.OPENS:
            return ()
        return next((found for group, found in chosen.picks if group == self.group), ())
