"""The planner: goes through the turns as `opening` does, and keeps in mind what would be written.

What would be written is kept in `delivery.prospect`, and only where a digest is still to come that
it may matter to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from notifier.delivery.groups import Group, Standing
from notifier.delivery.outbox import USUAL
from notifier.delivery.prospect import Prospect
from notifier.digest.issue import HOUR, is_too_much
from notifier.mailing.choosing import standings_of
from notifier.mailing.coming import Coming
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
from notifier.mailing.foretold import Onlooker, Planned
from notifier.mailing.turns import (
    Turn,
    at_once_turns,
    due_turns,
    in_order,
    in_slices,
    lanes_of,
    next_turns,
    pending_turns,
)

_MANY = 1_000_000  # turns that may be ahead while nobody has counted them


@dataclass(slots=True)
class Planner:
    """Goes through the turns; what is `planned`, of an onlooker what concerns them.

    Of lanes that are not `among` those given nothing is decided: nobody there meets the onlooker's.
    Only how large their issues are may tell whether one is far more than usual; if it may,
    `depends_on_others`.
    """

    desk: Desk
    prospect: Prospect
    arrivals: Coming
    onlooker: Onlooker | None
    among: Collection[int] | None = None
    depends_on_others: bool = False
    planned: list[Planned] = field(default_factory=list)
    _seen: set[int] = field(default_factory=set)
    _sizes: dict[str, list[tuple[datetime, int]]] = field(default_factory=dict)
    _recent: dict[str, list[tuple[datetime, int]]] = field(default_factory=dict)
    _ahead: Counter[str] = field(default_factory=Counter)

    async def expect(self, turns: Iterable[Turn]) -> None:
        """Note turns that are to come: what is planned before them may matter to them."""
        turns = self._concerned(turns)
        self._ahead = Counter(turn.spec.name for turn in turns)
        await self.prospect.expect(turn.lane for turn in turns)

    async def expect_all(self) -> None:
        """Note that any lane may have a turn to come."""
        names = [spec.name for spec in self.desk.digests]
        self._ahead = Counter(dict.fromkeys(names, _MANY))
        await self.prospect.expect(lane for lane, _, _ in await lanes_of(self.desk, names))

    async def resume(self, now: datetime) -> None:
        """Take up what was being opened; what has expired or is lost is taken back."""
        pending = await self.desk.outbox.pending("opening")
        for begun in pending:
            self.prospect.lose(begun.id)
            if begun.due.expires <= now:
                for lane in await self.prospect.lanes([begun.digest], [begun.lane_id]):
                    self.prospect.serve(lane, begun.due.slot)
        alive = [begun for begun in pending if begun.due.expires > now]
        decisions = [
            await self._decide(turn, now, (), upto=begun.upto, released=True)
            for turn, begun in await pending_turns(self.desk, alive)
            if self._concerned([turn])
        ]
        for decision in decisions:
            await self._take([decision], now)

    async def open(self, turns: Sequence[Turn], now: datetime) -> None:
        """Plan what is due: together what is opened together."""
        for together in in_slices(self._concerned(turns)):
            usual = await self._usual(together[0])
            standings = await standings_of(self.desk, together, now)
            decisions = [
                await self._decide(turn, now, usual, standing=standings[turn.lane.id])
                for turn in together
            ]
            await self._reach(together)
            await self._take(decisions, now)

    async def open_at_once(self, turns: Sequence[Turn], now: datetime) -> None:
        """Plan what has arrived in lanes `at once`, or what is owed there again."""
        turns = self._concerned(turns)
        behind = await self.prospect.behind([turn.lane for turn in turns], now) if turns else set()
        for turn in turns:
            await self._reach([turn])
            sent = await self.desk.outbox.opened_since(turn.lane, now - HOUR)
            if await self._each(turn, sent, now):
                continue
            if turn.lane.id in behind and len(sent) < turn.spec.limit:
                again, upto = turn_again(turn, now), turn.lane.cursor
                decision = await self._decide(again, now, (), upto=upto, released=True)
                await self._take([decision], now)

    async def open_next(self, now: datetime) -> None:
        """Plan what is due now, then the next slot of each lane that was not, in their order."""
        await self.expect_all()
        await self.open(await due_turns(self.desk, now), now)
        turns: dict[datetime, list[Turn]] = {}
        for turn in await next_turns(self.desk, now, but=self._seen):
            turns.setdefault(turn.slot.instant, []).append(turn)
        at_once: dict[datetime, list[Turn]] = {}
        for turn in await at_once_turns(self.desk, now):
            at_once.setdefault(now + turn.spec.hold, []).append(turn)
        await self.expect(turn for some in (*turns.values(), *at_once.values()) for turn in some)
        for moment in sorted(turns.keys() | at_once.keys()):
            await self.open(in_order(self.desk, turns.get(moment, ())), moment)
            await self.open_at_once(at_once.get(moment, ()), moment)

    async def _each(self, turn: Turn, sent: Sequence[datetime], now: datetime) -> bool:
        """Plan an issue for each article of a lane that is served at once; tell if there is one."""
        upto = await self.arrivals.sealed(now - turn.spec.hold, now)
        usual = await self._usual(turn)
        ends = await ends_at_once(self.arrivals, turn, upto, sent, usual, now)
        if self.among is not None and turn.spec.fuse is None:
            least = await ends_at_once(self.arrivals, turn, upto, sent, (), now)
            self.depends_on_others |= ends != least
        lane = turn.lane
        for arrival in ends:
            one = turn_at_once(turn, lane, arrival, now)
            decision = await self._decide(one, now, await self._usual(one), upto=arrival)
            await self._take([decision], now)
            if decision.outcome in {Outcome.HELD, Outcome.FAILED}:
                break
            lane = lane.served(one.slot, arrival)
        return bool(ends)

    async def _decide(
        self,
        turn: Turn,
        now: datetime,
        usual: Sequence[int],
        *,
        upto: int | None = None,
        released: bool = False,
        standing: Standing | None = None,
    ) -> Decision:
        if turn.due.folded:
            return Decision(turn=turn, outcome=Outcome.LATE, reason=LATE)
        if upto is None:
            upto = await self.arrivals.sealed(turn.slot.instant, now)
        if standing is None:
            found = await self.prospect.standings([turn.lane], now, turn.day)
            standing = found[turn.lane.id]
        desk, arrivals = self.desk, self.arrivals
        decision = await decide(
            desk, arrivals, turn, upto, now, usual, released=released, standing=standing
        )
        if self.among is not None and decision.chosen and not released:
            is_much = is_too_much(turn.spec, decision.chosen.size, ())
            self.depends_on_others |= is_much and turn.spec.fuse is None
        return decision

    def _concerned(self, turns: Iterable[Turn]) -> list[Turn]:
        return [turn for turn in turns if self.among is None or turn.lane.id in self.among]

    async def _reach(self, turns: Sequence[Turn]) -> None:
        self._ahead.subtract(turn.spec.name for turn in turns)
        await self.prospect.reach(turn.lane for turn in turns)

    async def _take(self, decisions: Sequence[Decision], now: datetime) -> None:
        """Keep in mind what decisions about one digest would do to its lanes and their readers."""
        for decision in decisions:
            await self._note(decision, now)
        issues = [one.issue for one in decisions if one.issue and one.chosen]
        names = {decision.turn.spec.name for decision in decisions}
        if issues and any(left > 0 for name, left in self._ahead.items() if name not in names):
            await self.prospect.take(issues, now)
            self.arrivals.opened()
        for decision in decisions:
            self._serve(decision)

    def _serve(self, decision: Decision) -> None:
        turn, outcome = decision.turn, decision.outcome
        if outcome is not Outcome.LATE:
            self._seen.add(turn.lane.id)
        if decision.issue and decision.chosen:
            everybody = not decision.chosen.held
            self.prospect.serve(turn.lane, turn.slot, decision.upto, everybody=everybody)
            size = turn.slot.instant, decision.articles
            self._sizes.setdefault(turn.spec.name, []).append(size)
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
        return await self.prospect.group_of(reader, groups, turn.lane, now, turn.day)

    async def _usual(self, turn: Turn) -> list[int]:
        """How large issues have been of late, with those that are planned."""
        name = turn.spec.name
        if name not in self._recent:
            self._recent[name] = await self.desk.outbox.recent(name)
        planned = reversed(self._sizes.get(name, []))
        recent = [*planned, *self._recent[name]]
        recent.sort(key=lambda size: size[0], reverse=True)
        return [articles for _, articles in recent[:USUAL]]
