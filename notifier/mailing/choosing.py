"""Choosing: which articles each reader of a lane gets for a slot. Reads, and writes nothing.

So that planning and sending come to the same: both ask here.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from feeds import Entry
from feeds.store import ArticleStore
from notifier.delivery.audience import Audience, Lane
from notifier.delivery.groups import Group, Standing
from notifier.digest.issue import Size, is_too_little
from notifier.digest.overlap import NOTHING_HAD, overlap_of
from notifier.mailing.composing import Words
from notifier.mailing.desk import Desk
from notifier.mailing.turns import Turn

T = TypeVar("T")

_RUN = 500  # articles read together
_KEPT = 4  # windows that are kept, for lanes that are due at one instant share theirs


@dataclass(slots=True)
class Chosen:
    """What each group of a lane gets, in reading order; groups for whom there is nothing.

    `held` are groups for whom there is too little as yet; `public` is what anybody may read of
    the issue. `reason` says why nobody gets anything, if so.
    """

    picks: list[tuple[Group, tuple[Entry, ...]]] = field(default_factory=list)
    nothing: list[Group] = field(default_factory=list)
    held: list[Group] = field(default_factory=list)
    public: tuple[Entry, ...] = ()
    size: Size = field(default_factory=lambda: Size(0))
    reason: str = "no reader to send to"


class Arrivals:
    """The articles of windows, who has had them, and their words: what one round asks for often."""

    def __init__(self, store: ArticleStore) -> None:
        self.words = Words()
        self._store = store
        self._windows: OrderedDict[tuple[int, int], Sequence[Entry]] = OrderedDict()
        self._admitted: dict[tuple[int, int], dict[object, Mapping[int, Entry]]] = {}
        self._earlier: dict[tuple[int, int], dict[str, frozenset[int]]] = {}
        self._sealed: dict[datetime, int] = {}

    def words_of(self, lane: Lane) -> Words:
        """Return where words of a lane are kept."""
        return self.words

    async def composing(self, work: Callable[[], T]) -> T:
        """Return what `work` makes, which takes long: in a thread, so that others go on."""
        return await asyncio.to_thread(work)

    async def sealed(self, instant: datetime, now: datetime) -> int:
        """Return the last arrival at `instant`; nothing can arrive before it any more."""
        if instant not in self._sealed:
            self._sealed[instant] = await self._store.seal(instant, now)
        return self._sealed[instant]

    async def earlier(
        self, audience: Audience, after: int, upto: int
    ) -> Mapping[str, frozenset[int]]:
        """Return the arrivals of all contents with an article of the window, by their names."""
        key = (after, upto)
        if key not in self._earlier:
            self._earlier[key] = await audience.earlier(after, upto)
        return self._earlier[key]

    def opened(self) -> None:
        """Forget who has had what: somebody has had more."""
        self._earlier.clear()

    async def window(self, after: int, upto: int) -> Sequence[Entry]:
        """Return the articles in `(after, upto]`, by arrival."""
        key = (after, upto)
        if key not in self._windows:
            self._windows[key] = await self._read(after, upto)
            while len(self._windows) > _KEPT:
                self._admitted.pop(self._windows.popitem(last=False)[0], None)
        self._windows.move_to_end(key)
        return self._windows[key]

    async def admitted(self, turn: Turn, after: int, upto: int) -> Mapping[int, Entry]:
        """Return the articles in `(after, upto]` that a lane admits, by arrival, in reading order.

        Lanes that differ in zone or language only are asked once for all.
        """
        window, key = await self.window(after, upto), turn.lane.key
        known = self._admitted.setdefault((after, upto), {})
        alike = (turn.spec.name, key.topics, key.words)
        if alike not in known:
            query = turn.query
            found = [entry for entry in window if query.admits(entry.article)]
            found.sort(key=lambda entry: entry.sort_key)
            known[alike] = {entry.arrival or 0: entry for entry in found}
        return known[alike]

    async def _read(self, after: int, upto: int) -> Sequence[Entry]:
        found: list[Entry] = []
        while entries := await self._store.arrived(after, upto, _RUN):
            after = entries[-1].arrival or upto
            found += entries
        return found


async def standings_of(desk: Desk, turns: Sequence[Turn], now: datetime) -> dict[int, Standing]:
    """Ask how the readers of many lanes stand, of those together that may get as much a day."""
    found: dict[int, Standing] = {}
    for day in {turn.day for turn in turns}:
        of_day = [turn.lane for turn in turns if turn.day == day]
        found |= await desk.audience.standings(of_day, now, day)
    return found


async def choose(
    desk: Desk,
    arrivals: Arrivals,
    turn: Turn,
    upto: int,
    now: datetime,
    standing: Standing | None = None,
) -> Chosen:
    """Choose from the arrivals up to `upto` for everybody in the audience at `now`."""
    lane = turn.lane
    chosen = Chosen()
    if standing is None:
        standing = Standing(dict(await desk.audience.places(lane, now, turn.day)))
    places = dict(standing.places)
    if lane.public or places:
        places.setdefault(lane.cursor, 0)
    for after, readers in places.items():
        entries = await arrivals.admitted(turn, after, upto)
        if after == lane.cursor:
            chosen.size = Size(len(entries), turn.periods)
            if lane.public and not _too_little(turn, entries):
                chosen.public = tuple(entries.values())
        overlap = NOTHING_HAD
        if entries and readers and standing.contents != frozenset():
            earlier = await arrivals.earlier(desk.audience, after, upto)
            overlap = overlap_of(entries, standing.among(earlier))
        groups = standing.groups(after, overlap)
        if groups is None:
            groups = await desk.audience.groups(lane, after, overlap, now, turn.day)
        for group in groups:
            _sort_out(chosen, turn, group, entries)
    return chosen


def _sort_out(chosen: Chosen, turn: Turn, group: Group, entries: Mapping[int, Entry]) -> None:
    had = group.had
    left = {a: entry for a, entry in entries.items() if a not in had} if had else entries
    if not left:
        chosen.nothing.append(group)
        if not chosen.held:
            chosen.reason = "nothing that they have not had" if had else "no new articles"
    elif _too_little(turn, left):
        chosen.held.append(group)
        chosen.reason = f"{len(left)} new articles, fewer than {turn.spec.minimum}"
    else:
        chosen.picks.append((group, tuple(left.values())))


def _too_little(turn: Turn, entries: Mapping[int, Entry]) -> bool:
    arrived = [entry.arrived_at for entry in entries.values() if entry.arrived_at]
    waited = turn.slot.instant - min(arrived, default=turn.slot.instant)
    return not entries or is_too_little(turn.spec, len(entries), waited)
