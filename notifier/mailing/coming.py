"""Coming: the articles of windows with those that will have arrived by then, and words for them.

What is told beforehand needs no date in it: lanes with the same articles share their words.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import TypeVar

from feeds import Entry
from feeds.store import ArticleStore, Embargoes
from notifier.delivery.audience import Lane
from notifier.mailing.choosing import Arrivals
from notifier.mailing.composing import Sketches, Words

T = TypeVar("T")


class Coming(Arrivals):
    """The articles of windows, with those that will have arrived by then.

    Words are as they will be but for dates; of the lanes that are `shown`, in every byte.
    """

    def __init__(
        self, store: ArticleStore, embargoes: Embargoes, shown: Collection[int] = ()
    ) -> None:
        super().__init__(store)
        self._shown = shown
        self._sketches = Sketches()
        self._articles = store
        self._embargoes = embargoes
        self._horizon: datetime | None = None
        self._entries: Sequence[Entry] = ()
        self._ends: dict[datetime, int] = {}

    def words_of(self, lane: Lane) -> Words:
        """Return where words of a lane are kept."""
        return self.words if lane.id in self._shown else self._sketches

    async def composing(self, work: Callable[[], T]) -> T:
        """Return what `work` makes, here: most is known, and nobody waits while we look ahead."""
        return work()

    async def sealed(self, instant: datetime, now: datetime) -> int:
        """Return the last arrival that there will be at `instant`, seen at `now`; seals nothing."""
        if self._horizon is None or now > self._horizon:
            self._horizon, self._entries = now, await self._embargoes.ending(now)
        there = [e.arrival or 0 for e in self._entries if e.arrived_at and e.arrived_at <= instant]
        if there:
            return there[-1]
        if instant not in self._ends:
            self._ends[instant] = await self._articles.arrival_at(instant)
        return self._ends[instant]

    async def window(self, after: int, upto: int) -> Sequence[Entry]:
        """Return the articles in `(after, upto]`, by arrival."""
        found = await super().window(after, upto)
        coming = [entry for entry in self._entries if after < (entry.arrival or 0) <= upto]
        return [*found, *coming] if coming else found
