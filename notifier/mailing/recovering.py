"""Recovering: a store that was restored from a backup is made safe to go on with.

What the backup knows as waiting was sent, as far as anybody can tell, before the store was lost; so
was every slot up to then. It is closed as assumed sent, and the cursors stand where they would. Of
what was sent by hand no slot tells: the operator names its digests.
Refuses nothing; must run before anything else is opened or sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from feeds.library import Folder, Report, ingest_missed
from feeds.store import FileMemory
from notifier.delivery.audience import Lane
from notifier.delivery.delivery import State
from notifier.delivery.settling import ASSUMED, Settling
from notifier.digest.spec import DigestSpec
from notifier.mailing.choosing import Arrivals
from notifier.mailing.desk import Desk
from notifier.mailing.opening import resume
from notifier.mailing.turns import extra_turns, lanes_of
from notifier.schedule.language import Schedule
from notifier.schedule.slots import Slot, last_slot

_MOMENT = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """What was assumed: deliveries closed, by digest and the state they were in; slots passed over.

    `articles` is what folders had that the store did not know.
    """

    closed: Mapping[tuple[str, State], int]
    slots: tuple[tuple[str, str], ...] = ()
    articles: Report = field(default_factory=Report)


async def recover(
    desk: Desk,
    settling: Settling,
    folders: Sequence[Folder],
    memory: FileMemory,
    until: datetime,
    now: datetime,
    by_hand: Sequence[str] = (),
) -> Recovered:
    """Take as sent whatever was due by `until`; a second time changes nothing.

    Of the digests `by_hand`, also all that had arrived by then, as if it had been sent by hand at
    that moment, and what was held.

    Articles whose files were there by then are taken in first, as of when they were written.
    """
    report = Report()
    for folder in folders:
        report.add(await ingest_missed(folder, desk.store, memory, until))
    arrivals = Arrivals(desk.store)
    begun = [one.due.expires for one in await desk.outbox.pending("opening")]
    if begun:  # its readers are written first, for they have got it too
        await resume(desk, arrivals, min(*begun, until) - _MOMENT)
    closed = await settling.assume_sent(until, now)
    await desk.outbox.finish()
    slots = []
    for lane, spec, schedule in await lanes_of(desk, [spec.name for spec in desk.digests]):
        slot = await _pass_over(desk, arrivals, lane, spec, schedule, until, now)
        if slot is not None:
            slots.append((spec.name, slot))
    if by_hand:
        slots += await _sent_by_hand(desk, arrivals, by_hand, until, now)
    return Recovered(closed=closed, slots=tuple(slots), articles=report)


async def _pass_over(
    desk: Desk,
    arrivals: Arrivals,
    lane: Lane,
    spec: DigestSpec,
    schedule: Schedule,
    until: datetime,
    now: datetime,
) -> str | None:
    """Record the last slot that a lane had by `until` as assumed sent, if it was not served yet."""
    if schedule.at_once:
        upto = await arrivals.sealed(until - spec.hold, now)
        slot = Slot(f"arrival:{upto}", until)
        missed = upto > lane.cursor
    else:
        last = last_slot(schedule, lane.key.timezone, until)
        if last is None or last.instant <= lane.served_at:
            return None
        slot, missed = last, True
        upto = max(await arrivals.sealed(last.instant, now), lane.cursor)
    if not missed:
        return None
    await desk.outbox.skip(lane, slot, ASSUMED, now, upto=upto)
    return slot.identity


async def _sent_by_hand(
    desk: Desk, arrivals: Arrivals, names: Sequence[str], until: datetime, now: datetime
) -> list[tuple[str, str]]:
    """Record what an extra issue at `until` would have had, and what was held, as assumed sent.

    Whoever is behind the others, for an issue that expired or failed, is carried along.
    """
    passed = []
    turns = await extra_turns(desk, names, until)
    held = await desk.outbox.pending("held", names)
    behind = await desk.audience.behind([turn.lane for turn in turns], now)
    for turn in turns:
        lane, digest = turn.lane, turn.spec.name
        upto = await arrivals.sealed(until, now)
        if upto > lane.cursor or lane.id in behind:
            upto = max(upto, lane.cursor)
            await desk.outbox.skip(lane, turn.slot, ASSUMED, now, upto=upto)
            passed.append((digest, turn.slot.identity))
        for one in held:
            if one.lane_id != lane.id or one.due.slot.instant > until:
                continue
            await desk.outbox.skip(lane, one.due.slot, ASSUMED, now)
            passed.append((digest, one.due.slot.identity))
    return passed
