"""Mirroring: what stands on the database shelf, written out as a static tree for any web server.

Reads and writes one document after the other, never all of them; an archive that has not changed
is not even rendered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from feeds.feed import FeedSpec, Format, document_path
from feeds.kit.instants import EPOCH
from feeds.kit.text import digest
from feeds.library.archiving import archive
from feeds.library.press import Press, catalogue, rendering_key
from feeds.publish import DirectoryShelf, Mirrored
from feeds.render import link_of
from feeds.render.opml import opml_document
from feeds.render.page import article_page, landing_page

_RUN = 20  # articles or documents read together: what is in memory at a time


async def mirror(press: Press, directory: DirectoryShelf) -> Mirrored:
    """Write every feed with its archives, the lists of feeds, and pages of articles.

    An article has a page here if it has no address of its own that feeds can say.
    """
    specs = await catalogue(press)
    await _feeds(press, directory, specs)
    for spec in specs:
        await _archives(press, directory, spec)
    await _articles(press, directory)
    return await asyncio.to_thread(directory.finish)


async def _feeds(press: Press, directory: DirectoryShelf, specs: Sequence[FeedSpec]) -> None:
    after, changed = 0, EPOCH
    while documents := await press.shelf.documents(after, limit=_RUN):
        after = documents[-1].serial
        for document in documents:
            changed = max(changed, document.modified)
            path = f"feeds/{document_path(document.feed, document.format)}"
            await asyncio.to_thread(directory.put, path, document.body, document.modified)
    directory.put("index.html", landing_page(press.site, specs), changed)
    directory.put("feeds.opml", opml_document(press.site, specs), changed)


async def _archives(press: Press, directory: DirectoryShelf, spec: FeedSpec) -> None:
    look = rendering_key(spec, press.site, press.hubs)
    newest, _ = (await press.archives.standing([spec.name]))[spec.name]
    for number in range(1, newest + 1):
        found, name = await press.archives.get(spec.name, number), spec.archive_name(number)
        key = digest(look, str(found.change)) if found is not None else ""
        paths = {form: f"feeds/{document_path(spec.name, form, name)}" for form in Format}
        if key and all(directory.stands(path, key) for path in paths.values()):
            continue
        for form, made in (await archive(press, spec, name) or {}).items():
            await asyncio.to_thread(directory.put, paths[form], made.body, made.modified, key)


async def _articles(press: Press, directory: DirectoryShelf) -> None:
    after, upto = 0, (await press.store.marks()).arrival
    while entries := await press.store.arrived(after, upto, _RUN):
        after = entries[-1].arrival or upto
        for entry in entries:
            if link_of(entry.article, press.site) == press.site.article_url(entry.article.id):
                page = article_page(entry, press.site)
                path = f"articles/{entry.article.id}/index.html"
                await asyncio.to_thread(directory.put, path, page, entry.changed_at)
