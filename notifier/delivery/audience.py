"""The audience: all SQL about who reads a lane, how far they were served and what they have had.

Reads only. What is due and what the words are is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, func, or_, select

from feeds.kit.database import Database
from notifier.delivery.claims import claims, contents_of, earlier, masks
from notifier.delivery.groups import Group, Standing
from notifier.delivery.statements import audience, in_force, in_list, owed
from notifier.digest.lane import LaneKey, chosen_in
from notifier.digest.overlap import Overlap
from notifier.schedule.slots import Slot
from notifier.tables import issues, lanes, subscribers, subscriptions


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """A lane as the ledger has it; see the table."""

    id: int
    key: LaneKey
    cursor: int
    served_at: datetime
    covered_to: datetime
    served_on: date | None = None
    public: bool = False

    def served(self, slot: Slot, upto: int | None = None) -> Lane:
        """Return the lane after `slot`, and with `upto` served to there; nothing goes backwards."""
        days = [day for day in (self.served_on, slot.local_date) if day]
        clock = replace(
            self, served_at=max(self.served_at, slot.instant), served_on=max(days, default=None)
        )
        if upto is None:
            return clock
        covered = max(self.covered_to, slot.instant)
        return replace(clock, cursor=max(self.cursor, upto), covered_to=covered)


@dataclass(frozen=True, slots=True)
class Clock:
    """How far a lane is: the last slot considered, and its local date."""

    id: int
    digest: str
    schedule: str
    timezone: str
    served_at: datetime
    served_on: date | None


class Audience:
    """All SQL about the readers of lanes. Raises StoreError when the database cannot be used."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def clocks(self, digests: Sequence[str]) -> list[Clock]:
        """Return how far the lanes of `digests` are, whether anybody reads them or not."""
        names = ("id", "digest", "schedule", "timezone", "served_at", "served_on")
        query = select(*(lanes.c[name] for name in names)).where(lanes.c.digest.in_(digests))
        return await self._database.reading(_clocks, query)

    async def lanes(
        self, digests: Sequence[str], numbers: Sequence[int] | None = None
    ) -> list[Lane]:
        """Return the lanes of `digests` that anybody reads, in the order they were made.

        With `numbers`, only those among them.
        """
        has_reader = (
            select(subscriptions.c.id)
            .join(subscribers, subscribers.c.id == subscriptions.c.subscriber_id)
            .where(subscriptions.c.lane_id == lanes.c.id, owed())
            .correlate(lanes)
        )
        read = or_(lanes.c.public, has_reader.exists())
        query = select(lanes).where(lanes.c.digest.in_(digests), read).order_by(lanes.c.id)
        if numbers is None:
            return await self._database.reading(_lanes, query)
        found: list[Lane] = []
        for some in in_list(numbers):
            found += await self._database.reading(_lanes, query.where(lanes.c.id.in_(some)))
        return found

    async def places(
        self, lane: Lane, now: datetime, local_date: date | None = None
    ) -> list[tuple[int, int]]:
        """Return the arrivals that readers of `lane` were served up to, each with how many.

        `local_date` is that of a slot that nobody may get who was served elsewhere on it.
        """
        return (await self.places_of([lane], now, local_date)).get(lane.id, [])

    async def places_of(
        self, several: Sequence[Lane], now: datetime, local_date: date | None = None
    ) -> dict[int, list[tuple[int, int]]]:
        """Return the places of the readers of several lanes, by the number of the lane."""
        place = func.coalesce(subscriptions.c.cursor, lanes.c.cursor)
        joined = subscriptions.join(subscribers).join(lanes)
        query = select(lanes.c.id, place.label("place")).select_from(joined)
        found: dict[int, list[tuple[int, int]]] = {}
        async with self._database.read() as connection:
            for some in in_list([lane.id for lane in several]):
                who = (lanes.c.id.in_(some), in_force(now, local_date))
                readers = query.where(*who).subquery()
                counted = select(*readers.c, func.count()).group_by(*readers.c)
                for row in await connection.execute(counted.order_by(*readers.c)):
                    found.setdefault(row[0], []).append((row[1], row[2]))
        return found

    async def behind(self, several: Sequence[Lane], now: datetime) -> set[int]:
        """Return those of these lanes in which a reader is owed what the lane was served before."""
        found: set[int] = set()
        query = (
            select(lanes.c.id)
            .join(subscriptions, subscriptions.c.lane_id == lanes.c.id)
            .join(subscribers, subscribers.c.id == subscriptions.c.subscriber_id)
            .where(subscriptions.c.cursor < lanes.c.cursor, in_force(now, None))
            .distinct()
        )
        async with self._database.read() as connection:
            for some in in_list([lane.id for lane in several]):
                rows = await connection.execute(query.where(lanes.c.id.in_(some)))
                found.update(rows.scalars())
        return found

    async def standings(
        self, several: Sequence[Lane], now: datetime, local_date: date | None = None
    ) -> dict[int, Standing]:
        """Return how the readers of several lanes stand, by the number of the lane.

        With the contents that they have had of what comes after the least of their places.
        """
        places = await self.places_of(several, now, local_date)
        after = min((after for found in places.values() for after, _ in found), default=0)
        contents = await self._contents_of(several, after)
        return {
            lane.id: Standing(dict(places.get(lane.id, ())), frozenset(contents[lane.id]))
            for lane in several
        }

    async def _contents_of(self, several: Sequence[Lane], after: int) -> dict[int, set[str]]:
        found: dict[int, set[str]] = {lane.id: set() for lane in several}
        async with self._database.read() as connection:
            for some in in_list(list(found)):
                rows = await connection.execute(contents_of(some, after))
                for row in rows:
                    found[row.lane].add(row.content)
        return found

    async def earlier(self, after: int, upto: int) -> dict[str, frozenset[int]]:
        """Return the arrivals of all contents with an article of the window, by their names."""
        async with self._database.read() as connection:
            return await earlier(connection, after, upto)

    async def groups(
        self,
        lane: Lane,
        after: int,
        overlap: Overlap,
        now: datetime,
        local_date: date | None = None,
    ) -> list[Group]:
        """Part the readers of one place by what they have had of a window.

        What is being opened does not count: who is to get it is found out anew.
        """
        being_opened = select(issues.c.id).where(issues.c.state == "opening")
        async with self._database.read() as connection:
            lost = list((await connection.execute(being_opened)).scalars())
            had = masks(overlap, claims(after, lost=lost))
            here = place_of(lane) == after
            query = groups_of(had, audience(lane.id, now, local_date) & here)
            rows = await connection.execute(query)
            return [Group(after, count, overlap, tuple(mask)) for count, *mask in rows]


