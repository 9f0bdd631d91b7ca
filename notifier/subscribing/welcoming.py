"""Welcoming: where in a digest somebody begins who comes new, or back after a while."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from feeds.store import ArticleStore
from notifier.digest.lane import LaneKey, schedule_of, welcome_since
from notifier.enrolment import Enrolment, Rules
from notifier.roster import Change, Hand
from notifier.subscribing.rules import name_of_rules

UNDO = timedelta(days=1)  # a leaving that is taken back within it has not been


@dataclass(slots=True)
class Welcomes:
    """Where newcomers begin, by how far their first issue reaches back; asked for once each.

    `alike` has newcomers by what matters about them, for whoever takes in many.
    """

    rules: Rules
    store: ArticleStore
    now: datetime
    alike: dict[object, Change] = field(default_factory=dict)
    _known: dict[datetime, int] = field(default_factory=dict)

    @property
    def hand(self) -> Hand:
        """Who writes readers by these rules."""
        return Hand(rules=name_of_rules(self.rules))

    async def start(self, lane: LaneKey, *, back: bool = False) -> int:
        """Return the arrival after which a newcomer to `lane` begins; 0 for a digest that is gone.

        Whoever is `back` is always owed a period.
        """
        spec = self.rules.specs.get(lane.digest)
        if spec is None:
            return 0
        schedule = schedule_of(spec, lane)
        since = self.now - schedule.period if back else welcome_since(spec, schedule, self.now)
        if since not in self._known:
            self._known[since] = await self.store.arrival_at(since)
        return self._known[since]

    async def change(
        self,
        before: Enrolment | None,
        after: Enrolment,
        anew: Iterable[str] = (),
        *,
        back: bool = False,
    ) -> Change:
        """Return the change between the two, with where to begin in each lane that is entered."""
        held, again = before.held if before else {}, frozenset(anew)
        starts = {
            digest: await self.start(one.lane, back=back and digest in again) if one.lane else 0
            for digest, one in after.held.items()
            if one != held.get(digest)
        }
        return Change(before=before, after=after, starts=starts, anew=again)
