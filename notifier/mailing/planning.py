"""Planning: what goes to whom at the next slots, as things stand. Writes nothing.

The same turns are taken in the same order, and decided upon by the same functions, as when issues
are opened; what would be written is kept in mind (`delivery.prospect`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from feeds import Entry
from feeds.store import ArticleStore, Embargoes
from notifier.delivery.audience import Group, Lane
from notifier.delivery.outbox import USUAL
from notifier.delivery.prospect import Prospect
from notifier.digest.issue import HOUR, Due, due
from notifier.digest.spec import DigestSpec
from notifier.mailing.choosing import Arrivals
from notifier.mailing.deciding import (
    LATE,
    Decision,
    Outcome,
    decide,
    ends_at_once,
    turn_again,
    turn_at_once,
)
from notifier.mailing.desk import Desk
from notifier.mailing.lookout import Lookout
from notifier.mailing.turns import (
    Turn,
    at_once_turns,
    due_turns,
    in_order,
    in_slices,
    lanes_of,
    pending_turns,
)
from notifier.schedule.language import Schedule
from notifier.schedule.slots import next_slot

_MANY = 1_000_000  # turns that may be ahead while nobody has counted them
_SLOTS = 8  # that are looked at for the next one on which a lane may be served


@dataclass(frozen=True, slots=True)
class Onlooker:
    """A reader to look for: their number, and the lanes they are in."""

    id: int
    lanes: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One decision, for the instant `at`; of an onlooker, `group` is theirs, if they are in one."""

    decision: Decision
    at: datetime
    group: Group | None = None

    @property
    def entries(self) -> tuple[Entry, ...]:
        """What the onlooker gets."""
        chosen = self.decision.chosen
        if self.group is None or chosen is None or self.decision.outcome is not Outcome.OPENS:
            return ()
        return next((found for group, found in chosen.picks if group == self.group), ())


class Ahead(Arrivals):
    """The articles of windows, with those that will have arrived by then."""

    def __init__(self, store: ArticleStore, embargoes: Embargoes) -> None:
        super().__init__(store)
        self._articles = store
        self._embargoes = embargoes
        self._horizon: datetime | None = None
        self._coming: Sequence[Entry] = ()

    async def sealed(self, instant: datetime, now: datetime) -> int:
        """Return the last arrival that there will be at `instant`, seen at `now`; seals nothing."""
        if self._horizon is None or now > self._horizon:
            self._horizon, self._coming = now, await self._embargoes.ending(now)
        there = [e.arrival or 0 for e in self._coming if e.arrived_at and e.arrived_at <= instant]
        return there[-1] if there else await self._articles.arrival_at(instant)

    async def window(self, after: int, upto: int) -> Sequence[Entry]:
        """Return the articles in `(after, upto]`, by arrival."""
        coming = [entry for entry in self._coming if after < (entry.arrival or 0) <= upto]
        return [*await super().window(after, upto), *coming]


async def plan(
    lookout: Lookout, now: datetime, at: datetime | None = None, onlooker: Onlooker | None = None
) -> list[Planned]:
    """Return what each lane's next slot will bring; with `at`, all that is due at that time.

    In the order in which issues would be opened. A next slot is seen as it will be then, if nothing
    else happens; what is due `at` a time as `open_due` would open it `now`, with the articles and
    readers there are now. With an `onlooker`, only what concerns them.
    """
    async with lookout.prospects.open(now) as prospect:
        desk = replace(lookout.desk, audience=prospect)
        arrivals = Ahead(desk.store, lookout.embargoes)
        planner = _Planner(desk, prospect, arrivals, onlooker)
        await planner.resume(now)
        if at:
            turns, at_once = await due_turns(desk, at), await at_once_turns(desk, now)
            planner.ahead.update(turn.spec.name for turn in (*turns, *at_once))
            await planner.open(turns, now)
            await planner.open_at_once(at_once, now)
        else:
            await planner.open_next(now)
        return planner.planned


