"""Publishing: carry the changes of the store into feeds, and the feeds onto a shelf.

Calls the index, the renderers and the shelf in order. A feed that nothing touched is not rendered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache

from feeds.feed import Chain, FeedSpec, Rendering, Site
from feeds.kit.text import digest
from feeds.labels import ForEach, labels_of
from feeds.membership import Member, Touch, member_of, movement
from feeds.publish import DatabaseShelf, Edition
from feeds.render import RENDERING, Kept, render
from feeds.store import ArchiveManifest, ArticleStore, FeedIndex, FeedState, LabelStore

_TOGETHER = 20  # feeds whose documents are put in one transaction
_RUN = 500  # changes, or articles of a feed chosen anew, that are looked at together


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What publishing did: feeds rendered, documents that came out different, entries left out."""

    feeds: int = 0
    documents: int = 0
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Press:
    """Everything that publishing needs."""

    store: ArticleStore
    index: FeedIndex
    shelf: DatabaseShelf
    archives: ArchiveManifest
    labels: LabelStore
    site: Site
    feeds: tuple[FeedSpec, ...]
    for_each: tuple[ForEach, ...] = ()
    hubs: tuple[str, ...] = ()
    kept: Kept = field(default_factory=Kept)


async def publish(press: Press, now: datetime) -> Published:
    """Bring every feed up to the last committed change; safe to run twice or side by side."""
    await _discover(press)
    states = await press.index.states()
    specs = {spec.name: spec for spec in await catalogue(press)}
    for name in states.keys() - specs.keys():
        await press.index.forget(name)
    if states.keys() != specs.keys():
        await press.shelf.keep_only(specs)
    for spec in specs.values():
        state = states.get(spec.name)
        if state is None or state.selection_key != spec.selection_key:
            states[spec.name] = await _choose(press, spec, now)
    return await _render_stale(press, specs, await _follow(press, specs, states))


async def catalogue(press: Press) -> tuple[FeedSpec, ...]:
    """Return all feeds there are: the declared ones, then those for each label that occurs."""
    specs = {spec.name: spec for spec in press.feeds}
    declared = {for_each.kind: for_each for for_each in press.for_each}
    for label in await press.labels.labels(declared) if declared else ():
        spec = declared[label.kind].feed(label)
        specs.setdefault(spec.name, spec)
    return tuple(specs.values())


async def chain_of(press: Press, spec: FeedSpec, touch: Touch | None = None) -> Chain:
    """Return where the live feed of `spec` stands: before its newest archive.

    With a `touch`, the archives that have become full by it are closed first.
    """
    newest, waiting = await press.archives.standing(spec.name)
    if touch is not None and waiting >= spec.items:
        newest = await press.archives.close_full(spec.name, spec.items, touch)
    return Chain(previous=spec.archive_name(newest) if newest else "", hubs=press.hubs)


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


@lru_cache(maxsize=8192)
def rendering_key(spec: FeedSpec, site: Site, hubs: tuple[str, ...] = ()) -> str:
    """Another one means that the same articles come out as other bytes."""
    plain = replace(spec, select=type(spec.select)(), was=())
    return digest(str(RENDERING), repr(plain), repr(site), *hubs)


async def _choose(press: Press, spec: FeedSpec, now: datetime) -> FeedState:
    """Select the members of a new or changed feed from everything that is stored."""
    marks = await press.store.marks()
    members: list[Member] = []
    after, touched_at = 0, None
    while entries := await press.store.arrived(after, marks.arrival, _RUN):
        after = entries[-1].arrival or 0
        chosen = [entry for entry in entries if spec.select.admits(entry.article)]
        members += [member_of(spec, entry) for entry in chosen]
        changes = [entry.changed_at for entry in chosen]
        touched_at = max([*changes, touched_at] if touched_at else changes, default=None)
    state = FeedState(
        feed=spec.name,
        selection_key=spec.selection_key,
        rendering_key="",
        watermark=marks.change,
        touched=marks.change,
        touched_at=touched_at or now,
        rendered=-1,
    )
    await press.index.choose(state, members)
    return state


async def _follow(
    press: Press, specs: Mapping[str, FeedSpec], states: Mapping[str, FeedState]
) -> Mapping[str, FeedState]:
    """Carry the changes that are not in the feeds yet into their members; return the states."""
    while True:
        # Another process may have been told of more feeds than we have.
        states = {name: state for name, state in states.items() if name in specs}
        marks = await press.store.marks()
        lag = min((state.watermark for state in states.values()), default=marks.change)
        if lag >= marks.change:
            return states
        entries = await press.store.changed(lag, _RUN)
        upto = marks.change if len(entries) < _RUN else entries[-1].change
        entries = [entry for entry in entries if entry.change <= upto]
        behind = [specs[name] for name in states if states[name].watermark == lag]
        members = await press.index.members([entry.article.id for entry in entries])
        moves = movement(entries, behind, members)
        if await press.index.advance(lag, upto, moves):
            # Only what was touched need be read again: the others have just come along.
            states = {
                name: replace(state, watermark=upto) if state.watermark == lag else state
                for name, state in states.items()
            } | await press.index.states(moves.touched.keys())
        else:
            states = await press.index.states()


async def _render_stale(
    press: Press, specs: Mapping[str, FeedSpec], states: Mapping[str, FeedState]
) -> Published:
    """Render what lags behind, or would be written otherwise now; put it all at once."""
    keys = {name: rendering_key(specs[name], press.site, press.hubs) for name in states}
    stale = [n for n, state in states.items() if state.stale or state.rendering_key != keys[n]]
    documents = 0
    left_out: set[str] = set()
    for start in range(0, len(stale), _TOGETHER):
        editions = [
            Edition(
                feed=name,
                renderings=await _render(press, specs[name], states[name]),
                upto=states[name].touched,
                key=keys[name],
            )
            for name in stale[start : start + _TOGETHER]
        ]
        documents += await press.shelf.put(editions)
        left_out.update(*(one.left_out for edition in editions for one in edition.renderings))
    return Published(feeds=len(stale), documents=documents, left_out=tuple(sorted(left_out)))


async def _render(press: Press, spec: FeedSpec, state: FeedState) -> tuple[Rendering, ...]:
    """Close the archives that have become full, then render the live feed that links to them."""
    touch = Touch(state.touched, state.touched_at)
    chain = await chain_of(press, spec, touch)
    entries = await press.index.live(spec.name, spec.items)
    made = await asyncio.to_thread(
        render,
        spec,
        press.site,
        entries,
        changed_at=state.touched_at,
        chain=chain,
        kept=press.kept,
    )
    return tuple(made.values())
