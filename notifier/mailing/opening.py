"""Opening what is due: from a lane and a slot to an issue with its editions and its audience.

Calls the stores and the composer in order. A template that fails costs its own digest this slot's
issue and nothing else; the articles stay due. What is far more than usual is held.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from feeds import Entry
from notifier.delivery.audience import Group
from notifier.delivery.enlisting import NewIssue
from notifier.delivery.outbox import Edition, Pending
from notifier.digest.issue import EXPIRES_AT_MOST, HOUR, Due, at_once, expiry, is_too_much
from notifier.errors import InvalidMessage, TemplateError
from notifier.mailing.choosing import Arrivals, Chosen, choose
from notifier.mailing.composing import compose
from notifier.mailing.desk import Desk
from notifier.mailing.turns import Turn, due_turns, extra_turns, in_order, lanes_of, specs_of
from notifier.schedule.slots import at_once_slot, extra_slot


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What came of one due slot: an issue for so many readers, or the reason why there is none."""

    digest: str
    slot: str
    timezone: str
    readers: int = 0
    articles: int = 0
    reason: str = ""
    failed: bool = False
    held: bool = False


async def open_due(desk: Desk, now: datetime, at: datetime | None = None) -> list[Opened]:
    """Open every issue that is due at `now`; expire first what was not sent in time.

    With `at`, open what is due as if it were that time, with the articles there are now.
    """
    arrivals = Arrivals(desk.store)
    await desk.outbox.expire(now)
    done = await _resume(desk, arrivals, now)
    for turn in await due_turns(desk, at or now):
        done.append(await _open(desk, arrivals, turn, now))
    for lane, spec, schedule in await lanes_of(desk, list(specs_of(desk))):
        if schedule.at_once:
            found = Due(slot=extra_slot(now), expires=now)
            done += await _open_each(desk, arrivals, Turn(lane, spec, schedule, found), now)
    await desk.outbox.finish()
    return done


async def open_now(
    desk: Desk, names: Sequence[str], now: datetime, at: datetime | None = None
) -> list[Opened]:
    """Open an extra issue of each named digest for each of its lanes, due or not."""
    arrivals = Arrivals(desk.store)
    await desk.outbox.expire(now)
    done = await _resume(desk, arrivals, now)
    for turn in await extra_turns(desk, names, at or now):
        done.append(await _open(desk, arrivals, turn, now))
    await desk.outbox.finish()
    return done


async def release(desk: Desk, names: Sequence[str], now: datetime) -> list[Opened]:
    """Open what is held of the named digests: the latest issue of each lane has all of it."""
    arrivals = Arrivals(desk.store)
    pending = await desk.outbox.pending("held", names)
    turns = {turn.lane.id: (turn, held) for turn, held in await _pending_turns(desk, pending)}
    done = []
    for turn in in_order(desk, [turn for turn, _ in turns.values()]):
        zone, held = turn.lane.key.timezone, turns[turn.lane.id][1]
        limit = expiry(turn.spec, turn.schedule, zone, max(now, turn.slot.instant))
        if turn.schedule.at_once:
            limit = now + (turn.spec.expires or EXPIRES_AT_MOST)
        again = replace(turn, due=replace(turn.due, expires=limit))
        done.append(await _open(desk, arrivals, again, now, upto=held.upto, released=True))
        for other in pending:
            if other.lane_id == turn.lane.id and other.id != held.id:
                await desk.outbox.skip(turn.lane, other.due.slot, "its articles were released", now)
    await desk.outbox.finish()
    return done


async def _resume(desk: Desk, arrivals: Arrivals, now: datetime) -> list[Opened]:
    """Go on with openings that were broken off: until they are done, nothing else can be opened.

    One that cannot be gone on with is taken back.
    """
    pending = await desk.outbox.pending("opening")
    if not pending:
        return []
    done, turns = [], await _pending_turns(desk, pending)
    for turn, begun in turns:
        opened = await _open(desk, arrivals, turn, now, upto=begun.upto, released=True)
        if opened.failed:
            await desk.outbox.forget_opening(begun.id)
        done.append(opened)
    for lost in {begun.id for begun in pending} - {begun.id for _, begun in turns}:
        await desk.outbox.forget_opening(lost)
    return done


async def _pending_turns(desk: Desk, pending: Sequence[Pending]) -> list[tuple[Turn, Pending]]:
    """Return the turn of the latest issue of each lane among those that were begun."""
    latest: dict[int, Pending] = {}
    for one in pending:
        latest.setdefault(one.lane_id, one)
    return [
        (Turn(lane, spec, schedule, latest[lane.id].due), latest[lane.id])
        for lane, spec, schedule in await lanes_of(desk, [one.digest for one in pending])
        if lane.id in latest
    ]


