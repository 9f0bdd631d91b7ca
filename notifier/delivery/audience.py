"""The audience: all SQL about who reads a lane, how far they were served and what they have had.

Reads only. What is due and what the words are is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import RowMapping, func, or_, select

from feeds.kit.database import Database
from notifier.delivery.claims import claims, earlier, masks
from notifier.delivery.statements import audience, find_issue, owed
from notifier.digest.lane import LaneKey, chosen_in
from notifier.digest.overlap import NOTHING_HAD, Overlap
from notifier.tables import lanes, subscribers, subscriptions


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


@dataclass(frozen=True, slots=True)
class Group:
    """Readers of a lane who are owed everything after the same arrival.

    Of that they have had what `mask` says of `overlap`.
    """

    after: int
    readers: int
    overlap: Overlap = NOTHING_HAD
    mask: tuple[int, ...] = ()

    @property
    def had(self) -> frozenset[int]:
        """The arrivals that these readers have had already."""
        return self.overlap.had(self.mask)


class Audience:
    """All SQL about the readers of lanes. Raises StoreError when the database cannot be used."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def lanes(self, digests: Sequence[str]) -> list[Lane]:
        """Return the lanes of `digests` that anybody reads, in the order they were made."""
        has_reader = (
            select(subscriptions.c.id)
            .join(subscribers, subscribers.c.id == subscriptions.c.subscriber_id)
            .where(subscriptions.c.lane_id == lanes.c.id, owed())
            .correlate(lanes)
        )
        read = or_(lanes.c.public, has_reader.exists())
        query = select(lanes).where(lanes.c.digest.in_(digests), read)
        async with self._database.read() as connection:
            rows = (await connection.execute(query.order_by(lanes.c.id))).mappings().all()
        return [_lane(row) for row in rows]

    async def places(
        self, lane: Lane, now: datetime, local_date: date | None = None
    ) -> list[tuple[int, int]]:
        """Return the arrivals that readers of `lane` were served up to, each with how many.

        `local_date` is that of a slot that nobody may get who was served elsewhere on it.
        """
        cursor = func.coalesce(subscriptions.c.cursor, lane.cursor)
        query = (
            select(cursor, func.count())
            .select_from(subscriptions.join(subscribers))
            .where(audience(lane.id, now, local_date))
            .group_by(cursor)
            .order_by(cursor)
        )
        async with self._database.read() as connection:
            return [(after, readers) for after, readers in await connection.execute(query)]

    async def earlier(self, after: int, upto: int) -> list[tuple[str, frozenset[int]]]:
        """Return the contents of all editions with an article of the window, by name."""
        async with self._database.read() as connection:
            return await earlier(connection, after, upto)

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
        """Part the readers of one place by what they have had of a window.

        What the issue of `slot` gives them does not count.
        """
        async with self._database.read() as connection:
            known = await find_issue(connection, lane.id, slot)
            had = masks(overlap, claims(after, known[0] if known else None))
            readers = (
                select(*(mask.label(f"mask{number}") for number, mask in enumerate(had)))
                .select_from(subscriptions.join(subscribers))
                .where(
                    audience(lane.id, now, local_date),
                    func.coalesce(subscriptions.c.cursor, lane.cursor) == after,
                )
            ).subquery()
            query = select(func.count(), *readers.c).group_by(*readers.c).order_by(*readers.c)
            rows = await connection.execute(query)
            return [Group(after, count, overlap, tuple(mask)) for count, *mask in rows]


def _lane(row: RowMapping) -> Lane:
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
        served_on=date.fromisoformat(row["served_on"]) if row["served_on"] else None,
        public=row["public"],
    )
