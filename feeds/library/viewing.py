"""Viewing: what a visitor sees of a feed besides its documents.

The page that a browser gets, and what is new since a version that a reader has.
"""

from __future__ import annotations

import asyncio

from feeds.feed import FeedSpec, Format
from feeds.library.press import Press, chain_of
from feeds.publish import Standing, Version
from feeds.render import render
from feeds.render.page import feed_page


async def page_of(press: Press, spec: FeedSpec, form: Format) -> bytes:
    """Return the page for people of `spec` in one format: UTF-8 HTML."""
    entries = await press.index.live(spec.name, spec.items)
    return await asyncio.to_thread(feed_page, spec, press.site, form, entries)


async def news(press: Press, spec: FeedSpec, standing: Standing, since: Version) -> bytes | None:
    """Return the feed of those entries alone that are new or edited since a version (RFC 3229).

    None where that would not be worth it, or not be everything: nothing is new, or all of the
    live feed is, and so perhaps more than it shows.
    """
    entries = await press.index.live(spec.name, spec.items)
    fresh = [entry for entry in entries if entry.change > since.change]
    if not fresh or len(fresh) >= min(spec.items, len(entries)):
        return None
    chain = await chain_of(press, spec)
    made = await asyncio.to_thread(
        render, spec, press.site, fresh, changed_at=standing.modified, chain=chain, kept=press.kept
    )
    return made[standing.format].body
