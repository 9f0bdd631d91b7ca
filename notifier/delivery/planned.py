"""What is planned, in temporary tables: who will have which content, and which lanes are to come.

Where all readers at a place of a lane will get the same, that is noted once, and who they are is
worked out when it matters. On a connection that takes everything back; statements are run in order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Index,
    MetaData,
    Table,
    Text,
    delete,
    insert,
    or_,
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.schema import CreateIndex, CreateTable

from notifier.delivery.statements import in_list
from notifier.tables import subscribers, subscriptions, suppressions

_metadata = MetaData()
_TEMPORARY = ["TEMPORARY"]

# What all get who are at the place `after` of a lane, in an issue of a `moment`, of which nobody
# gets one who was served on `day`. Nobody is before `floor` by then.
shared = Table(
    "planned_parts",
    _metadata,
    Column("lane_id", BigInteger, nullable=False),
    Column("after", BigInteger, nullable=False),
    Column("floor", BigInteger, nullable=False),
    Column("moment", subscriptions.c.paused_until.type, nullable=False),
    Column("day", Text),
    Column("content", Text, nullable=False),
    Index("planned_parts_by_lane", "lane_id"),
    prefixes=_TEMPORARY,
)
# What single readers get.
own = Table(
    "planned_claims",
    _metadata,
    Column("subscriber_id", BigInteger, nullable=False),
    Column("content", Text, nullable=False),
    Index("planned_claims_by_subscriber", "subscriber_id"),
    prefixes=_TEMPORARY,
)
_coming = Table(
    "planned_lanes",
    _metadata,
    Column("lane_id", BigInteger, primary_key=True, autoincrement=False),
    prefixes=_TEMPORARY,
)
# Readers who are not written to: looked up once, for it is asked of each of them again and again.
_refused = Table(
    "planned_refused",
    _metadata,
    Column("subscriber_id", BigInteger, primary_key=True, autoincrement=False),
    prefixes=_TEMPORARY,
)


class Planned:
    """What is planned, as far as readers are concerned.

    `has_shared` and `has_own` tell whether there is anything in these tables.
    """

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self._waiting: list[dict[str, object]] = []
        self.has_shared = self.has_own = False

    async def begin(self) -> None:
        """Make the tables."""
        for table in _metadata.sorted_tables:
            await self._connection.execute(CreateTable(table))
            for index in table.indexes:
                await self._connection.execute(CreateIndex(index))
        listed = select(suppressions.c.address_key)
        keys = (subscribers.c.address_key, subscribers.c.address_hash)
        written_off = select(subscribers.c.id).where(or_(*(key.in_(listed) for key in keys)))
        await self._connection.execute(insert(_refused).from_select(["subscriber_id"], written_off))

    async def expect(self, lanes: Iterable[int]) -> None:
        """Note the lanes that are to come, and no others."""
        await self._connection.execute(delete(_coming))
        rows = [{"lane_id": lane} for lane in set(lanes)]
        if rows:
            await self._connection.execute(insert(_coming), rows)

    async def reach(self, lanes: Sequence[int]) -> None:
        """Note that these lanes are not to come any more."""
        for some in in_list(lanes):
            await self._connection.execute(delete(_coming).where(_coming.c.lane_id.in_(some)))

    def share(
        self, lane: int, after: int, floor: int, now: datetime, day: date | None, content: str
    ) -> None:
        """Note what all readers at a place of a lane get."""
        row = {"lane_id": lane, "after": after, "floor": floor, "moment": now, "content": content}
        self._waiting.append(row | {"day": day and day.isoformat()})

    async def write(self) -> None:
        """Write what waits to be written."""
        if self._waiting:
            self.has_shared = True
            await self._connection.execute(insert(shared), self._waiting)
            self._waiting = []

    async def give(self, whose: Sequence[tuple[int, str]]) -> None:
        """Note readers by number, each with the content that they get."""
        rows = [{"subscriber_id": reader, "content": content} for reader, content in whose]
        if rows:
            self.has_own = True
            await self._connection.execute(insert(own), rows)


def is_refused() -> ColumnElement[bool]:
    """The condition that the reader of a subscription is not written to."""
    return subscriptions.c.subscriber_id.in_(select(_refused.c.subscriber_id))


def is_in_another_to_come() -> ColumnElement[bool]:
    """The condition that the reader of a subscription is in another lane that is to come."""
    others = subscriptions.alias("others")
    elsewhere = (
        others.c.subscriber_id == subscriptions.c.subscriber_id,
        others.c.id != subscriptions.c.id,
        others.c.lane_id.in_(select(_coming.c.lane_id)),
    )
    return select(others.c.id).where(*elsewhere).correlate(subscriptions).exists()
