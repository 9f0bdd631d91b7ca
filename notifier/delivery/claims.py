"""What readers have had already: SQL over the deliveries that keep a claim on their articles.

For use inside a transaction of the caller's. A delivery claims the articles of its edition from
the moment its issue opens; one that failed, expired or was passed over claims nothing. Which
earlier contents matter is decided by `digest.overlap`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    Subquery,
    and_,
    case,
    cast,
    distinct,
    func,
    literal,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from notifier.delivery.delivery import RESENT, State
from notifier.digest.overlap import BITS, Overlap, Part
from notifier.tables import deliveries, editions, issues, lanes, subscriptions

ENDED = (State.FAILED, State.EXPIRED, State.SKIPPED)
KEPT = (State.QUEUED, State.SENDING, State.DEFERRED, State.ACCEPTED, State.IN_DOUBT)


async def earlier(connection: AsyncConnection, after: int, upto: int) -> dict[str, frozenset[int]]:
    """Return the arrivals of all contents with an article of the window `(after, upto]`."""
    within = and_(editions.c.last_arrival > after, editions.c.first_arrival <= upto)
    query = select(editions.c.content, editions.c.arrivals).where(within).distinct()
    rows = await connection.execute(query)
    return {content: frozenset(map(int, arrivals.split())) for content, arrivals in rows}


def contents_of(numbers: Sequence[int], after: int) -> Select[tuple[int, str]]:
    """What readers of these lanes have of articles after `after`: lane and content, once each."""
    since = select(func.min(issues.c.id)).where(issues.c.upto > after).scalar_subquery()
    return (
        select(subscriptions.c.lane_id.label("lane"), editions.c.content)
        .join(deliveries, deliveries.c.subscriber_id == subscriptions.c.subscriber_id)
        .join(editions, editions.c.id == deliveries.c.edition_id)
        .where(
            subscriptions.c.lane_id.in_(numbers),
            deliveries.c.issue_id >= since,
            deliveries.c.state.in_(KEPT),
            editions.c.last_arrival > after,
        )
        .distinct()
    )


def claims(after: int, *, lost: Collection[int] = (), stale: Collection[int] = ()) -> Subquery:
    """The claims on articles after `after`: who has which content.

    None of the `lost` issues, and of the `stale` ones none that nobody has begun to send.
    """
    since = select(func.min(issues.c.id)).where(issues.c.upto > after).scalar_subquery()
    mine = (deliveries.c.state.in_(KEPT), deliveries.c.issue_id >= since)
    query = (
        select(deliveries.c.subscriber_id, editions.c.content)
        .join(editions, editions.c.id == deliveries.c.edition_id)
        .where(*mine)
    )
    if stale:
        query = query.where(~waiting_of(stale))
    return (query.where(deliveries.c.issue_id.not_in(lost)) if lost else query).subquery("claims")


def waiting_of(stale: Collection[int]) -> ColumnElement[bool]:
    """The condition that a delivery is of a `stale` issue, and waits to be sent the first time."""
    waiting = deliveries.c.state.in_([State.QUEUED, State.DEFERRED])
    return and_(deliveries.c.issue_id.in_(stale), waiting, deliveries.c.reason != RESENT)


def owe_elsewhere(connection: Connection, which: ColumnElement[bool]) -> None:
    """Let other digests give what these deliveries claimed and their readers will not have by them.

    Those may have passed it over as had, so the places of their subscriptions go back to before it,
    though never to before they began. What was had by then is known, so nothing comes twice.
    """
    ended = and_(which, deliveries.c.state.in_(ENDED))
    theirs = select(deliveries.c.subscriber_id).where(ended)
    lane = select(lanes.c.cursor).where(lanes.c.id == subscriptions.c.lane_id)
    place = func.coalesce(subscriptions.c.cursor, lane.scalar_subquery())
    before = before_claims_of_others(ended)
    back = update(subscriptions).where(subscriptions.c.subscriber_id.in_(theirs), place > before)
    connection.execute(back.values(cursor=before))


def before_claims_of_others(which: ColumnElement[bool]) -> ColumnElement[int]:
    """The arrival before what a reader claims by deliveries of other subscriptions than this one.

    Null where there is none; not before this one began.
    """
    first = (
        select(func.min(editions.c.first_arrival) - 1)
        .select_from(deliveries.join(editions, editions.c.id == deliveries.c.edition_id))
        .where(
            which,
            deliveries.c.subscriber_id == subscriptions.c.subscriber_id,
            deliveries.c.subscription_id != subscriptions.c.id,
        )
        .correlate(subscriptions)
        .scalar_subquery()
    )
    return case((first < subscriptions.c.began, subscriptions.c.began), else_=first)


def masks(overlap: Overlap, had: Subquery) -> list[ColumnElement[int]]:
    """Return the mask of a subscription's reader, as `overlap` reads it, over the claims `had`."""
    return [
        _mask(overlap.parts[start : start + BITS], had)
        for start in range(0, len(overlap.parts), BITS)
    ]


def _mask(parts: tuple[Part, ...], had: Subquery) -> ColumnElement[int]:
    bits = {name: 1 << place for place, part in enumerate(parts) for name in part.contents}
    bit = case(bits, value=had.c.content, else_=literal(0, BigInteger))
    # A sum of different powers of two is their union; PostgreSQL would make it a numeric.
    union = cast(func.coalesce(func.sum(distinct(bit)), 0), BigInteger)
    theirs = (had.c.subscriber_id == subscriptions.c.subscriber_id, had.c.content.in_(bits))
    return select(union).where(*theirs).correlate(subscriptions).scalar_subquery()
