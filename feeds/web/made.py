"""What is made when somebody first asks for it, and kept: archives, pages, news since a version.

One thing is made at a time: many who ask at once for the same wait for the first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from feeds.feed import FeedSpec, Format
from feeds.kit.bounded import Bounded
from feeds.kit.compression import worthwhile
from feeds.library import Press, archive, archive_page_of, news, page_of
from feeds.publish import Standing
from feeds.web import answers
from feeds.web.answers import ByCoding, Shelved
from feeds.web.paths import path_of

_KEEP = 16 << 20  # octets each of archives, pages and news that stay in memory

Archive = tuple[Shelved, ByCoding]


class Made:
    """What `press` makes for single readers; `let_archives_go` drops what has changed."""

    def __init__(self, press: Press) -> None:
        self._press = press
        self._archives: Bounded[str, Archive] = Bounded(_KEEP)
        self._pages: Bounded[tuple[str, str], ByCoding] = Bounded(_KEEP)
        self._news: Bounded[tuple[str, str, str], ByCoding] = Bounded(_KEEP)
        self._making = asyncio.Lock()
        self._watermark = self._looked = 0

    async def let_archives_go(self, specs: Mapping[str, FeedSpec]) -> None:
        """Drop the archives of these feeds that have changed since the last time; mostly none."""
        self._looked += 1
        if not len(self._archives):
            return
        watermark = (await self._press.index.progress()).watermark
        if watermark == self._watermark:
            return
        for name, number in await self._press.archives.changed(self._watermark):
            spec = specs.get(name)
            if spec is not None:
                for form in Format:
                    self._archives.drop(path_of(name, form, spec.archive_name(number)))
        self._watermark = watermark

    async def archive(self, spec: FeedSpec, document: str, form: Format) -> Archive | None:
        """Return an archive document of a feed by its name; None where there is none of it."""
        path = path_of(spec.name, form, document)
        known = self._archives.get(path)
        if known is not None:
            return known
        async with self._making:
            known = self._archives.get(path)
            if known is not None:
                return known
            began = self._looked
            made = await archive(self._press, spec, document)
            if made is None:
                return None
            one = made[form]
            standing = Standing(
                feed=spec.name, format=form, etag=one.etag, modified=one.modified, serial=0
            )
            url = self._press.site.feed_url(spec.name, form, document)
            found = answers.archived(path, standing, url)
            forms = await asyncio.to_thread(worthwhile, one.body)
            bodies = answers.by_coding(found.headers, one.body, forms)
            if began == self._looked:  # else it may be of yesterday already
                self._archives.put(path, (found, bodies), answers.weight(bodies))
            return found, bodies

    async def page(self, found: Shelved, spec: FeedSpec) -> ByCoding:
        """Return the page that a browser shows at the address of a feed."""
        form = found.standing.format
        return await self._page(found, lambda: page_of(self._press, spec, form))

    async def archive_page(self, found: Shelved, spec: FeedSpec, document: str) -> ByCoding:
        """Return the page that a browser shows at the address of an archive document."""
        form = found.standing.format
        return await self._page(found, lambda: archive_page_of(self._press, spec, form, document))

    async def _page(self, found: Shelved, make: Callable[[], Awaitable[bytes]]) -> ByCoding:
        """Return the page that stands for this version of a document, made if it is not there."""
        key = (found.path, found.standing.etag)
        page = self._pages.get(key)
        if page is not None:
            return page
        async with self._making:
            page = self._pages.get(key)
            if page is None:
                body = await make()
                page = answers.page_answers(body, await asyncio.to_thread(worthwhile, body))
                self._pages.put(key, page, answers.weight(page))
        return page

    async def news(self, found: Shelved, spec: FeedSpec, tags: tuple[str, ...]) -> ByCoding | None:
        """Return what is new since the newest of the versions `tags`; None: send everything."""
        standing = found.standing
        since = await self._press.shelf.version(standing.feed, standing.format, tags)
        if since is None:
            return None
        key = (found.path, standing.etag, since.etag)
        async with self._making:
            known = self._news.get(key)
            if known is not None:
                return known
            body = await news(self._press, spec, standing, since)
            if body is None:
                return None
            forms = await asyncio.to_thread(worthwhile, body)
            made = answers.news_answers(found, since.etag, body, forms)
            self._news.put(key, made, answers.weight(made))
        return made
