"""Misfits: what an opening that was broken off has written, and what does not hold any more.

Meanwhile a reader may have moved, left or paused, what they have had may have changed, or the words
themselves. Their deliveries are taken back before the rest is written, and nobody's place is lost
by that. Refuses to touch what fits, for another scheduler may be writing it at this moment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, func, select, update

from feeds.kit.database import Database
from notifier.delivery.enlisting import EVERYBODY, NewIssue
from notifier.delivery.parting import Parted
from notifier.delivery.statements import are_opening
from notifier.tables import deliveries, lanes, subscriptions

_CHUNKS = 20  # whose readers are looked at together: to ask costs more than a thousand of them


async def drop_misfits(database: Database, by_id: Mapping[int, NewIssue], now: datetime) -> None:
    """Take back what does not fit the issues that are being opened; cheap where nothing is written.

    Raises StoreError when the database cannot be used.
    """
    for number, last in (await database.reading(_written, list(by_id))).items():
        for first in range(0, last + 1, _CHUNKS):
            part = first, first + _CHUNKS
            found = await database.reading(_misfits, number, by_id[number], part, now)
            if found:
                await database.writing_lightly(None, _drop, number, found)


def _written(connection: Connection, numbers: Sequence[int]) -> dict[int, int]:
    """Return the last chunk of each of these issues that has any."""
    last = func.max(deliveries.c.chunk)
    query = select(deliveries.c.issue_id, last).where(deliveries.c.issue_id.in_(numbers))
    return dict(connection.execute(query.group_by(deliveries.c.issue_id)).all())


def _misfits(
    connection: Connection, number: int, issue: NewIssue, part: tuple[int, int], now: datetime
) -> dict[int, int]:
    """Return the readers of some chunks who are to get something else, each with a subscription."""
    first, end = part
    columns = ("subscriber_id", "subscription_id", "edition_id", "after")
    here = (deliveries.c.issue_id == number, deliveries.c.chunk.between(first, end - 1))
    query = select(*(deliveries.c[name] for name in columns)).where(*here)
    rows = connection.execute(query).all()
    whole = Parted(number, issue, 0, EVERYBODY, 0, now)
    ids = [row.subscription_id for row in rows]
    readers = whole.readers().where(subscriptions.c.id.in_(ids)).subquery()
    due = whole.rows(readers).subquery()
    fit = {tuple(row) for row in connection.execute(select(*(due.c[name] for name in columns)))}
    return {row.subscriber_id: row.subscription_id for row in rows if tuple(row) not in fit}


def _drop(connection: Connection, number: int, misfits: Mapping[int, int]) -> None:
    """Take deliveries back; who had the cursor of the lane keeps to where it stands."""
    if not are_opening(connection, [number]):
        return
    cursor = select(lanes.c.cursor).where(lanes.c.id == subscriptions.c.lane_id).scalar_subquery()
    theirs = (subscriptions.c.id.in_(misfits.values()), subscriptions.c.cursor.is_(None))
    connection.execute(update(subscriptions).where(*theirs).values(cursor=cursor))
    mine = (deliveries.c.issue_id == number, deliveries.c.subscriber_id.in_(misfits))
    connection.execute(delete(deliveries).where(*mine))
