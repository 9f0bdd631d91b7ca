"""Announcing: what is about to be opened is written down first, so that a crash leaves a trace.

For use inside a transaction of the caller's that holds `Lock.OPEN`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from notifier.delivery.audience import Lane
from notifier.delivery.enlisting import NewIssue
from notifier.schedule.slots import Slot
from notifier.tables import issue_parts, issues, lanes


def announce(
    connection: Connection, new: Sequence[NewIssue], now: datetime, last: int | None = None
) -> dict[int, int]:
    """Write issues of different lanes as `opening`; their words are there. Return numbers by lane.

    What was announced before and broken off is found again, and what was held is taken up. There
    is none for a lane that was served meanwhile, and none at all while others are being opened, or
    when any were since issue `last`. What another scheduler opens with another instant, at once,
    has other words, some of which may be in rows already: those are others too.
    """
    known = _known(connection, new)
    instants = {issue.lane.id: issue.due.slot.instant for issue in new}
    ids = {
        lane: id_
        for lane, (id_, state, instant) in known.items()
        if state == "held" or (state == "opening" and instant == instants[lane])
    }
    disturbing = issues.c.state == "opening"
    if last is not None:
        since = (issues.c.id > last) & issues.c.state.in_(["open", "done"])
        disturbing = disturbing | since
    others = select(issues.c.id).where(disturbing, issues.c.id.not_in(ids.values()))
    if connection.execute(others.limit(1)).first() is not None:
        return {}
    as_seen = _as_seen(connection, new)
    fresh = [issue for issue in new if issue.lane.id in as_seen - known.keys()]
    ours = [issue for issue in new if issue.lane.id in ids]
    for issue in ours:
        again = update(issues).where(issues.c.id == ids[issue.lane.id])
        connection.execute(again.values(_issue(issue, now)))
    if fresh:
        created = insert(issues).returning(issues.c.lane_id, issues.c.id)
        rows_ = connection.execute(created, [_issue(issue, now) for issue in fresh])
        ids |= {row.lane_id: row.id for row in rows_}
    connection.execute(delete(issue_parts).where(issue_parts.c.issue_id.in_(ids.values())))
    parts = [part for issue in (*fresh, *ours) for part in _parts(ids[issue.lane.id], issue)]
    if parts:
        connection.execute(insert(issue_parts), parts)
    return ids


def _known(connection: Connection, new: Sequence[NewIssue]) -> dict[int, tuple[int, str, datetime]]:
    """Return number, state and instant of the issues that are there already, by lane."""
    slots = {(issue.lane.id, issue.due.slot.identity) for issue in new}
    columns = (issues.c.id, issues.c.state, issues.c.instant)
    query = select(issues.c.lane_id, issues.c.slot, *columns).where(
        issues.c.lane_id.in_({lane for lane, _ in slots}),
        issues.c.slot.in_({slot for _, slot in slots}),
    )
    rows = connection.execute(query)
    return {
        lane: (id_, state, instant)
        for lane, slot, id_, state, instant in rows
        if (lane, slot) in slots
    }


def _as_seen(connection: Connection, new: Sequence[NewIssue]) -> set[int]:
    """Return the lanes that have not been served since they were looked at."""
    seen = {issue.lane.id: (issue.lane.cursor, issue.lane.served_at) for issue in new}
    query = select(lanes.c.id, lanes.c.cursor, lanes.c.served_at).where(lanes.c.id.in_(seen))
    rows = connection.execute(query)
    return {id_ for id_, cursor, served_at in rows if seen[id_] == (cursor, served_at)}


def _parts(issue_id: int, issue: NewIssue) -> list[dict[str, object]]:
    served = [(group, edition.id) for group, edition in issue.editions]
    nothing = [(group, None) for group in issue.nothing]
    return [
        {
            "issue_id": issue_id,
            "after": group.after,
            "mask": " ".join(map(str, group.mask)),
            "edition_id": edition,
        }
        for group, edition in (*served, *nothing)
    ]


def row_of_issue(lane: Lane, slot: Slot, now: datetime) -> dict[str, object]:
    """Return what the rows of all issues have in common; without how it ends, and its state."""
    return {
        "lane_id": lane.id,
        "digest": lane.key.digest,
        "slot": slot.identity,
        "instant": slot.instant,
        "local_date": slot.local_date and slot.local_date.isoformat(),
        "after": lane.cursor,
        "articles": 0,
        "reason": "",
        "opened_at": now,
    }


def _issue(issue: NewIssue, now: datetime) -> dict[str, object]:
    lane, words = issue.lane, issue.words.values()
    afters = [group.after for group, _ in issue.editions]
    return row_of_issue(lane, issue.due.slot, now) | {
        "day": issue.day and issue.day.isoformat(),
        "after": min(afters, default=lane.cursor),
        "upto": issue.upto,
        "articles": max(len(edition.articles) for edition in words),
        "spans_from": issue.due.spans_from,
        "edition_id": issue.public and issue.public.id,
        "expires": issue.due.expires,
        "state": "opening",
    }
