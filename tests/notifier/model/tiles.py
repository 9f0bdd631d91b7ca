"""The law of windows: those of a reader and digest tile the arrivals, by their numbers.

A reader's *place* in a digest is the arrival up to which it has served them; the next window begins
there. It never begins before (no overlap), unless the place went back because a delivery ended that
had claimed something from before; and where it begins later, what lies between holds nothing that
is owed (no gap). Neither is ever beyond the last arrival: what comes next would be passed over
before anybody could tell that it is owed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy import func, select

from feeds.kit.database import Database
from notifier.tables import deliveries, editions, issues, lanes, subscribers, subscriptions

ENDED = ("failed", "expired", "skipped")

Owes = Callable[[str, str, int], bool]  # reader, digest and arrival


@dataclass(frozen=True)
class Window:
    """The window `(after, upto]` of one delivery, and how that stands."""

    issue: int
    reader: str
    after: int
    upto: int
    first: int
    state: str


@dataclass(frozen=True)
class Stand:
    """A subscription: its place, and the windows of its deliveries in the order of issues."""

    id: int
    reader: str
    digest: str
    place: int
    windows: tuple[Window, ...]


async def stands_of(database: Database) -> list[Stand]:
    """Return all subscriptions that have a place."""
    place = func.coalesce(subscriptions.c.cursor, lanes.c.cursor)
    standing = (
        select(subscriptions.c.id, subscribers.c.name, subscriptions.c.digest, place)
        .join(subscribers, subscribers.c.id == subscriptions.c.subscriber_id)
        .join(lanes, lanes.c.id == subscriptions.c.lane_id)
    )
    had = (
        select(
            deliveries.c.subscription_id,
            issues.c.id,
            subscribers.c.name,
            deliveries.c.after,
            issues.c.upto,
            editions.c.first_arrival,
            deliveries.c.state,
        )
        .join(issues, issues.c.id == deliveries.c.issue_id)
        .join(editions, editions.c.id == deliveries.c.edition_id)
        .join(subscribers, subscribers.c.id == deliveries.c.subscriber_id)
        .where(issues.c.state.in_(["open", "done"]))
        .order_by(issues.c.id)
    )
    windows: dict[int, list[Window]] = defaultdict(list)
    async with database.read() as connection:
        for number, *window in await connection.execute(had):
            windows[number].append(Window(*window))
        rows = (await connection.execute(standing)).all()
    return [Stand(*row, tuple(windows[row[0]])) for row in rows]


@dataclass
class Tiles:
    """What was seen of each subscription after the step before."""

    places: dict[int, int] = field(default_factory=dict)
    states: dict[tuple[int, int], str] = field(default_factory=dict)

    def broken_laws(self, stands: list[Stand], owes: Owes, last: int) -> list[str]:
        """Return where the windows since the last look, and places now, do not tile.

        `last` is the last arrival that there is.
        """
        given_back = self._given_back(stands)
        found = []
        for stand in stands:
            found += self._since(stand, given_back[stand.reader], owes)
            ends = [stand.place, *(one.upto for one in stand.windows)]
            found += [
                f"{stand}: {end} is beyond the last arrival {last}" for end in ends if end > last
            ]
            self.places[stand.id] = stand.place
            self.states |= {(stand.id, one.issue): one.state for one in stand.windows}
        return found

    def _given_back(self, stands: list[Stand]) -> dict[str, set[tuple[int, int]]]:
        """Where places may go back to: per reader, (subscription or 0 for any other, arrival)."""
        found: dict[str, set[tuple[int, int]]] = defaultdict(set)
        for stand in stands:
            for one in stand.windows:
                known = self.states.get((stand.id, one.issue))
                if one.state in ENDED and known not in ENDED:
                    found[stand.reader] |= {(stand.id, one.after), (0, one.first - 1)}
        return found

    def _since(self, stand: Stand, back: set[tuple[int, int]], owes: Owes) -> list[str]:
        new = [one for one in stand.windows if (stand.id, one.issue) not in self.states]
        before = self.places.get(stand.id)
        if before is None:
            return []  # a newcomer, whose first issue was not opened in the same step
        returned = [arrival for whose, arrival in back if whose in {0, stand.id}]
        lowest = min([before, *returned])
        found, place = [], before
        for one in new:
            if one.after < place and one.after < lowest:
                found.append(f"{stand}: {one} overlaps what it had up to {place}")
            found += self._gap(stand, place, one.after, owes)
            place = one.upto
        if stand.place < min(place, lowest):
            found.append(f"{stand}: back from {place}, though nothing after it was given back")
        return found + self._gap(stand, place, stand.place, owes)

    def _gap(self, stand: Stand, start: int, end: int, owes: Owes) -> list[str]:
        """Tell what was owed among the arrivals in `(start, end]`, which no window has."""
        return [
            f"{stand}: no window has {arrival}, which is owed"
            for arrival in range(start + 1, end + 1)
            if owes(stand.reader, stand.digest, arrival)
        ]
