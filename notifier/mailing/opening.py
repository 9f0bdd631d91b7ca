"""Opening what is due, what is named, and what was held or broken off.

Calls in order; `issuing` does it for each turn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from notifier.digest.issue import EXPIRES_AT_MOST, HOUR, expiry
from notifier.mailing.choosing import Arrivals
from notifier.mailing.deciding import ends_at_once, is_for_nobody, turn_again, turn_at_once
from notifier.mailing.desk import Desk
from notifier.mailing.issuing import Opened, open_one, open_together, take_up
from notifier.mailing.turns import (
    Turn,
    at_once_turns,
    due_turns,
    extra_turns,
    in_order,
    in_slices,
    lanes_of,
    pending_turns,
)
from notifier.mailing.withdrawing import TakenOut, take_out


async def open_due(desk: Desk, now: datetime, at: datetime | None = None) -> list[Opened]:
    """Open every issue that is due at `now`; expire first what was not sent in time.

    With `at`, open what is due as if it were that time, with the articles there are now.
    """
    arrivals = Arrivals(desk.store)
    desk.expired(await desk.outbox.expire(now))
    await desk.store.reveal(now)
    done = [_taken_out(one) for one in await take_out(desk, now)]
    done += await resume(desk, arrivals, now)
    for together in in_slices(await due_turns(desk, at or now)):
        done += await open_together(desk, arrivals, together, now)
    done += await _open_at_once(desk, arrivals, now)
    await desk.outbox.finish()
    return done


async def open_now(
    desk: Desk, names: Sequence[str], now: datetime, at: datetime | None = None
) -> list[Opened]:
    """Open an extra issue of each named digest for each of its lanes, due or not."""
    arrivals = Arrivals(desk.store)
    desk.expired(await desk.outbox.expire(now))
    done = await resume(desk, arrivals, now)
    for together in in_slices(await extra_turns(desk, names, at or now)):
        done += await open_together(desk, arrivals, together, now)
    await desk.outbox.finish()
    return done


async def release(desk: Desk, names: Sequence[str], now: datetime) -> list[Opened]:
    """Open what is held of the named digests: the latest issue of each lane has all of it."""
    arrivals = Arrivals(desk.store)
    pending = await desk.outbox.pending("held", names)
    turns = {turn.lane.id: (turn, held) for turn, held in await pending_turns(desk, pending)}
    done = []
    for turn in in_order(desk, [turn for turn, _ in turns.values()]):
        zone, held = turn.lane.key.timezone, turns[turn.lane.id][1]
        limit = expiry(turn.spec, turn.schedule, zone, max(now, turn.slot.instant))
        if turn.schedule.at_once:
            limit = now + (turn.spec.expires or EXPIRES_AT_MOST)
        again = replace(turn, due=replace(turn.due, expires=limit))
        done.append(await open_one(desk, arrivals, again, now, upto=held.upto, released=True))
        for other in pending:
            if other.lane_id == turn.lane.id and other.id != held.id:
                await desk.outbox.skip(turn.lane, other.due.slot, "its articles were released", now)
    await desk.outbox.finish()
    return done


def _taken_out(issue: TakenOut) -> Opened:
    return Opened(
        digest=issue.digest,
        slot=issue.slot,
        timezone=issue.timezone,
        readers=issue.readers,
        articles=issue.articles,
        reason=issue.reason or "a withdrawn article was taken out",
        failed=bool(issue.reason),
        language=issue.language,
        topics=issue.topics,
    )


async def resume(desk: Desk, arrivals: Arrivals, now: datetime) -> list[Opened]:
    """Go on with openings that were broken off: until they are done, nothing else can be opened.

    One that cannot be gone on with is taken back.
    """
    pending = await desk.outbox.pending("opening")
    if not pending:
        return []
    turns = await pending_turns(desk, pending)
    for lost in {begun.id for begun in pending} - {begun.id for _, begun in turns}:
        await desk.outbox.forget_opening(lost)
    return await take_up(desk, arrivals, turns, now)


async def _open_at_once(desk: Desk, arrivals: Arrivals, now: datetime) -> list[Opened]:
    """Open what has arrived in lanes `at once`, or what is owed there again."""
    turns = await at_once_turns(desk, now)
    if not turns:
        return []
    behind = await desk.audience.behind([turn.lane for turn in turns], now)
    arrived = (await desk.store.marks()).arrival
    done = []
    for turn in turns:
        opened = await _open_each(desk, arrivals, turn, now) if arrived > turn.lane.cursor else []
        if turn.lane.id in behind and not opened:
            opened = await _open_again(desk, arrivals, turn, now)
        done += opened
    return done


async def _open_each(desk: Desk, arrivals: Arrivals, turn: Turn, now: datetime) -> list[Opened]:
    """Open an issue for each article that has arrived and was held long enough.

    Those past the limit of an hour wait, and go together.
    """
    lane, spec = turn.lane, turn.spec
    upto = await arrivals.sealed(now - spec.hold, now)
    if await is_for_nobody(arrivals, turn, upto):
        await desk.outbox.pass_over(lane, upto, now)
        return []
    sent = await desk.outbox.opened_since(lane, now - HOUR)
    usual = await desk.outbox.usual(spec.name)
    done = []
    for arrival in await ends_at_once(arrivals, turn, upto, sent, usual, now):
        lanes = {one.id: one for one, _, _ in await lanes_of(desk, [spec.name])}
        if lane.id not in lanes:
            break
        one = turn_at_once(turn, lanes[lane.id], arrival, now)
        opened = await open_one(desk, arrivals, one, now, upto=arrival)
        done.append(opened)
        if opened.held or opened.failed:
            break
    return done


async def _open_again(desk: Desk, arrivals: Arrivals, turn: Turn, now: datetime) -> list[Opened]:
    """Open what had expired for some readers, or failed them elsewhere: it waits for no article."""
    lanes = {one.id: one for one, _, _ in await lanes_of(desk, [turn.spec.name], [turn.lane.id])}
    sent = await desk.outbox.opened_since(turn.lane, now - HOUR)
    if turn.lane.id not in lanes or len(sent) >= turn.spec.limit:
        return []
    again = turn_again(replace(turn, lane=lanes[turn.lane.id]), now)
    upto = again.lane.cursor
    return [await open_one(desk, arrivals, again, now, upto=upto, released=True)]
