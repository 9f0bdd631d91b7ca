"""Who is settled: the readers for whom a reconciling has nothing to do, found without reading each.

What is to be done depends on neither name nor address, so one answer is for all who are alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from notifier.enrolment import Rules, declare, settle
from notifier.roster import Lanes, Places, Standing, kept
from notifier.settings import Settings
from notifier.subscriber import Choice, Declaration, address_key
from notifier.subscribing.rules import rules_of

_ALIKE = 10_000  # answers that are remembered


@dataclass(frozen=True, slots=True)
class Sifted:
    """Address keys: of who is `settled`, and of others who are there and not declared any more.

    Somebody who is not settled for certain is among the rest.
    """

    settled: frozenset[str]
    others: tuple[str, ...]


async def sift(settings: Settings, places: Places) -> Sifted:
    """Tell the readers who stand as `settings` would have them from those to be looked at."""
    wanted = {address_key(one.email): one for one in settings.subscribers}
    looker = _Looker(rules_of(settings))
    settled, others = [], []
    async for page, lanes in places.standings():
        for one in page:
            if looker.is_settled(one, wanted.get(one.key), lanes):
                settled.append(one.key)
            elif one.key not in wanted:
                others.append(one.key)
    return Sifted(frozenset(settled), tuple(others))


@dataclass(slots=True)
class _Looker:
    rules: Rules
    _known: dict[object, bool] = field(default_factory=dict)

    def is_settled(self, one: Standing, declared: Declaration | None, lanes: Lanes) -> bool:
        if one.declared != (kept(declared) if declared else None):
            return False
        alike = (what_matters(declared), one.chosen, one.held)
        found = self._known.get(alike)
        if found is None:
            if len(self._known) >= _ALIKE:
                self._known.clear()
            before = one.enrolment(lanes)
            found = settle(declare(before, declared), self.rules) == before
            self._known[alike] = found
        return found


def what_matters(declared: Declaration | None) -> object:
    """Return what of a declaration decides about lanes."""
    if declared is None:
        return None
    return declared.timezone, declared.language, _pairs(declared.digests)


def _pairs(digests: Mapping[str, Choice]) -> tuple[tuple[str, Choice], ...]:
    return tuple(digests.items())
