"""Explaining: why a reader got an article, did not get it, or will. Writes nothing.

Goes along the whole chain: is it there, is it selected, which issue had it, what became of that,
and when is the next chance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from feeds import Entry
from notifier.delivery.claims import KEPT
from notifier.delivery.tracing import Taken, Trace, Traced, Window
from notifier.digest.rule import Rule, Ruling, any_of, rule
from notifier.digest.spec import DigestSpec
from notifier.mailing.deciding import Outcome
from notifier.mailing.foretold import Onlooker, Planned
from notifier.mailing.lookout import Lookout
from notifier.mailing.planning import plan
from notifier.mailing.turns import specs_of

NEXT = "next"  # the answers that are no state of a delivery
PASSED, REFUSED, LEFT, PAUSED, HIDDEN, HAD = "passed", "refused", "left", "paused", "hidden", "had"


class Places(Protocol):
    """Who knows where selections stand."""

    def digest(self, name: str) -> Rule:
        """Return the selection of a digest."""

    def topic(self, digest: str, name: str) -> Rule:
        """Return the selection of a topic."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How an article stands with one subscription; `answer` in a word, `words` in a sentence.

    `rulings` are what admitted it, or what refused it; `traces` the deliveries that had it;
    `windows` the issues of the lane that could have; `chance` the next issue, as things stand.
    """

    taken: Taken
    answer: str
    words: str
    admits: bool
    rulings: tuple[Ruling, ...]
    traces: tuple[Trace, ...] = ()
    windows: tuple[Window, ...] = ()
    chance: Planned | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """How an article stands with a reader, for each digest that they take or took."""

    entry: Entry
    reader: Traced
    ways: tuple[Way, ...]


async def explain(
    lookout: Lookout, places: Places, entry: Entry, reader: Traced, now: datetime
) -> Explained:
    """Explain how `entry` stands with `reader`."""
    specs = specs_of(lookout.desk)
    taken = [one for one in await lookout.traces.taken(reader.id) if one.lane.key.digest in specs]
    onlooker = Onlooker(reader.id, frozenset(one.lane.id for one in taken))
    planned = await plan(lookout, now, onlooker=onlooker)
    traces = await lookout.traces.deliveries(reader.id, entry.article.id)
    ways = []
    for one in taken:
        admits, rulings = judge_lane(places, specs[one.lane.key.digest], one, entry)
        windows = await lookout.traces.windows(one.lane.id, entry.arrival) if entry.arrival else []
        chances = [step for step in planned if step.decision.turn.lane.id == one.lane.id]
        chance = next((step for step in chances if entry.article.id in _ids(step)), None)
        chance = chance or next((step for step in chances if _may_have(step, entry)), None)
        case = _Case(entry, reader, one, admits, tuple(traces), tuple(windows), chance, now)
        answer, words = case.answer()
        ways.append(
            Way(
                taken=one,
                answer=answer,
                words=words,
                admits=admits,
                rulings=rulings,
                traces=case.own,
                windows=case.windows,
                chance=chance,
            )
        )
    return Explained(entry=entry, reader=reader, ways=tuple(ways))


def _may_have(step: Planned, entry: Entry) -> bool:
    """Tell whether an article is out by the time of an issue."""
    waits = entry.article.published if entry.arrival is None else None
    return waits is None or waits.due <= step.decision.turn.slot.instant


def judge_lane(
    places: Places, spec: DigestSpec, taken: Taken, entry: Entry
) -> tuple[bool, tuple[Ruling, ...]]:
    """Return whether a lane admits `entry`: by the digest, and by what the reader chose of it."""
    key = taken.lane.key
    admits, rulings = rule(places.digest(spec.name), entry.article)
    if not admits:
        return False, rulings
    chosen = [places.topic(spec.name, name) for name in key.topics if name in spec.topics]
    if key.words:
        chosen.append(Rule.of_words(key.words))
    picked, why = any_of(tuple(chosen), entry.article)
    return picked, (*rulings, *why) if picked else why


@dataclass(frozen=True, slots=True)
class _Case:
    """What is known of one subscription; decides what is to be said of it."""

    entry: Entry
    reader: Traced
    taken: Taken
    admits: bool
    traces: tuple[Trace, ...]
    windows: tuple[Window, ...]
    chance: Planned | None
    now: datetime

    @property
    def own(self) -> tuple[Trace, ...]:
        """The deliveries of this digest."""
        return tuple(one for one in self.traces if one.digest == self.taken.lane.key.digest)

    def answer(self) -> tuple[str, str]:
        """Return the answer, in a word and in a sentence."""
        found = self._delivered() or self._hidden() or self._gone() or self._ahead()
        return found or self._passed()

    def _delivered(self) -> tuple[str, str] | None:
        kept = next((one for one in self.own if one.state in KEPT), None)
        if kept:
            past = kept.position > kept.shown
            where = ", past what fits: on the issue's web page" if past else ""
            return kept.state, f"{kept.state.replace('_', ' ')} in the issue {kept.slot}{where}"
        return None

    def _hidden(self) -> tuple[str, str] | None:
        article = self.entry.article
        if self.entry.withdrawn_at:
            return HIDDEN, f"withdrawn at {self.entry.withdrawn_at.isoformat()}"
        if not self.admits:
            return REFUSED, "the selection does not admit it"
        if self.entry.arrival is None and not self._is_next():
            until = article.published.due.isoformat() if article.published else "its time comes"
            return HIDDEN, f"not visible until {until}"
        return None

    def _gone(self) -> tuple[str, str] | None:
        taken = self.taken
        if self.reader.suppressed:
            return LEFT, f"the address is not written to: {self.reader.suppressed}"
        if not taken.in_force:
            when = f" at {taken.left_at.isoformat()}" if taken.left_at else ""
            return LEFT, f"no longer subscribed{when}"
        other = next((one for one in self.traces if one.state in KEPT), None)
        if other:
            return HAD, f"had already, in the issue {other.slot} of {other.digest}"
        return None

    def _ahead(self) -> tuple[str, str] | None:
        if self._is_next() and self.chance:
            return NEXT, f"in the next issue, {self.chance.decision.turn.slot.identity}"
        arrival = self.entry.arrival
        if arrival is not None and arrival <= self.taken.place:
            return None
        if self.taken.paused_until and self.taken.paused_until > self.now:
            return PAUSED, f"paused until {self.taken.paused_until.isoformat()}"
        if self.chance and self.chance.decision.reason:
            slot, reason = self.chance.decision.turn.slot.identity, self.chance.decision.reason
            return NEXT, f"waits; for {slot}: {reason}"
        return NEXT, "waits for an issue"

    def _passed(self) -> tuple[str, str]:
        ended = next(iter(self.own), None)
        if ended:
            words = f": {ended.words or ended.reason}" if ended.words or ended.reason else ""
            return ended.state, f"{ended.state} in the issue {ended.slot}{words}"
        arrived = self.entry.arrived_at
        if arrived and arrived < self.taken.since:
            return PASSED, "arrived before this subscription began, outside of its welcome"
        window = next(iter(self.windows), None)
        if window:
            reason = f": {window.reason}" if window.reason else ""
            return PASSED, f"passed in the issue {window.slot} ({window.state}){reason}"
        return PASSED, "passed: the lane had been served beyond it"

    def _is_next(self) -> bool:
        return self.chance is not None and self.entry.article.id in _ids(self.chance)


def _ids(planned: Planned) -> Sequence[str]:
    if planned.decision.outcome is not Outcome.OPENS:
        return ()
    return [entry.article.id for entry in planned.entries]
