"""Choosing: readers are added, choose and leave, by the command line or by pages of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from feeds.store import ArticleStore
from notifier.enrolment import Enrolment, refusals, settle, wished
from notifier.preferences import Wish
from notifier.roster import Change, Places, Roster
from notifier.settings import Settings
from notifier.subscriber import address_key
from notifier.subscribing.rules import rules_of
from notifier.subscribing.welcoming import UNDO, Welcomes

Asked = tuple[str, Wish]  # whose wish: an address


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a wish: the reader before (None: there was none) and after, or why not."""

    before: Enrolment | None
    after: Enrolment | None
    refused: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether anything is different now."""
        return not self.refused and self.before != self.after


async def choose(
    settings: Settings, places: Places, store: ArticleStore, asked: Asked, now: datetime
) -> Outcome:
    """Meet one wish, or say why not."""
    [outcome] = await choose_all(settings, places, store, [asked], now)
    return outcome


async def choose_all(
    settings: Settings, places: Places, store: ArticleStore, asked: Sequence[Asked], now: datetime
) -> list[Outcome]:
    """Meet some hundred wishes at once, in order; one that cannot be met costs the others nothing.

    Everything in a wish has been checked: its digests are declared, and what it chooses is offered.
    """
    welcomes = Welcomes(rules_of(settings), store, now)
    done: dict[int, Outcome] = {}
    while len(done) < len(asked):
        open_ = [number for number in range(len(asked)) if number not in done]
        keys = {number: address_key(asked[number][0]) for number in open_}
        standing = await places.enrolments(set(keys.values()))
        outcomes, latest = _decide([asked[number] for number in open_], standing, welcomes)
        changes = [
            await _change(welcomes, standing.get(key), after, now)
            for key, after in latest.items()
            if after != standing.get(key)
        ]
        # Whoever is changed by somebody else meanwhile is looked at again.
        stale = {change.key for change in await places.apply(changes, now, welcomes.hand)}
        decided = zip(open_, outcomes, strict=True)
        done |= {number: outcome for number, outcome in decided if keys[number] not in stale}
    return [done[number] for number in range(len(asked))]


async def leave(
    settings: Settings,
    places: Places,
    store: ArticleStore,
    address: str,
    digests: Sequence[str],
    now: datetime,
) -> Outcome:
    """Let a reader leave these digests, or all; leaving twice is the same."""
    key = address_key(address)
    welcomes = Welcomes(rules_of(settings), store, now)
    while True:
        before = (await places.enrolments([key])).get(key)
        if before is None:
            return Outcome(None, None, (f"there is no reader {address}",))
        missing = [digest for digest in digests if digest not in before.held]
        if missing:
            return Outcome(before, before, tuple(f"{address} does not get `{d}`" for d in missing))
        held = {
            digest: replace(one, left_at=now)
            if one.left_at is None and (one.active if not digests else digest in digests)
            else one
            for digest, one in before.held.items()
        }
        after = replace(before, held=held)
        if not await places.apply([await welcomes.change(before, after)], now, welcomes.hand):
            return Outcome(before, after)


async def erase(settings: Settings, roster: Roster, address: str, now: datetime) -> str:
    """Forget who a reader is; return why not, or nothing.

    Whoever is declared would be enrolled anew at the next start, so they are not erased.
    """
    key = address_key(address)
    if any(address_key(one.email) == key for one in settings.subscribers):
        return f"{address} is declared in the configuration: take them out of it first"
    reader = await roster.reader_at(address)
    if reader is None:
        return f"there is no reader {address}"
    await roster.erase(reader.id, now)
    return ""


def _decide(
    asked: Sequence[Asked], standing: dict[str, Enrolment], welcomes: Welcomes
) -> tuple[list[Outcome], dict[str, Enrolment]]:
    """Return what becomes of each wish, and how the readers are after all of them."""
    outcomes: list[Outcome] = []
    latest: dict[str, Enrolment] = {}
    for address, wish in asked:
        key = address_key(address)
        before = latest.get(key) or standing.get(key)
        refused = refusals(before, address, wish)
        if refused:
            outcomes.append(Outcome(before, before, refused))
            continue
        after = settle(wished(before, address, wish, welcomes.rules), welcomes.rules)
        outcomes.append(Outcome(before, after))
        latest[key] = after
    return outcomes, latest


async def _change(
    welcomes: Welcomes, before: Enrolment | None, after: Enrolment, now: datetime
) -> Change:
    """Return the change; who is back after more than a day, or never left, begins as if new."""
    anew = []
    for digest, one in after.held.items():
        was = before.held.get(digest) if before else None
        again = was is not None and one.active and not was.active
        if again and was and (was.left_at is None or now - was.left_at >= UNDO):
            anew.append(digest)
    return await welcomes.change(before, after, anew)