@dataclass(slots=True)
class _Planner:
    """Goes through the turns, and keeps in mind what would be written."""

    desk: Desk
    prospect: Prospect
    arrivals: Ahead
    onlooker: Onlooker | None
    planned: list[Planned] = field(default_factory=list)
    seen: set[int] = field(default_factory=set)
    sizes: dict[str, list[tuple[datetime, int]]] = field(default_factory=dict)
    ahead: Counter[str] = field(default_factory=Counter)

    async def resume(self, now: datetime) -> None:
        """Take up what was being opened; what has expired or is lost is taken back."""
        pending = await self.desk.outbox.pending("opening")
        for begun in pending:
            if begun.due.expires <= now:
                self.prospect.lose(begun.id)
                for lane in await self.prospect.lanes([begun.digest], [begun.lane_id]):
                    self.prospect.serve(lane, begun.due.slot)
        alive = [begun for begun in pending if begun.due.expires > now]
        turns = await pending_turns(self.desk, alive)
        for lost in {begun.id for begun in alive} - {begun.id for _, begun in turns}:
            self.prospect.lose(lost)
        decisions = [
            await self._decide(turn, now, (), upto=begun.upto, released=True)
            for turn, begun in turns
        ]
        for decision, (_, begun) in zip(decisions, turns, strict=True):
            await self._take(decision, now, resumed=True)
            if decision.outcome is Outcome.FAILED:
                self.prospect.lose(begun.id)

    async def open(self, turns: Sequence[Turn], now: datetime) -> None:
        """Plan what is due: together what is opened together."""
        for together in in_slices(turns):
            usual = await self._usual(together[0])
            decisions = [await self._decide(turn, now, usual) for turn in together]
            for decision in decisions:
                await self._take(decision, now)

    async def open_at_once(self, turns: Sequence[Turn], now: datetime) -> None:
        """Plan what has arrived in lanes `at once`, or what is owed there again."""
        behind = await self.prospect.behind([turn.lane for turn in turns], now) if turns else set()
        for turn in turns:
            sent = await self.desk.outbox.opened_since(turn.lane, now - HOUR)
            if await self._each(turn, sent, now):
                continue
            if turn.lane.id in behind and len(sent) < turn.spec.limit:
                again, upto = turn_again(turn, now), turn.lane.cursor
                decision = await self._decide(again, now, (), upto=upto, released=True)
                await self._take(decision, now)

    async def _each(self, turn: Turn, sent: Sequence[datetime], now: datetime) -> bool:
        """Plan an issue for each article of a lane that is served at once; tell if there is one."""
        upto = await self.arrivals.sealed(now - turn.spec.hold, now)
        usual = await self._usual(turn)
        ends = await ends_at_once(self.arrivals, turn, upto, sent, usual, now)
        lane = turn.lane
        for arrival in ends:
            one = turn_at_once(turn, lane, arrival, now)
            if await self._one(one, now, arrival) in {Outcome.HELD, Outcome.FAILED}:
                break
            lane = lane.served(one.slot, arrival)
        return bool(ends)

    async def open_next(self, now: datetime) -> None:
        """Plan what is due now, then the next slot of each lane that was not, in their order."""
        self.ahead.update({spec.name: _MANY for spec in self.desk.digests})
        await self.open(await due_turns(self.desk, now), now)
        names = [spec.name for spec in self.desk.digests]
        turns: dict[datetime, list[Turn]] = {}
        for lane, spec, schedule in await lanes_of(self.desk, names):
            found = None if lane.id in self.seen else _following(spec, schedule, lane, now)
            if found:
                turns.setdefault(found.slot.instant, []).append(Turn(lane, spec, schedule, found))
        at_once: dict[datetime, list[Turn]] = {}
        for turn in await at_once_turns(self.desk, now):
            at_once.setdefault(now + turn.spec.hold, []).append(turn)
        self.ahead = Counter(turn.spec.name for some in turns.values() for turn in some)
        self.ahead.update(turn.spec.name for some in at_once.values() for turn in some)
        for moment in sorted(turns.keys() | at_once.keys()):
            await self.open(in_order(self.desk, turns.get(moment, ())), moment)
            await self.open_at_once(at_once.get(moment, ()), moment)

    async def _one(self, turn: Turn, now: datetime, upto: int) -> Outcome:
        decision = await self._decide(turn, now, await self._usual(turn), upto=upto)
        await self._take(decision, now)
        return decision.outcome

    async def _decide(
        self,
        turn: Turn,
        now: datetime,
        usual: Sequence[int],
        *,
        upto: int | None = None,
        released: bool = False,
    ) -> Decision:
        if turn.due.folded:
            return Decision(turn=turn, outcome=Outcome.LATE, reason=LATE)
        if upto is None:
            upto = await self.arrivals.sealed(turn.slot.instant, now)
        return await decide(self.desk, self.arrivals, turn, upto, now, usual, released=released)

    async def _take(self, decision: Decision, now: datetime, *, resumed: bool = False) -> None:
        """Keep in mind what a decision would do to the lane, and to what its readers have had."""
        turn, outcome = decision.turn, decision.outcome
        await self._note(decision, now)
        if outcome is not Outcome.LATE:
            self.seen.add(turn.lane.id)
        self.ahead[turn.spec.name] -= 1
        if decision.issue and decision.chosen:
            if resumed or any(
                self.ahead[name] > 0 for name in self.ahead if name != turn.spec.name
            ):
                await self.prospect.take(decision.issue, now)
            everybody = not decision.chosen.held
            self.prospect.serve(turn.lane, turn.slot, decision.upto, everybody=everybody)
            self.sizes.setdefault(turn.spec.name, []).append((turn.slot.instant, decision.articles))
            self.arrivals.opened()
        elif outcome is Outcome.NOTHING:
            self.prospect.serve(turn.lane, turn.slot, decision.upto)
        elif outcome is not Outcome.FAILED:
            self.prospect.serve(turn.lane, turn.slot)

    async def _note(self, decision: Decision, now: datetime) -> None:
        planned = Planned(decision=decision, at=now)
        if self.onlooker is None:
            self.planned.append(planned)
        elif decision.turn.lane.id in self.onlooker.lanes:
            group = await self._group_of(self.onlooker.id, decision, now)
            if group or decision.chosen is None:
                self.planned.append(replace(planned, group=group))

    async def _group_of(self, reader: int, decision: Decision, now: datetime) -> Group | None:
        turn, chosen = decision.turn, decision.chosen
        if chosen is None:
            return None
        groups = [*(group for group, _ in chosen.picks), *chosen.nothing, *chosen.held]
        place = await self.prospect.place_among(
            groups, turn.lane, turn.slot, reader, now, local_date=turn.day
        )
        return None if place is None else groups[place]

    async def _usual(self, turn: Turn) -> list[int]:
        """How large issues have been of late, with those that are planned."""
        name = turn.spec.name
        planned = reversed(self.sizes.get(name, []))
        recent = [*planned, *await self.desk.outbox.recent(name)]
        recent.sort(key=lambda size: size[0], reverse=True)
        return [articles for _, articles in recent[:USUAL]]


def _following(spec: DigestSpec, schedule: Schedule, lane: Lane, now: datetime) -> Due | None:
    """Return what `lane` is due for next: its next slot on a day of which it has had none."""
    after = max(now, lane.served_at)
    for _ in range(_SLOTS):
        slot = next_slot(schedule, lane.key.timezone, after)
        if slot is None:
            return None
        found = due(
            spec,
            schedule,
            lane.key.timezone,
            served_at=lane.served_at,
            covered_to=lane.covered_to,
            now=slot.instant,
            served_on=lane.served_on,
        )
        if found:
            return found
        after = slot.instant
    return None