async def _open_each(desk: Desk, arrivals: Arrivals, turn: Turn, now: datetime) -> list[Opened]:
    """Open an issue for each article that has arrived and was held long enough.

    Those past the limit of an hour wait, and go together.
    """
    lane, spec = turn.lane, turn.spec
    if (await desk.store.marks()).arrival <= lane.cursor:
        return []
    upto = await desk.store.seal(now - spec.hold, now)
    found = [
        entry.arrival or 0
        for entry in await arrivals.window(lane.cursor, upto)
        if turn.query.admits(entry.article)
    ]
    sent = await desk.outbox.opened_since(lane, now - HOUR)
    done = []
    for arrival in at_once(found, sent, spec.limit, now):
        lanes = {one.id: one for one, _, _ in await lanes_of(desk, [spec.name])}
        if lane.id not in lanes:
            break
        current, each = lanes[lane.id], replace(spec, minimum=1)
        slot = at_once_slot(arrival, max(now, current.served_at))
        due = Due(slot=slot, expires=slot.instant + (spec.expires or EXPIRES_AT_MOST))
        one = Turn(current, each, turn.schedule, due)
        opened = await _open(desk, arrivals, one, now, upto=arrival)
        done.append(opened)
        if opened.held or opened.failed:
            break
    return done


async def _open(
    desk: Desk,
    arrivals: Arrivals,
    turn: Turn,
    now: datetime,
    *,
    upto: int | None = None,
    released: bool = False,
) -> Opened:
    """Open the issue of one turn, up to the arrival `upto` if that is known already."""
    lane, slot = turn.lane, turn.slot
    result = Opened(digest=turn.spec.name, slot=slot.identity, timezone=lane.key.timezone)
    if turn.due.folded:
        reason = "too late: its articles go into the next issue"
        await desk.outbox.skip(lane, slot, reason, now)
        return replace(result, reason=reason)
    if upto is None:
        upto = await desk.store.seal(slot.instant, now)
    chosen = await choose(desk, arrivals, turn, upto, now)
    if not (chosen.picks or chosen.public):
        served = None if chosen.held else upto
        await desk.outbox.skip(lane, slot, chosen.reason, now, upto=served)
        return replace(result, reason=chosen.reason)
    usual = await desk.outbox.usual(turn.spec.name)
    if not released and is_too_much(turn.spec, chosen.size, usual):
        reason = (
            f"held, for that is far more than usual: paperround send --release {turn.spec.name}"
        )
        size = chosen.size.articles
        await desk.outbox.hold(lane, turn.due, upto, size, reason, now)
        return replace(result, articles=size, reason=reason, held=True)
    try:
        issue = await asyncio.to_thread(_issue, desk, turn, upto, chosen, now)
    except (TemplateError, InvalidMessage) as error:
        return replace(result, reason=str(error), failed=True)
    if await desk.opening.open(issue, now) is None:
        return replace(result, reason="opened before, or while another issue is being opened")
    readers = sum(group.readers for group, _ in chosen.picks)
    articles = max(len(edition.articles) for edition in issue.words.values())
    return replace(result, readers=readers, articles=articles)


def _issue(desk: Desk, turn: Turn, upto: int, chosen: Chosen, now: datetime) -> NewIssue:
    """Compose what is to be said, each thing once."""
    composed: dict[object, Edition] = {}

    def edition(entries: tuple[Entry, ...], spans_from: datetime | None) -> Edition:
        key = (tuple((entry.arrival, entry.revision) for entry in entries), spans_from)
        if key not in composed:
            composed[key] = compose(desk, turn, entries, now, spans_from)
        return composed[key]

    return NewIssue(
        lane=turn.lane,
        due=turn.due,
        upto=upto,
        editions=tuple(
            (group, edition(entries, _spans_from(turn, group, entries)))
            for group, entries in chosen.picks
        ),
        nothing=tuple(chosen.nothing),
        public=edition(chosen.public, turn.due.spans_from) if chosen.public else None,
        day=turn.day,
    )


def _spans_from(turn: Turn, group: Group, entries: Sequence[Entry]) -> datetime | None:
    """Return where the issue of a group begins, if that is longer ago than usual."""
    if group.after >= turn.lane.cursor:
        return turn.due.spans_from
    first = min((e.arrived_at for e in entries if e.arrived_at), default=turn.slot.instant)
    return min(filter(None, [first, turn.due.spans_from])) if first < turn.lane.covered_to else None
