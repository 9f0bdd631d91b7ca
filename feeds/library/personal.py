"""A feed that is rendered for one selection when it is asked for, and is listed nowhere."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from feeds.article import Entry
from feeds.feed import FeedSpec, Format, Rendering
from feeds.kit.instants import EPOCH
from feeds.library.press import Press
from feeds.render import render
from feeds.render.page import feed_page

_RUN = 500  # articles looked at together
_RUNS = 20  # so many times; a selection that admits next to nothing must not read the whole store


async def render_personal(press: Press, spec: FeedSpec) -> Mapping[Format, Rendering]:
    """Return the newest articles that `spec` selects, by arrival, in every format."""
    entries = await _newest(press, spec)
    changed_at = max((entry.changed_at for entry in entries), default=EPOCH)
    return await asyncio.to_thread(
        render, spec, press.site, entries, changed_at=changed_at, kept=press.kept
    )


async def personal_page(press: Press, spec: FeedSpec, form: Format) -> bytes:
    """Return the page for people of such a feed in one format: UTF-8 HTML."""
    entries = await _newest(press, spec)
    return await asyncio.to_thread(feed_page, spec, press.site, form, entries, personal=True)


async def _newest(press: Press, spec: FeedSpec) -> list[Entry]:
    found: list[Entry] = []
    before = (await press.store.marks()).arrival + 1
    for _ in range(_RUNS):
        entries = await press.store.latest(before, _RUN)
        found += [entry for entry in entries if spec.select.admits(entry.article)]
        if len(entries) < _RUN or len(found) >= spec.items:
            break
        before = entries[-1].arrival or 0
    return found[: spec.items]
