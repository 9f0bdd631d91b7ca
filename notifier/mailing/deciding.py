"""Deciding: what is to come of a lane's turn. Reads, composes, and writes nothing.

Planning and opening both ask here, so that what is told beforehand is what is done.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from feeds import Entry
from notifier.delivery.audience import Lane
from notifier.delivery.edition import Edition
from notifier.delivery.enlisting import NewIssue
from notifier.delivery.groups import Group, Standing
from notifier.digest.issue import EXPIRES_AT_MOST, Due, Size, at_once, is_too_much
from notifier.errors import InvalidMessage, TemplateError
from notifier.mailing.choosing import Arrivals, Chosen, choose
from notifier.mailing.composing import compose
from notifier.mailing.desk import Desk
from notifier.mailing.turns import Turn
from notifier.schedule.slots import Slot, again_slot, at_once_slot

_WORTH_A_NOTE = 200  # articles; fewer are looked at again each time
LATE = "too late: its articles go into the next issue"


class Outcome(enum.StrEnum):
    """What comes of a turn."""

    OPENS = "opens"
    NOTHING = "nothing"  # to say: its readers are carried along
    WAITS = "waits"  # too few articles as yet: they stay due
    LATE = "late"  # too late: they go into the next issue
    HELD = "held"  # far more than usual: for the operator to release
    FAILED = "failed"  # a template, or words that cannot be written


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What is to come of `turn`, and why; `upto` is the end of its window.

    `issue` is there when it opens. `chosen` is None where nobody looked: it is too late.
    """

    turn: Turn
    outcome: Outcome
    upto: int = 0
    reason: str = ""
    chosen: Chosen | None = None
    issue: NewIssue | None = None

    @property
    def readers(self) -> int:
        """How many get a message."""
        return sum(group.readers for group, _ in self.issue.editions) if self.issue else 0

    @property
    def articles(self) -> int:
        """How many articles the largest edition has; of what is held, the window."""
        if self.issue:
            return max(len(edition.articles) for edition in self.issue.words.values())
        return self.chosen.size.articles if self.chosen and self.outcome is Outcome.HELD else 0


async def decide(
    desk: Desk,
    arrivals: Arrivals,
    turn: Turn,
    upto: int,
    now: datetime,
    usual: Sequence[int],
    *,
    released: bool = False,
    standing: Standing | None = None,
) -> Decision:
    """Decide about a turn that is not too late, with the arrivals up to `upto`.

    `usual` are the numbers of articles of the digest's issues of late; what was `released` is
    never held. `standing` is as in `choose`.
    """
    chosen = await choose(desk, arrivals, turn, upto, now, standing)
    decision = Decision(
        turn=turn, outcome=Outcome.NOTHING, upto=upto, reason=chosen.reason, chosen=chosen
    )
    if not (chosen.picks or chosen.public):
        return replace(decision, outcome=Outcome.WAITS) if chosen.held else decision
    if not released and is_too_much(turn.spec, chosen.size, usual):
        reason = (
            f"held, for that is far more than usual: paperround send --release {turn.spec.name}"
        )
        return replace(decision, outcome=Outcome.HELD, reason=reason)
    try:
        issue = await arrivals.composing(partial(_issue, desk, arrivals, turn, upto, chosen, now))
    except (TemplateError, InvalidMessage) as error:
        return replace(decision, outcome=Outcome.FAILED, reason=str(error))
    return replace(decision, outcome=Outcome.OPENS, reason="", issue=issue)


async def is_for_nobody(arrivals: Arrivals, turn: Turn, upto: int) -> bool:
    """Tell whether so much has arrived that a lane does not admit that it is worth a note."""
    window = await arrivals.window(turn.lane.cursor, upto)
    return len(window) >= _WORTH_A_NOTE and not any(turn.query.admits(e.article) for e in window)


async def ends_at_once(
    arrivals: Arrivals,
    turn: Turn,
    upto: int,
    sent: Sequence[datetime],
    usual: Sequence[int],
    now: datetime,
) -> tuple[int, ...]:
    """Return where the issues of a lane `at once` end, up to the arrival `upto`.

    `sent` are the instants of the lane's issues of the last hour, `usual` the numbers of articles
    of late: far more than that are one issue, which will be held.
    """
    found = [
        entry.arrival or 0
        for entry in await arrivals.window(turn.lane.cursor, upto)
        if turn.query.admits(entry.article)
    ]
    if is_too_much(turn.spec, Size(len(found)), usual):
        return (found[-1],)
    return at_once(found, sent, turn.spec.limit, now)


def turn_again(turn: Turn, now: datetime) -> Turn:
    """Return the turn of a lane `at once` for those who are owed again what it had served."""
    slot = again_slot(turn.lane.cursor, max(now, turn.lane.served_at))
    return _turn(turn, turn.lane, slot)


def turn_at_once(turn: Turn, lane: Lane, arrival: int, now: datetime) -> Turn:
    """Return the turn of `lane` for the issue that ends with `arrival`."""
    return _turn(turn, lane, at_once_slot(arrival, max(now, lane.served_at)))


def _turn(turn: Turn, lane: Lane, slot: Slot) -> Turn:
    due = Due(slot=slot, expires=slot.instant + (turn.spec.expires or EXPIRES_AT_MOST))
    return Turn(lane, replace(turn.spec, minimum=1), turn.schedule, due)


def _issue(
    desk: Desk, arrivals: Arrivals, turn: Turn, upto: int, chosen: Chosen, now: datetime
) -> NewIssue:
    """Compose what is to be said, each thing once."""
    composed: dict[object, Edition] = {}
    public, words = _content(chosen.public, turn.due.spans_from), arrivals.words_of(turn.lane)

    def edition(entries: tuple[Entry, ...], spans_from: datetime | None) -> Edition:
        key = _content(entries, spans_from)
        if key not in composed:
            composed[key] = compose(
                desk, turn, entries, now, spans_from, public=key == public, words=words
            )
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
        spread=turn.spec.spread,
    )


def _content(entries: Sequence[Entry], spans_from: datetime | None) -> object:
    """Return what tells the words of one lane apart."""
    return tuple((entry.arrival, entry.revision) for entry in entries), spans_from


def _spans_from(turn: Turn, group: Group, entries: Sequence[Entry]) -> datetime | None:
    """Return where the issue of a group begins, if that is longer ago than usual."""
    if group.after >= turn.lane.cursor:
        return turn.due.spans_from
    first = min((e.arrived_at for e in entries if e.arrived_at), default=turn.slot.instant)
    return min(filter(None, [first, turn.due.spans_from])) if first < turn.lane.covered_to else None
