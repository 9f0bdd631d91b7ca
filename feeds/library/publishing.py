"""Publishing: carry the changes of the store into feeds, and the feeds onto a shelf.

Calls the index, the renderers and the shelf in order. A feed that nothing touched is not rendered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from feeds.article import Entry
from feeds.feed import FeedSpec, Rendering, Site
from feeds.kit.text import digest
from feeds.publish import DatabaseShelf
from feeds.render import RENDERING, render
from feeds.store import ArticleStore, FeedIndex, FeedState, Member, Movement

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
    site: Site
    feeds: tuple[FeedSpec, ...]


async def publish(press: Press, now: datetime) -> Published:
    """Bring every feed up to the last committed change; safe to run twice or side by side."""
    states = await press.index.states()
    specs = {spec.name: spec for spec in press.feeds}
    for name in states.keys() - specs.keys():
        await press.index.forget(name)
    if states.keys() != specs.keys():
        await press.shelf.keep_only(specs)
    for spec in press.feeds:
        state = states.get(spec.name)
        if state is None or state.selection_key != spec.selection_key:
            await _choose(press, spec, now)
    await _follow(press, specs)
    return await _render_stale(press, specs)


def movement(
    entries: Sequence[Entry], specs: Sequence[FeedSpec], feeds_of: Mapping[str, set[str]]
) -> Movement:
    """Decide what `entries`, changed in this order, do to feeds whose members `feeds_of` tells."""
    joins: list[Member] = []
    leaves: list[Member] = []
    touched: dict[str, tuple[int, datetime]] = {}
    for entry in entries:
        article = entry.article
        before = feeds_of.get(article.id, set())
        for spec in specs:
            was = spec.name in before
            now_in = entry.withdrawn_at is None and spec.select.admits(article)
            if not (was or now_in):
                continue
            member = Member(spec.name, article.id, entry.arrival or 0)
            touched[spec.name] = (entry.change, entry.changed_at)
            if was:
                leaves.append(member)
            if now_in:
                joins.append(member)
    return Movement(joins=tuple(joins), leaves=tuple(leaves), touched=touched)


def rendering_key(spec: FeedSpec, site: Site) -> str:
    """Another one means that the same articles come out as other bytes."""
    plain = replace(spec, select=type(spec.select)())
    return digest(str(RENDERING), repr(plain), repr(site))


async def _choose(press: Press, spec: FeedSpec, now: datetime) -> None:
    """Select the members of a new or changed feed from everything that is stored."""
    marks = await press.store.marks()
    await press.index.begin(spec.name)
    after, touched_at = 0, None
    while entries := await press.store.arrived(after, marks.arrival, _RUN):
        after = entries[-1].arrival or 0
        chosen = [entry for entry in entries if spec.select.admits(entry.article)]
        await press.index.add(
            Member(spec.name, entry.article.id, entry.arrival or 0) for entry in chosen
        )
        changes = [entry.changed_at for entry in chosen]
        touched_at = max([*changes, touched_at] if touched_at else changes, default=None)
    await press.index.finish(
        FeedState(
            feed=spec.name,
            selection_key=spec.selection_key,
            rendering_key="",
            watermark=marks.change,
            touched=marks.change,
            touched_at=touched_at or now,
            rendered=-1,
        )
    )


async def _follow(press: Press, specs: Mapping[str, FeedSpec]) -> None:
    """Carry the changes that are not in the feeds yet into their members."""
    while True:
        states = await press.index.states()
        marks = await press.store.marks()
        lag = min((state.watermark for state in states.values()), default=marks.change)
        if lag >= marks.change:
            return
        entries = await press.store.changed(lag, _RUN)
        upto = marks.change if len(entries) < _RUN else entries[-1].change
        entries = [entry for entry in entries if entry.change <= upto]
        behind = [specs[name] for name in states if states[name].watermark == lag]
        feeds_of = await press.index.feeds_of([entry.article.id for entry in entries])
        await press.index.advance(lag, upto, movement(entries, behind, feeds_of))


async def _render_stale(press: Press, specs: Mapping[str, FeedSpec]) -> Published:
    rendered, documents = 0, 0
    left_out: set[str] = set()
    for name, state in (await press.index.states()).items():
        key = rendering_key(specs[name], press.site)
        if not state.stale and state.rendering_key == key:
            continue
        renderings = await _render(press, specs[name], state)
        documents += await press.shelf.put(renderings)
        await press.index.rendered(name, state.touched, key)
        rendered += 1
        left_out.update(*(rendering.left_out for rendering in renderings))
    return Published(feeds=rendered, documents=documents, left_out=tuple(sorted(left_out)))


async def _render(press: Press, spec: FeedSpec, state: FeedState) -> list[Rendering]:
    entries = await press.index.newest(spec.name, spec.items)
    made = await asyncio.to_thread(render, spec, press.site, entries, changed_at=state.touched_at)
    return list(made.values())
