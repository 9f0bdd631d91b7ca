"""The audience in prospect: as it will stand once what is planned has been opened.

Nothing is written but a temporary table of who would have which content, which is taken back at
the end. What has expired by then is owed again, as it would be.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Index,
    Insert,
    MetaData,
    Select,
    Table,
    Text,
    and_,
    case,
    func,
    insert,
    literal,
    null,
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.schema import CreateIndex, CreateTable

from feeds.kit.database import Database
from notifier.delivery.audience import Audience, Clock, Group, Lane, groups_of, places_at
from notifier.delivery.claims import (
    claims,
    earlier,
    masks,
)
from notifier.delivery.enlisting import NewIssue
from notifier.delivery.parting import is_of, mask_names
from notifier.delivery.stale import Stale
from notifier.delivery.statements import at_least, find_issue
from notifier.digest.overlap import Overlap
from notifier.schedule.slots import Slot
from notifier.tables import issues, lanes, subscribers, subscriptions

_NO_LIMIT = 2**62

_planned = Table(
    "planned_claims",
    MetaData(),
    Column("subscriber_id", BigInteger, nullable=False),
    Column("content", Text, nullable=False),
    prefixes=["TEMPORARY"],
)
_by_subscriber = Index("planned_claims_by_subscriber", _planned.c.subscriber_id)


class Prospect(Audience):
    """The audience after what is planned. Raises StoreError when the database cannot be used.

    `stale` issues will have expired; openings that are `lost` will have been taken back.
    """

    def __init__(
        self, database: Database, connection: AsyncConnection, stale: Iterable[int] = ()
    ) -> None:
        super().__init__(database)
        self._connection = connection
        self._stale = Stale(frozenset(stale))
        self._lost: set[int] = set()
        self._moved: dict[int, Lane] = {}
        self._caught_up: set[int] = set()
        self._contents: dict[str, frozenset[int]] = {}
        self._standing: set[str] = set()
        self._planned_by: dict[str, set[Lane]] = {}
        self._waiting: list[tuple[Lane, Insert]] = []

    def lose(self, opening: int) -> None:
        """Note that an opening will be taken back: whoever is in it has nothing of it."""
        self._lost.add(opening)

    def serve(
        self, lane: Lane, slot: Slot, upto: int | None = None, *, everybody: bool = True
    ) -> None:
        """Note that `lane` will be served for `slot`; up to `upto`, and if so, `everybody`."""
        self._moved[lane.id] = lane.served(slot, upto)
        if upto is not None and everybody:
            self._caught_up.add(lane.id)

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
        place = self._stale.returned(func.coalesce(subscriptions.c.cursor, lanes.c.cursor))
        who = self._stale.in_force(now, local_date)
        found = await places_at(self._connection, several, place, who)
        for one in several:
            if one.id in self._caught_up & found.keys():
                caught_up: Counter[int] = Counter()
                for after, readers in found[one.id]:
                    caught_up[max(after, one.cursor)] += readers
                found[one.id] = sorted(caught_up.items())
        return found

    async def behind(self, several: Sequence[Lane], now: datetime) -> set[int]:
        """Return those of these lanes in which a reader will be owed what it was served before."""
        places = await self.places_of(several, now)
        return {
            lane.id
            for lane in several
            if any(after < lane.cursor for after, _ in places.get(lane.id, ()))
        }

    async def contents_of(
        self, several: Sequence[Lane], after: int
    ) -> dict[int, frozenset[str]] | None:
        """Return None: what is planned is not known by lane."""
        return None

    async def earlier(self, after: int, upto: int) -> list[tuple[str, frozenset[int]]]:
        """Return the contents with an article of the window, those that are planned too."""
        standing = dict(await earlier(self._connection, after, upto))
        self._standing |= standing.keys()
        return list((standing | self._contents).items())

    async def groups(
        self,
        lane: Lane,
        after: int,
        overlap: Overlap,
        now: datetime,
        *,
        local_date: date | None = None,
        slot: str = "",
    ) -> list[Group]:
        """Part the readers of one place by what they will have had of a window."""
        planned = self._is_planned(overlap, lane)
        if planned:
            await self._write_what_matters_to(lane)
        elif not self._is_standing(overlap):
            return await self._undivided(lane, after, now, local_date)
        known = await find_issue(self._connection, lane.id, slot)
        had = self._masks(overlap, after, known[0] if known else None, lane)
        who = self._who(lane, now, local_date) & (self._place(lane) == after)
        rows = await self._connection.execute(groups_of(had, who))
        return [Group(after, count, overlap, tuple(mask)) for count, *mask in rows]

    async def take(self, issue: NewIssue, now: datetime) -> None:
        """Note what the readers of an issue will have had when it has been opened.

        Who that is, is worked out when it matters to another digest. Of readers who have had
        different parts at once, for they would be told apart by what comes later.
        """
        rows = await self._rows(issue, now)
        if issue.is_parted:
            await self._connection.execute(rows)
        else:
            self._waiting.append((issue.lane, rows))
        for _, edition in issue.editions:
            self._contents[edition.content] = frozenset(edition.arrivals)
            self._planned_by.setdefault(edition.content, set()).add(issue.lane)

    async def _write_what_matters_to(self, lane: Lane) -> None:
        """Write the claims of other digests: in one digest nobody is in two lanes."""
        waiting, self._waiting = self._waiting, []
        for other, rows in waiting:
            if other.key.digest == lane.key.digest and other.id != lane.id:
                self._waiting.append((other, rows))
            else:
                await self._connection.execute(rows)

    async def _rows(self, issue: NewIssue, now: datetime) -> Insert:
        """The claims of an issue, as its readers stand now."""
        groups = [group for group, _ in issue.editions]
        contents = {place: edition.content for place, (_, edition) in enumerate(issue.editions)}
        members = await self._members(issue.lane, issue.due.slot, issue.day, groups, now)
        found = members.subquery()
        content = case(contents, value=found.c.place) if contents else null()
        row = select(found.c.subscriber_id, content).where(found.c.place.is_not(None))
        return insert(_planned).from_select(["subscriber_id", "content"], row)

    async def place_among(
        self,
        groups: Sequence[Group],
        lane: Lane,
        slot: Slot,
        reader: int,
        now: datetime,
        *,
        local_date: date | None = None,
    ) -> int | None:
        """Return the position in `groups` of the one that `reader` is in, if any.

        To be asked before the issue of `slot` is taken.
        """
        query = await self._members(lane, slot, local_date, groups, now, reader)
        row = (await self._connection.execute(query)).one_or_none()
        return row.place if row else None

    def _ticked(self, clock: Clock) -> Clock:
        lane = self._moved.get(clock.id)
        if lane is None:
            return clock
        return replace(clock, served_at=lane.served_at, served_on=lane.served_on)

    async def _members(
        self,
        lane: Lane,
        slot: Slot,
        day: date | None,
        groups: Sequence[Group],
        now: datetime,
        reader: int | None = None,
    ) -> Select[tuple[int, int | None]]:
        """The audience, or one `reader` of it, each with the position of their group."""
        known = await find_issue(self._connection, lane.id, slot.identity)
        after = self._place(lane)
        columns: list[ColumnElement[int]] = [after.label("place")]
        for place, overlap in {group.after: group.overlap for group in groups}.items():
            had = self._masks(overlap, place, known[0] if known else None, lane)
            for name, mask in zip(mask_names(place, overlap), had, strict=True):
                columns.append(case((after == place, mask), else_=literal(0)).label(name))
        who = self._who(lane, now, day)
        if reader is not None:
            who &= subscriptions.c.subscriber_id == reader
        joined = subscriptions.join(subscribers)
        query = select(subscriptions.c.subscriber_id, *columns).select_from(joined).where(who)
        # The limit keeps SQLite from working out a mask again for each group that is asked for.
        readers = query.limit(_NO_LIMIT).subquery() if len(columns) > 1 else query.subquery()
        whens = [(is_of(group, readers), place) for place, group in enumerate(groups)]
        position = case(*whens, else_=None) if whens else null()
        return select(readers.c.subscriber_id, position.label("place"))

    def _place(self, lane: Lane) -> ColumnElement[int]:
        standing = select(lanes.c.cursor).where(lanes.c.id == lane.id).scalar_subquery()
        if lane.id in self._caught_up:  # but for newcomers, who may begin after what was opened
            return at_least(func.coalesce(subscriptions.c.cursor, standing), lane.cursor)
        return self._stale.returned(func.coalesce(subscriptions.c.cursor, standing))

    def _who(self, lane: Lane, now: datetime, day: date | None) -> ColumnElement[bool]:
        return and_(subscriptions.c.lane_id == lane.id, self._stale.in_force(now, day))

    def _masks(
        self, overlap: Overlap, after: int, but: int | None, lane: Lane
    ) -> list[ColumnElement[int]]:
        """Return the masks over what stands, what is planned, or both: whichever may matter."""
        planned: list[ColumnElement[int]] = []
        if self._is_planned(overlap, lane):
            planned = masks(overlap, select(_planned).subquery("planned"))
            if not self._is_standing(overlap):
                return planned
        had = masks(overlap, claims(after, but, lost=self._lost, stale=self._stale.issues))
        if not planned:
            return had
        return [one.op("|")(other) for one, other in zip(had, planned, strict=True)]

    def _is_standing(self, overlap: Overlap) -> bool:
        """Whether an edition in the store has a part of this."""
        return any(name in self._standing for part in overlap.parts for name in part.contents)

    def _is_planned(self, overlap: Overlap, lane: Lane) -> bool:
        """Whether readers of `lane` may have planned claims on a part: by another digest."""
        return any(
            by.id == lane.id or by.key.digest != lane.key.digest
            for part in overlap.parts
            for name in part.contents
            for by in self._planned_by.get(name, ())
        )

    async def _undivided(
        self, lane: Lane, after: int, now: datetime, day: date | None
    ) -> list[Group]:
        """Return the readers of one place, none of whom has had anything of a window."""
        who = self._who(lane, now, day) & (self._place(lane) == after)
        query = select(func.count()).select_from(subscriptions.join(subscribers)).where(who)
        count = await self._connection.scalar(query)
        return [Group(after, count)] if count else []


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
            await connection.execute(CreateTable(_planned))
            await connection.execute(CreateIndex(_by_subscriber))
            found = (await connection.execute(stale)).scalars()
            yield Prospect(self._database, connection, found)