def _clocks(connection: Connection, query: Select[tuple[Any, ...]]) -> list[Clock]:
    return [
        Clock(**(dict(row) | {"served_on": _date(row["served_on"])}))
        for row in connection.execute(query).mappings()
    ]


def _lanes(connection: Connection, query: Select[tuple[Any, ...]]) -> list[Lane]:
    return [lane_from(row) for row in connection.execute(query).mappings()]


def place_of(lane: Lane) -> ColumnElement[int]:
    """The arrival that a subscription of `lane` was served up to."""
    return func.coalesce(subscriptions.c.cursor, lane.cursor)


def groups_of(
    had: Sequence[ColumnElement[int]], who: ColumnElement[bool]
) -> Select[tuple[Any, ...]]:
    """The masks that occur where `who` holds, each after how many have it."""
    labels = [mask.label(f"mask{number}") for number, mask in enumerate(had)]
    readers = select(*labels).select_from(subscriptions.join(subscribers)).where(who).subquery()
    return select(func.count(), *readers.c).group_by(*readers.c).order_by(*readers.c)


def lane_from(row: RowMapping) -> Lane:
    """Return the lane that a full row of `lanes` holds."""
    topics, words = chosen_in(row["selection"])
    key = LaneKey(
        digest=row["digest"],
        schedule=row["schedule"],
        timezone=row["timezone"],
        language=row["language"],
        topics=topics,
        words=words,
    )
    return Lane(
        id=row["id"],
        key=key,
        cursor=row["cursor"],
        served_at=row["served_at"],
        covered_to=row["covered_to"],
        served_on=_date(row["served_on"]),
        public=row["public"],
    )


def _date(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
