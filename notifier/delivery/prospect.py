"""The audience in prospect: as it will stand once what is planned has been opened.

Nothing is written but temporary tables (`planned`), which are taken back at the end. What has
expired by then is owed again, as it would be. What is asked is asked for many lanes together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date, datetime

from sqlalchemy import ColumnElement, Subquery, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from feeds.kit.database import Database
from notifier.delivery.audience import Audience, Clock, Lane
from notifier.delivery.claims import earlier
from notifier.delivery.enlisting import NewIssue
from notifier.delivery.groups import Group, Position, Standing, group_of
from notifier.delivery.planned import Planned, is_in_another_to_come
from notifier.delivery.positions import (
    NOWHERE,
    Readers,
    own_claims,
    shared_claims,
    standing_claims,
)
from notifier.delivery.stale import Stale
from notifier.delivery.statements import in_list
from notifier.schedule.slots import Slot
from notifier.tables import editions, issues, subscriptions

_TOGETHER = 5000  # readers whose claims are written together


class Prospect(Audience):
    """The audience after what is planned. Raises StoreError when the database cannot be used.

    `stale` issues will have expired; what openings that are `lost` have given will not count.
    """

    def __init__(
        self, database: Database, connection: AsyncConnection, stale: Iterable[int] = ()
    ) -> None:
        super().__init__(database)
        self._connection = connection
        self._stale = Stale(frozenset(stale))
        self._planned = Planned(connection)
        self._lost: set[int] = set()
        self._moved: dict[int, Lane] = {}
        self._caught_up: set[int] = set()
        self._contents: dict[str, frozenset[int]] = {}
        self._earlier: dict[tuple[int, int], dict[str, frozenset[int]]] = {}
        self._last = 0

    async def begin(self) -> None:
        """Make room for what is planned."""
        await self._planned.begin()
        last = select(func.max(editions.c.last_arrival))
        self._last = await self._connection.scalar(last) or 0

    def lose(self, opening: int) -> None:
        """Note that an opening will be taken back, or gone about anew: nobody has it as yet."""
        self._lost.add(opening)

    def serve(
        self, lane: Lane, slot: Slot, upto: int | None = None, *, everybody: bool = True
    ) -> None:
        """Note that `lane` will be served for `slot`; up to `upto`, and if so, `everybody`."""
        self._moved[lane.id] = lane.served(slot, upto)
        if upto is not None and everybody:
            self._caught_up.add(lane.id)

    async def expect(self, several: Iterable[Lane]) -> None:
        """Note the lanes that are to come: what is taken may matter to their readers only."""
        await self._planned.expect(lane.id for lane in several)

    async def reach(self, several: Iterable[Lane]) -> None:
        """Note that these lanes are not to come any more."""
        await self._planned.reach([lane.id for lane in several])

    async def neighbours(self, several: Collection[int]) -> set[int]:
        """Return these lanes by number, and all others in which any of their readers are."""
        others = subscriptions.alias("others")
        joined = subscriptions.join(others, others.c.subscriber_id == subscriptions.c.subscriber_id)
        query = select(others.c.lane_id).select_from(joined).distinct()
        here = (subscriptions.c.lane_id.in_(several), others.c.lane_id.is_not(None))
        found = (await self._connection.execute(query.where(*here))).scalars()
        return {*several, *found}

    async def clocks(self, digests: Sequence[str]) -> list[Clock]:
        """Return how far the lanes of `digests` will be."""
        return [self._ticked(clock) for clock in await super().clocks(digests)]

    async def lanes(
        self, digests: Sequence[str], numbers: Sequence[int] | None = None
    ) -> list[Lane]:
        """Return the lanes of `digests` that anybody reads, as they will stand."""
        return [self._moved.get(lane.id, lane) for lane in await super().lanes(digests, numbers)]

    async def places_of(
        self, several: Sequence[Lane], now: datetime, local_date: date | None = None
    ) -> dict[int, list[tuple[int, int]]]:
        """Return the places at which the readers of several lanes will be."""
        found: dict[int, list[tuple[int, int]]] = {}
        for readers in self._readers(several, now, local_date):
            for row in await self._connection.execute(readers.counted()):
                found.setdefault(row[0], []).append((row[1], row[2]))
        return found

    async def behind(self, several: Sequence[Lane], now: datetime) -> set[int]:
        """Return those of these lanes in which a reader will be owed what it was served before."""
        places = await self.places_of(several, now)
        return {
            lane.id
            for lane in several
            if any(after < lane.cursor for after, _ in places.get(lane.id, ()))
        }

    async def standings(
        self,
        several: Sequence[Lane],
        now: datetime,
        local_date: date | None = None,
    ) -> dict[int, Standing]:
        """Return how the readers of several lanes will stand, and what each will have had."""
        places = await self.places_of(several, now, local_date)
        after = min((after for found in places.values() for after, _ in found), default=0)
        had: dict[int, dict[int, Counter[frozenset[str]]]] = {}
        for readers in self._readers(several, now, local_date):
            found = await self._had(readers, after)
            if found is None:
                break
            same = (found.c.lane_id, found.c.place, found.c.had)
            counted = select(*same, func.count()).group_by(*same)
            for lane, place, contents, number in await self._connection.execute(counted):
                at_place = had.setdefault(lane, {}).setdefault(place, Counter())
                at_place[frozenset(contents.split())] += number
        return {
            lane.id: Standing.of(dict(places.get(lane.id, ())), had.get(lane.id, {}))
            for lane in several
        }

    async def earlier(self, after: int, upto: int) -> dict[str, frozenset[int]]:
        """Return the contents with an article of the window, those that are planned too."""
        key = (after, upto)
        if key not in self._earlier:
            self._earlier[key] = await earlier(self._connection, after, upto)
        return self._earlier[key] | self._contents

    async def take(self, several: Sequence[NewIssue], now: datetime) -> None:
        """Note what the readers of issues of one digest will have had when they have been opened.

        Where they have had different parts, each is noted by themselves: of those to whom it may
        matter yet.
        """
        parted: dict[date | None, list[NewIssue]] = {}
        for issue in several:
            for group, edition in issue.editions:
                self._contents[edition.content] = frozenset(edition.arrivals)
                if not issue.is_parted:
                    self._share(issue, group.after, edition.content, now)
            if issue.is_parted:
                parted.setdefault(issue.day, []).append(issue)
        for day, some in parted.items():
            await self._give(some, now, day)

    async def group_of(
        self,
        reader: int,
        groups: Sequence[Group],
        lane: Lane,
        now: datetime,
        local_date: date | None = None,
    ) -> Group | None:
        """Return the one of `groups` that `reader` is in, if any.

        To be asked before the issue is taken.
        """
        after = min((group.after for group in groups), default=0)
        only = subscriptions.c.subscriber_id == reader
        found = await self._positions([lane], after, now, local_date, only)
        return group_of(found[0], groups) if found else None

    def _ticked(self, clock: Clock) -> Clock:
        lane = self._moved.get(clock.id)
        if lane is None:
            return clock
        return replace(clock, served_at=lane.served_at, served_on=lane.served_on)

    def _floors(self, several: Sequence[Lane]) -> dict[int, int]:
        return {lane.id: lane.cursor for lane in several if lane.id in self._caught_up}

    def _readers(
        self, several: Sequence[Lane], now: datetime, day: date | None, *among: ColumnElement[bool]
    ) -> list[Readers]:
        """Return all in these lanes, as many together as a statement can hold."""
        return [
            Readers(
                stale=self._stale,
                numbers=some,
                floors=self._floors(several),
                now=now,
                day=day,
                among=among,
            )
            for some in in_list([lane.id for lane in several])
        ]

    async def _had(self, readers: Readers, after: int) -> Subquery | None:
        """Return who will have had something after `after`; None if nobody can."""
        await self._planned.write()
        sources = [shared_claims(self._stale)] if self._planned.has_shared else []
        if self._planned.has_own:
            sources.append(own_claims())
        if self._last > after:
            sources.append(standing_claims(self._stale, after, self._lost))
        return readers.had(sources) if sources else None

    def _share(self, issue: NewIssue, after: int, content: str, now: datetime) -> None:
        lane = issue.lane
        floor = self._floors([lane]).get(lane.id, NOWHERE)
        self._planned.share(lane.id, after, floor, now, issue.day, content)

    async def _give(self, several: Sequence[NewIssue], now: datetime, day: date | None) -> None:
        after = min(
            group.after
            for issue in several
            for group in (*issue.nothing, *(group for group, _ in issue.editions))
        )
        contents = {
            issue.lane.id: {group: edition.content for group, edition in issue.editions}
            for issue in several
        }
        lanes = [issue.lane for issue in several]
        taken = []
        for one in await self._positions(lanes, after, now, day, is_in_another_to_come()):
            group = group_of(one, contents[one.lane])
            if group is not None:
                taken.append((one.reader, contents[one.lane][group]))
        for start in range(0, len(taken), _TOGETHER):
            await self._planned.give(taken[start : start + _TOGETHER])

    async def _positions(
        self,
        several: Sequence[Lane],
        after: int,
        now: datetime,
        day: date | None,
        among: ColumnElement[bool],
    ) -> list[Position]:
        """Return where some readers of these lanes are, and what they will have had."""
        found = []
        for readers in self._readers(several, now, day, among):
            have = await self._had(readers, after)
            had: Mapping[int, str] = {}
            if have is not None:
                names = select(have.c.subscriber_id, have.c.had)
                had = dict((await self._connection.execute(names)).all())
            found += [
                Position(row[0], row[1], row[2], frozenset(had.get(row[0], "").split()))
                for row in await self._connection.execute(readers.each())
            ]
        return found


class Prospects:
    """Opens prospects. Raises StoreError when the database cannot be used."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def open(self, then: datetime) -> AsyncIterator[Prospect]:
        """Give the audience as it will stand at `then`, when what is stale has expired."""
        ending = issues.c.expires <= then
        stale = select(issues.c.id).where(issues.c.state == "open", ending)
        async with self._database.scratch() as connection:
            found = (await connection.execute(stale)).scalars()
            prospect = Prospect(self._database, connection, found)
            await prospect.begin()
            yield prospect
