"""Publishing: carry the changes of the store into feeds, and the feeds onto a shelf.

Calls the index, the renderers and the shelf in order. A feed that nothing touched is not rendered,
and not even looked at: what one article costs depends on the feeds it is in.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from feeds.article import Entry
from feeds.feed import Chain, FeedSpec, Rendering
from feeds.library.choosing import put_in_order
from feeds.library.press import Offer, Press, chain_before, rendering_key
from feeds.membership import Touch, movement
from feeds.publish import Edition
from feeds.render import Written, render
from feeds.store import FeedState, Progress

_TOGETHER = 20  # feeds whose documents are put in one transaction
_RUN = 500  # changes that are looked at together


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What publishing did: feeds rendered, documents that came out different, entries left out."""

    feeds: int = 0
    documents: int = 0
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Proof:
    """What a live feed is rendered from: entries to be written, and those that were."""

    spec: FeedSpec
    state: FeedState
    chain: Chain
    entries: tuple[Entry, ...]
    written: tuple[Written, ...]


async def publish(press: Press, now: datetime) -> Published:
    """Bring every feed up to the last committed change; safe to run twice or side by side."""
    while True:
        progress, offer = await put_in_order(press, now)
        if await _follow(press, offer, progress):
            return await _render_stale(press, offer.specs)


async def _follow(press: Press, offer: Offer, progress: Progress) -> bool:
    """Carry the changes that are not in the feeds yet into their members.

    False where another process did so, or chose feeds, meanwhile: they are no more as they were.
    """
    watermark = progress.watermark
    while offer.specs and watermark < progress.change:  # without feeds there may be no ledger
        entries = await press.store.changed(watermark, _RUN)
        upto = progress.change if len(entries) < _RUN else entries[-1].change
        entries = [entry for entry in entries if entry.change <= upto]
        members = await press.index.members([entry.article.id for entry in entries])
        moves = movement(entries, offer.selections, members)
        if not await press.index.advance(replace(progress, watermark=watermark), upto, moves):
            return False
        watermark = upto
    return True


async def _render_stale(press: Press, specs: Mapping[str, FeedSpec]) -> Published:
    """Render what lags behind; put it all at once."""
    # Another process may have been told of more feeds than we have.
    stale = [state for name, state in (await press.index.stale()).items() if name in specs]
    documents = 0
    left_out: set[str] = set()
    for start in range(0, len(stale), _TOGETHER):
        proofs = await _proofs(press, specs, stale[start : start + _TOGETHER])
        editions = await asyncio.to_thread(_editions, press, proofs)
        documents += await press.shelf.put(editions)
        left_out.update(*(one.left_out for edition in editions for one in edition.renderings))
    return Published(feeds=len(stale), documents=documents, left_out=tuple(sorted(left_out)))


async def _proofs(
    press: Press, specs: Mapping[str, FeedSpec], states: Sequence[FeedState]
) -> list[_Proof]:
    """Read what is needed to render; of what was written before, only that it is shown."""
    newest = await _close_archives(press, specs, states)
    shown = await press.index.shown({state.feed: specs[state.feed].items for state in states})
    written = {
        name: tuple(press.kept.known(those, specs[name], press.site))
        for name, those in shown.items()
    }
    known = {name: {one.name for one in those} for name, those in written.items()}
    missing = {
        one.id for name, those in shown.items() for one in those if one.id not in known[name]
    }
    entries = {entry.article.id: entry for entry in await press.store.entries(sorted(missing))}
    return [
        _Proof(
            spec=specs[state.feed],
            state=state,
            chain=chain_before(press, specs[state.feed], newest[state.feed]),
            entries=tuple(
                entries[one.id]
                for one in shown[state.feed]
                if one.id not in known[state.feed] and one.id in entries
            ),
            written=written[state.feed],
        )
        for state in states
    ]


async def _close_archives(
    press: Press, specs: Mapping[str, FeedSpec], states: Sequence[FeedState]
) -> dict[str, int]:
    """Close the archives that have become full; return the newest of each feed."""
    newest = {}
    standing = await press.archives.standing([state.feed for state in states])
    for state in states:
        number, waiting = standing[state.feed]
        items = specs[state.feed].items
        if waiting >= items:
            touch = Touch(state.touched, state.touched_at)
            number = await press.archives.close_full(state.feed, items, touch)
        newest[state.feed] = number
    return newest


def _editions(press: Press, proofs: Sequence[_Proof]) -> list[Edition]:
    return [
        Edition(
            feed=proof.spec.name,
            renderings=_rendered(press, proof),
            upto=proof.state.touched,
            key=rendering_key(proof.spec, press.site, press.hubs),
        )
        for proof in proofs
    ]


def _rendered(press: Press, proof: _Proof) -> tuple[Rendering, ...]:
    made = render(
        proof.spec,
        press.site,
        proof.entries,
        changed_at=proof.state.touched_at,
        chain=proof.chain,
        kept=press.kept,
        written=proof.written,
    )
    return tuple(made.values())
