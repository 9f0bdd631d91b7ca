"""Choosing: the feeds in the store become those that are declared.

New ones get their members, those that are gone are taken down, and those that are to look another
way lag behind from now on. Where nothing of that is to be done, one row is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from feeds.feed import FeedSpec
from feeds.kit.instants import EPOCH
from feeds.labels import labels_of
from feeds.library.press import Offer, Press, catalogue, rendering_key
from feeds.membership import Member
from feeds.store import FeedState, Progress

_RUN = 500  # articles that are looked at together
_CHOSEN = 5_000  # members that are looked for together


async def put_in_order(press: Press, now: datetime) -> tuple[Progress, Offer]:
    """Return how far the feeds have come, and all of them, chosen as they are declared.

    Another process may choose at the same time: what was compared holds for the generation that
    was read before.
    """
    await _discover(press)
    while True:
        progress = await press.index.progress()
        known = press.in_order
        if known.offer is not None and known.generation == progress.generation:
            return progress, known.offer
        offer = Offer.of(await catalogue(press))
        if await _compare(press, offer.specs, now):
            known.generation, known.offer = progress.generation, offer
            return progress, offer


async def _compare(press: Press, specs: Mapping[str, FeedSpec], now: datetime) -> bool:
    """Tell whether the feeds in the store are `specs`; make them so where they are not."""
    states = await press.index.states()
    gone = sorted(states.keys() - specs.keys())
    if gone:
        await press.shelf.keep_only(specs)
    for name in gone:
        await press.index.forget(name)
    wanted = [
        spec
        for name, spec in specs.items()
        if name not in states or states[name].selection_key != spec.selection_key
    ]
    for spec in wanted:
        await _choose(press, spec, now)
    keys = {name: rendering_key(spec, press.site, press.hubs) for name, spec in specs.items()}
    otherwise = [
        name
        for name, state in states.items()
        if name in specs and state.rendering_key not in {"", keys[name]}
    ]
    if otherwise:
        await press.index.outdate(otherwise)
    return not (gone or wanted or otherwise)


async def _choose(press: Press, spec: FeedSpec, now: datetime) -> None:
    """Select the members of a new or changed feed from everything that is stored."""
    marks = await press.store.marks()
    members: list[Member] = []
    touched_at: datetime | None = None
    after = 0
    while after < marks.arrival:
        found = await press.store.standings(after, marks.arrival, _CHOSEN, spec.select)
        after = found[-1].arrival if len(found) == _CHOSEN else marks.arrival
        members += (Member(spec.name, o.id, o.arrival, o.revised, o.change) for o in found)
        if found:
            touched_at = max(touched_at or EPOCH, *(one.changed_at for one in found))
    state = FeedState(
        feed=spec.name,
        selection_key=spec.selection_key,
        rendering_key="",
        touched=marks.change,
        touched_at=touched_at or now,
        rendered=-1,
    )
    await press.index.choose(state, members, marks.change)


async def _discover(press: Press) -> None:
    """Note the labels that have occurred since they were last looked for."""
    kinds = frozenset(for_each.kind for for_each in press.for_each)
    if not kinds:
        return
    looked = await press.labels.marks()
    after = min(looked.get(kind, 0) for kind in kinds)
    upto = (await press.store.marks()).change
    while after < upto:
        entries = await press.store.changed(after, _RUN)
        after = entries[-1].change if len(entries) == _RUN else upto
        found = {
            (label.kind, label.slug): label
            for entry in entries
            if entry.arrival is not None
            for label in labels_of(entry.article, kinds)
        }
        await press.labels.note(tuple(found.values()), kinds, after)
