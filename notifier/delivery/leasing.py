"""Chunks of open issues: claimed for a while, kept, and given back; statements only.

For use inside a transaction of the caller's. A claim carries a fence that grows with each one, so
that whoever was frozen finds out; all statements are over many chunks.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Subquery,
    and_,
    case,
    func,
    or_,
    select,
    true,
    union_all,
    update,
)

from notifier.delivery.claims import ENDED, owe_elsewhere
from notifier.delivery.delivery import RESENT, Chunk, State
from notifier.tables import chunks, deliveries, issues

Place = tuple[int, int]  # the number of an issue, and that of a chunk of it


def is_any(connection: Connection, now: datetime) -> bool:
    """Tell whether there is anything to claim."""
    there = (connection.execute(some.limit(1)).first() for some in _claimable(now))
    return any(there)


def claim(
    connection: Connection,
    owner: str,
    now: datetime,
    length: timedelta,
    most: int,
    among: Sequence[Place] | None = None,
    *,
    resend: bool,
    shared: bool,
) -> list[Chunk]:
    """Take up to `most` chunks, `among` some, with something to send that nobody has any more.

    Each has a new fence. What an earlier sender left of them is settled. Where the database is
    `shared` by several writers, what another of them is taking is left to it.
    """
    found = _found(connection, now, most, among, lock=shared)
    claimed = _leased(connection, found, owner, now + length) if found else []
    if claimed:
        _settle_doubts(connection, claimed, now, resend=resend)
    return claimed


def _found(
    connection: Connection, now: datetime, most: int, among: Sequence[Place] | None, *, lock: bool
) -> list[Place]:
    found: list[Place] = []
    for some in _claimable(now, among):
        wanted = some.limit(most - len(found))
        if lock:
            wanted = wanted.with_for_update(skip_locked=True, of=chunks)
        found += [(row[0], row[1]) for row in connection.execute(wanted)]
    return found


def _claimable(
    now: datetime, among: Sequence[Place] | None = None
) -> tuple[Select[int, int], Select[int, int]]:
    """Chunks with something to send whose sender is lost, and those that nobody has.

    Each in the order of an index: of a million deliveries, thousands of chunks are ready at once.
    """
    wanted = true() if among is None else _at(among)
    abandoned = and_(chunks.c.state == "leased", chunks.c.leased_until < now)
    free = and_(chunks.c.state == "ready", chunks.c.due <= now)
    found = (
        select(chunks.c.issue_id, chunks.c.number)
        .join(issues, issues.c.id == chunks.c.issue_id)
        .where(wanted, issues.c.state == "open", issues.c.expires > now)
        .order_by(chunks.c.due)
    )
    return found.where(abandoned), found.where(free)


def _leased(
    connection: Connection, found: Sequence[Place], owner: str, until: datetime
) -> list[Chunk]:
    leased = {"state": "leased", "owner": owner, "leased_until": until}
    rows = connection.execute(
        update(chunks)
        .where(_at(found))
        .values(**leased, fence=chunks.c.fence + 1)
        .returning(chunks.c.issue_id, chunks.c.number, chunks.c.fence)
    )
    fences = {(row[0], row[1]): row[2] for row in rows}
    return [Chunk(*place, fences[place]) for place in found if place in fences]


def _settle_doubts(
    connection: Connection, claimed: Sequence[Chunk], now: datetime, *, resend: bool
) -> None:
    """Nobody knows whether these were taken: resend each once, hold what was resent before."""
    again = true() if resend else ~true()
    once = and_(again, deliveries.c.reason != RESENT)
    connection.execute(
        update(deliveries)
        .where(within(_places(claimed)), deliveries.c.state == State.SENDING)
        .values(
            state=case((once, str(State.QUEUED)), else_=str(State.IN_DOUBT)),
            reason=case((once, RESENT), else_="no answer recorded"),
            due=now,
            changed_at=now,
        )
    )


def renew(connection: Connection, held: Sequence[Chunk], until: datetime) -> int:
    """Keep those of the claims that still hold until `until`; return how many they are."""
    renewed = update(chunks).where(_claimed(held)).values(leased_until=until)
    return connection.execute(renewed).rowcount


def release(
    connection: Connection, held: Sequence[Chunk], not_before: datetime
) -> dict[Place, datetime | None]:
    """Give chunks back; each is due again when the first of its deliveries is.

    Returns when, or None where there is nothing left; without those that are not ours any more. Of
    a chunk that is done, what its readers will not have by it is owed to them elsewhere. One with a
    delivery whose answer was never recorded counts as abandoned: whoever claims it settles that.
    """
    places = (deliveries.c.issue_id, deliveries.c.chunk)
    waiting = keys_in(_places(held), [State.QUEUED, State.DEFERRED])
    first = select(*places, func.min(deliveries.c.due)).join_from(waiting, deliveries, is_(waiting))
    found = {(row[0], row[1]): row[2] for row in connection.execute(first.group_by(*places))}
    # Asked by their keys, SQLite would read through the whole issue where one chunk is held.
    unanswered = within(_places(held)), deliveries.c.state == State.SENDING
    doubted = select(*places).where(*unanswered).distinct()
    abandoned = {(row[0], row[1]) for row in connection.execute(doubted)}
    free: dict[str, object] = {"owner": "", "leased_until": None}
    left: dict[Place, datetime | None] = {}
    ended: list[Chunk] = []
    for chunk in held:
        place = (chunk.issue_id, chunk.number)
        if place not in found and place not in abandoned:
            ended.append(chunk)
            continue
        due = max(found[place], not_before) if place in found else not_before
        values: dict[str, object] = free | {"state": "ready", "due": due}
        if place in abandoned:
            values, due = {"leased_until": not_before - timedelta(microseconds=1)}, not_before
        given = update(chunks).where(_claimed([chunk])).values(values)
        if connection.execute(given).rowcount:
            left[place] = due
    if ended:  # most of them, all at once
        given = update(chunks).where(_claimed(ended)).values(free | {"state": "done"})
        rows = connection.execute(given.returning(chunks.c.issue_id, chunks.c.number))
        left |= {(row.issue_id, row.number): None for row in rows}
    done = [place for place, due in left.items() if due is None]
    if done and _any(connection, keys_in(done, ENDED)):
        owe_elsewhere(connection, within(done))
    return left


def standing(connection: Connection, places: Sequence[Place]) -> dict[Place, datetime]:
    """Return when each of those that are not done in an open issue can be claimed at last."""
    here = _at(places)
    free_at = case((chunks.c.state == "leased", chunks.c.leased_until), else_=chunks.c.due)
    query = (
        select(chunks.c.issue_id, chunks.c.number, free_at)
        .join(issues, issues.c.id == chunks.c.issue_id)
        .where(here, chunks.c.state != "done", issues.c.state == "open")
    )
    return {(row[0], row[1]): row[2] for row in connection.execute(query)}


def keys_in(places: Sequence[Place], states: Sequence[State]) -> Subquery:
    """The keys of the deliveries of some chunks that are in `states`, all found in one index.

    Asked for anything else SQLite, which has no statistics, would read through whole issues.
    """
    keys = [
        select(deliveries.c.issue_id, deliveries.c.subscriber_id).where(
            deliveries.c.issue_id == issue_id,
            deliveries.c.chunk.in_(numbers),
            deliveries.c.state.in_(states),
        )
        for issue_id, numbers in _by_issue(places).items()
    ]
    return union_all(*keys).subquery("keys")


def is_(keys: Subquery) -> ColumnElement[bool]:
    """The condition that a delivery has one of `keys`."""
    mine = deliveries.c.issue_id == keys.c.issue_id
    return and_(mine, deliveries.c.subscriber_id == keys.c.subscriber_id)


def within(places: Sequence[Place]) -> ColumnElement[bool]:
    """The condition that a delivery is in one of some chunks; with its state, an index has it.

    For a list of pairs SQLite would read the whole table.
    """
    parts = (
        and_(deliveries.c.issue_id == issue_id, deliveries.c.chunk.in_(numbers))
        for issue_id, numbers in _by_issue(places).items()
    )
    return or_(*parts)


def _by_issue(places: Sequence[Place]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for issue_id, number in places:
        found.setdefault(issue_id, []).append(number)
    return found


def _places(some: Sequence[Chunk]) -> list[Place]:
    return [(chunk.issue_id, chunk.number) for chunk in some]


def _any(connection: Connection, keys: Subquery) -> bool:
    return connection.scalar(select(keys.c.issue_id).limit(1)) is not None


def _claimed(held: Sequence[Chunk]) -> ColumnElement[bool]:
    fences: dict[int, list[Place]] = {}
    for chunk in held:
        fences.setdefault(chunk.fence, []).append((chunk.issue_id, chunk.number))
    mine = (and_(_at(places), chunks.c.fence == fence) for fence, places in fences.items())
    return and_(or_(*mine), chunks.c.state == "leased")


def _at(places: Sequence[Place]) -> ColumnElement[bool]:
    parts = (
        and_(chunks.c.issue_id == issue_id, chunks.c.number.in_(numbers))
        for issue_id, numbers in _by_issue(places).items()
    )
    return or_(*parts)
