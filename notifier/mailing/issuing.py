"""Issuing: from a turn to an open issue, or to the record of why there is none.

Decides, and does it. A template that fails costs its own digest this slot's issue and nothing else;
the articles stay due.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from notifier.delivery.enlisting import NewIssue
from notifier.delivery.groups import Standing
from notifier.delivery.outbox import Pending
from notifier.mailing.choosing import Arrivals, standings_of
from notifier.mailing.deciding import LATE, Outcome, decide
from notifier.mailing.desk import Desk
from notifier.mailing.turns import Turn


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What came of one due slot: an issue for so many readers, or the reason why there is none.

    One without readers and without a reason is for its page, where anybody may read it.
    `due` is the slot's instant, where it was opened for one. `language` and `topics` tell lanes of
    one zone apart.
    """

    digest: str
    slot: str
    timezone: str
    readers: int = 0
    articles: int = 0
    reason: str = ""
    failed: bool = False
    held: bool = False
    due: datetime | None = None
    language: str = ""
    topics: tuple[str, ...] = ()

    @property
    def skipped(self) -> bool:
        """Whether there is no issue, and that is in order: `reason` says why."""
        return bool(self.reason) and not (self.readers or self.held or self.failed)


@dataclass(frozen=True, slots=True)
class _Prepared:
    """What is to be told of a turn, and the issue that is to be opened, if any."""

    opened: Opened
    issue: NewIssue | None = None


async def open_together(
    desk: Desk, arrivals: Arrivals, turns: Sequence[Turn], now: datetime
) -> list[Opened]:
    """Open the issues of turns of one digest, whose readers cannot have each other's articles."""
    arrivals.opened()  # by another process, perhaps
    last = await desk.outbox.last_opened()
    standing = await standings_of(desk, turns, now)
    usual = await desk.outbox.usual(turns[0].spec.name)
    prepared = [
        await _prepare(desk, arrivals, turn, now, usual, standing=standing[turn.lane.id])
        for turn in turns
    ]
    return await _open(desk, arrivals, prepared, now, last)


async def open_one(
    desk: Desk,
    arrivals: Arrivals,
    turn: Turn,
    now: datetime,
    *,
    upto: int | None = None,
    released: bool = False,
) -> Opened:
    """Open the issue of one turn, up to the arrival `upto` if that is known already.

    What was `released` is not held, however much it is.
    """
    arrivals.opened()
    last = await desk.outbox.last_opened()
    usual = None if released else await desk.outbox.usual(turn.spec.name)
    prepared = await _prepare(desk, arrivals, turn, now, usual, upto=upto)
    return (await _open(desk, arrivals, [prepared], now, last))[0]


async def take_up(
    desk: Desk, arrivals: Arrivals, begun: Sequence[tuple[Turn, Pending]], now: datetime
) -> list[Opened]:
    """Go on with openings that were broken off together; what fails now is taken back first."""
    prepared = []
    for turn, pending in begun:
        one = await _prepare(desk, arrivals, turn, now, None, upto=pending.upto)
        if one.opened.failed:
            await desk.outbox.forget_opening(pending.id)
        prepared.append(one)
    return await _open(desk, arrivals, prepared, now)


async def _prepare(
    desk: Desk,
    arrivals: Arrivals,
    turn: Turn,
    now: datetime,
    usual: Sequence[int] | None,
    *,
    upto: int | None = None,
    standing: Standing | None = None,
) -> _Prepared:
    lane, slot = turn.lane, turn.slot
    result = Opened(
        digest=turn.spec.name,
        slot=slot.identity,
        timezone=lane.key.timezone,
        due=slot.instant,
        language=lane.key.language,
        topics=lane.key.topics,
    )
    if turn.due.folded:
        await desk.outbox.skip(lane, slot, LATE, now)
        return _Prepared(replace(result, reason=LATE))
    if upto is None:
        upto = await arrivals.sealed(slot.instant, now)
    decided = await decide(
        desk, arrivals, turn, upto, now, usual or (), released=usual is None, standing=standing
    )
    result = replace(result, reason=decided.reason, articles=decided.articles)
    if decided.outcome is Outcome.HELD:
        await desk.outbox.hold(lane, turn.due, upto, decided.articles, decided.reason, now)
        return _Prepared(replace(result, held=True))
    if decided.outcome is Outcome.FAILED:
        return _Prepared(replace(result, failed=True))
    if decided.issue is None:
        served = None if decided.outcome is Outcome.WAITS else upto
        await desk.outbox.skip(lane, slot, decided.reason, now, upto=served)
        return _Prepared(result)
    return _Prepared(replace(result, readers=decided.readers), decided.issue)


async def _open(
    desk: Desk,
    arrivals: Arrivals,
    prepared: Sequence[_Prepared],
    now: datetime,
    last: int | None = None,
) -> list[Opened]:
    issues = [one.issue for one in prepared if one.issue is not None]
    if not issues:
        return [one.opened for one in prepared]
    numbers = iter(await desk.opening.open_together(issues, now, last))
    arrivals.opened()
    reason = "opened before, or while others are being opened"
    return [
        one.opened
        if one.issue is None or next(numbers) is not None
        else replace(one.opened, readers=0, articles=0, reason=reason)
        for one in prepared
    ]
