"""Mirroring: what stands on the database shelf, written out as a static tree for any web server."""

from __future__ import annotations

import asyncio

from feeds.kit.database import EPOCH
from feeds.library.publishing import Press
from feeds.publish import DirectoryShelf, Mirrored
from feeds.render.page import article_page, landing_page

_RUN = 200  # articles read together


async def mirror(press: Press, directory: DirectoryShelf) -> Mirrored:
    """Write every feed, the landing page, and a page for each article without one of its own."""
    documents = await press.shelf.documents()
    for document in documents:
        path = f"feeds/{document.feed}.{document.format}"
        await asyncio.to_thread(directory.put, path, document.body, document.modified)
    changed = max((document.modified for document in documents), default=EPOCH)
    directory.put("index.html", landing_page(press.site, press.feeds), changed)
    after, upto = 0, (await press.store.marks()).arrival
    while entries := await press.store.arrived(after, upto, _RUN):
        after = entries[-1].arrival or upto
        for entry in entries:
            if not entry.article.url:
                page = article_page(entry, press.site)
                path = f"articles/{entry.article.id}/index.html"
                await asyncio.to_thread(directory.put, path, page, entry.changed_at)
    return await asyncio.to_thread(directory.finish)
