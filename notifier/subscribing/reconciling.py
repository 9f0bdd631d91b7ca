"""Reconciling: the roster's declared readers become those of the configuration.

Everything that a reader chose stays, and whoever has left stays gone. Where all follow the
declaration already, that is known by its name. Else nearly all are found settled at a glance, and
the others are gone through some at a time. Only addresses are held together.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import TypeVar

from feeds.store import ArticleStore
from notifier.digest.lane import LaneKey, public_lane
from notifier.enrolment import Enrolment, declare, settle
from notifier.roster import Change, Hand, Places
from notifier.settings import Settings
from notifier.subscriber import Declaration, address_key
from notifier.subscribing.removing import Removal, removal_of
from notifier.subscribing.rules import name_of_declaration, name_of_rules, rules_of
from notifier.subscribing.settled import Sifted, sift, what_matters
from notifier.subscribing.welcoming import Welcomes

_CHUNK = 500
_ALIKE = 10_000  # newcomers of different kinds who are remembered

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Reconciled:
    """How many readers were added, changed and removed by the declaration.

    `held` was left undone, for it needs the operator's word.
    """

    added: int = 0
    changed: int = 0
    removed: int = 0
    held: Removal | None = None


async def reconcile(
    settings: Settings,
    places: Places,
    store: ArticleStore,
    now: datetime,
    *,
    removing: bool = True,
) -> Reconciled:
    """Make the roster's declared readers those of `settings`, and its lanes those they need.

    Without `removing`, whoever is not declared any more stays as they are.
    Who was added by hand moves too, where the configuration of a digest makes it necessary.
    """
    declaration = name_of_declaration(settings)
    if declaration == await places.followed():
        return Reconciled()
    welcomes = Welcomes(rules_of(settings), store, now)
    hand = await places.begin(name_of_rules(welcomes.rules))
    await _publish(settings, places, welcomes)
    sifted = await sift(settings, places)
    added = changed = removed = 0
    for some in _chunks(_unsettled(settings, sifted)):
        wanted = {address_key(one.email): one for one in some}
        done = await _reconcile(places, welcomes, wanted, now, hand)
        fresh = sum(change.before is None for change in done)
        added, changed = added + fresh, changed + len(done) - fresh
    if not removing:
        return Reconciled(added, changed)
    for others in _chunks(sifted.others):
        done = await _reconcile(places, welcomes, dict.fromkeys(others), now, hand)
        removed += sum(is_removed(change) for change in done)
    await places.end(hand, declaration)
    return Reconciled(added, changed, removed)


async def take_in(
    settings: Settings, places: Places, store: ArticleStore, now: datetime, *, yes: bool = False
) -> Reconciled:
    """Reconcile, but remove many readers only if that is said by `yes`."""
    removal = await removal_of(settings, places)
    held = removal.needs_a_word and not yes
    done = await reconcile(settings, places, store, now, removing=not held)
    return replace(done, held=removal) if held else done


async def ahead(
    settings: Settings, places: Places, store: ArticleStore, now: datetime
) -> AsyncIterator[Change]:
    """Yield what `reconcile` would do to readers now; writes nothing."""
    welcomes = Welcomes(rules_of(settings), store, now)
    sifted = await sift(settings, places)
    for some in _chunks(_unsettled(settings, sifted)):
        async for change in _ahead(places, welcomes, {address_key(one.email): one for one in some}):
            yield change
    for others in _chunks(sifted.others):
        async for change in _ahead(places, welcomes, dict.fromkeys(others)):
            yield change


async def follows(settings: Settings, places: Places) -> bool:
    """Tell whether it is known, without looking at any reader, that `reconcile` does nothing."""
    return name_of_declaration(settings) == await places.followed()


async def is_reconciled(
    settings: Settings, places: Places, store: ArticleStore, now: datetime
) -> bool:
    """Tell whether `reconcile` would do nothing."""
    if await follows(settings, places):
        return True
    if not await places.are_public(_public_lanes(settings)):
        return False
    async for _ in ahead(settings, places, store, now):
        return False
    return True


async def _publish(settings: Settings, places: Places, welcomes: Welcomes) -> None:
    starts = {lane: await welcomes.start(lane) for lane in _public_lanes(settings)}
    await places.publish(starts, welcomes.now)


def _public_lanes(settings: Settings) -> list[LaneKey]:
    return [
        public_lane(spec, settings.site) for spec in settings.digests if not spec.schedule.at_once
    ]


def _unsettled(settings: Settings, sifted: Sifted) -> Iterator[Declaration]:
    return (one for one in settings.subscribers if address_key(one.email) not in sifted.settled)


async def _ahead(
    places: Places, welcomes: Welcomes, wanted: Mapping[str, Declaration | None]
) -> AsyncIterator[Change]:
    standing = await places.enrolments(wanted)
    for key, declared in wanted.items():
        change = await _change(welcomes, standing.get(key), declared)
        if change is not None:
            yield change


def is_removed(change: Change) -> bool:
    """Tell whether a reader is not declared any more."""
    before = change.before
    return before is not None and before.declared is not None and change.after.declared is None


async def reconcile_one(
    settings: Settings, places: Places, store: ArticleStore, address: str, now: datetime
) -> None:
    """Do the same for one reader only, whoever else is declared; public lanes stay as they are."""
    key = address_key(address)
    found = (one for one in settings.subscribers if address_key(one.email) == key)
    welcomes = Welcomes(rules_of(settings), store, now)
    await _reconcile(places, welcomes, {key: next(found, None)}, now, Hand())


async def reconcile_for(
    settings: Settings, places: Places, store: ArticleStore, address: str, now: datetime
) -> None:
    """Do all of it that matters to what one reader gets."""
    await _publish(settings, places, Welcomes(rules_of(settings), store, now))
    await reconcile_one(settings, places, store, address, now)


async def _reconcile(
    places: Places,
    welcomes: Welcomes,
    wanted: Mapping[str, Declaration | None],
    now: datetime,
    hand: Hand,
) -> list[Change]:
    """Compare a few readers with what stands there, write those that differ, and return these.

    Whoever is changed by somebody else meanwhile is compared again.
    """
    done: list[Change] = []
    while wanted:
        standing = await places.enrolments(wanted)
        changes = [
            change
            for key, declared in wanted.items()
            if (change := await _change(welcomes, standing.get(key), declared)) is not None
        ]
        stale = (
            {change.key for change in await places.apply(changes, now, hand)} if changes else set()
        )
        done += [change for change in changes if change.key not in stale]
        wanted = {key: declared for key, declared in wanted.items() if key in stale}
    return done


async def _change(
    welcomes: Welcomes, before: Enrolment | None, declared: Declaration | None
) -> Change | None:
    if before is None:
        return await _newcomer(welcomes, declared) if declared else None
    after = settle(declare(before, declared), welcomes.rules)
    if after == before:
        return None
    # A declaration that was away for a moment, by mistake, must not cost anybody an article.
    return await welcomes.change(before, after, _returning(before, after), back=True)


async def _newcomer(welcomes: Welcomes, declared: Declaration) -> Change:
    """Return how a newcomer is taken in; of many, most are like another one."""
    what = what_matters(declared)
    alike = welcomes.alike.get(what)
    if alike is None:
        after = settle(declare(None, declared), welcomes.rules)
        if len(welcomes.alike) >= _ALIKE:
            welcomes.alike.clear()
        alike = welcomes.alike[what] = await welcomes.change(None, after)
    after = Enrolment(address=declared.email, declared=declared, held=alike.after.held)
    return Change(before=None, after=after, starts=alike.starts)


def _returning(before: Enrolment, after: Enrolment) -> Sequence[str]:
    """The digests that a reader gets again who had not left them: their declaration was away."""
    return [
        digest
        for digest, one in after.held.items()
        if one.active and digest in before.held and not before.held[digest].active
    ]


def _chunks(items: Iterable[_T]) -> Iterator[list[_T]]:
    stream = iter(items)
    while some := list(islice(stream, _CHUNK)):
        yield some
