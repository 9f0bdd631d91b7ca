"""GET and HEAD of feeds: stored bytes from memory, behind no router.

A conditional request that is answered by 304 touches no database and renders nothing. What needs
no waiting, `FeedServer.ready` answers at once; `FeedServer` as an ASGI application answers all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence

from starlette.types import Receive, Scope, Send

from feeds.errors import StoreError
from feeds.feed import FeedSpec, Format, Site
from feeds.kit.compression import coded
from feeds.kit.http import IDENTITY
from feeds.library import Press, catalogue
from feeds.publish import DatabaseShelf
from feeds.web import answers
from feeds.web.answers import Answer, ByCoding, Shelved
from feeds.web.kept import Kept
from feeds.web.made import Made
from feeds.web.negotiation import Asked
from feeds.web.paths import local_path, parts_of, prefix_of

KEEP = 128 << 20  # octets of documents that stay in memory; the others are read when asked for


class FeedServer:
    """An ASGI application for everything below `/feeds/`; `refresh` loads what has changed.

    The `press` is what archives, pages and news are made with; without it there are none. `gone`
    are names that were feeds once; `hubs` are where changes are pushed.
    """

    def __init__(
        self,
        shelf: DatabaseShelf,
        site: Site,
        press: Press | None = None,
        *,
        hubs: Sequence[str] = (),
        gone: Collection[str] = (),
        keep: int = KEEP,
    ) -> None:
        self._site = site
        self._press = press
        self._prefix = prefix_of(site)
        self._gone = frozenset(gone)
        self._specs: dict[str, FeedSpec] = {}
        self._was: dict[str, str] = {}
        self._kept = Kept(shelf, site, hubs, keep)
        self._made = Made(press) if press is not None else None

    async def refresh(self) -> None:
        """Take over what was published since the last time, and let go of what was taken down.

        New bytes are served at once as they are, and compressed while they are.
        """
        if self._made is not None:
            await self._made.let_archives_go(self._specs)
        serial = await self._kept.behind()
        if serial is None:
            return
        if self._press is not None:
            self._specs = {spec.name: spec for spec in await catalogue(self._press)}
            self._was = {old: spec.name for spec in self._specs.values() for old in spec.was}
        await self._kept.catch_up(serial)

    async def compressed(self) -> None:
        """Wait until everything that is kept has been compressed."""
        await self._kept.compressed()

    def ready(self, method: str, path: str, asked: Asked) -> Answer | None:
        """Return the answer to a request if it is in memory: the one that `__call__` gives.

        None: `__call__` must be asked. Raises nothing, whatever the request; to HEAD the body is
        not to be sent.
        """
        found = self._kept.find(path)
        if found is None or method not in answers.READING:
            return None
        return self._known(found, asked)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            found = self._kept.find(scope["path"])
            if found is None:
                answer = await self._elsewhere(scope)
            else:
                answer = await self._answer(found, scope)
        except StoreError:
            answer = answers.BUSY
        await answer.send(send, head=scope["method"] == "HEAD")

    def _known(self, found: Shelved, asked: Asked) -> Answer | None:
        """Return the answer about a live feed if nothing must be made or read for it."""
        standing = found.standing
        has_spec = standing.feed in self._specs
        if has_spec and asked.navigates:
            return None
        if asked.has(found.etag, standing):
            return found.unchanged
        if has_spec and standing.format in answers.HAVE_NEWS and asked.news_since:
            return None
        bodies = self._kept.bodies(found)
        return _best(bodies, asked) if bodies else None

    async def _answer(self, found: Shelved, scope: Scope) -> Answer:
        """Answer about a live feed."""
        if scope["method"] not in answers.READING:
            return _not_reading(scope)
        asked = Asked(scope["headers"])
        known = self._known(found, asked)
        if known is not None:
            return known
        special = await self._special(found, asked)
        bodies = special or self._kept.bodies(found) or await self._kept.fetch(found)
        return await _coded(bodies, asked) if bodies else answers.UNKNOWN

    async def _special(self, found: Shelved, asked: Asked) -> ByCoding | None:
        """Return what is made for this client: a page, or the news alone; None: the document."""
        spec = self._specs.get(found.standing.feed)
        if spec is None or self._made is None:
            return None
        if asked.navigates:
            return await self._made.page(found, spec)
        tags = asked.news_since if found.standing.format in answers.HAVE_NEWS else ()
        return await self._made.news(found, spec, tags) if tags else None

    async def _elsewhere(self, scope: Scope) -> Answer:
        """Answer where no live feed stands: an archive, another name, or nothing."""
        path = local_path(scope, self._prefix)
        live = self._kept.find(path)
        if live is not None:
            return await self._answer(live, scope)
        name, document, form = parts_of(path)
        if form is None:
            return answers.UNKNOWN
        spec = self._specs.get(name)
        if name in self._was and spec is None:
            return answers.moved(self._site.feed_url(self._was[name], form, document))
        if name in self._gone:
            return answers.GONE
        if not document or spec is None or self._made is None:
            return answers.UNKNOWN
        return await self._archived(self._made, spec, document, form, scope)

    async def _archived(
        self, made: Made, spec: FeedSpec, document: str, form: Format, scope: Scope
    ) -> Answer:
        """Answer about an archive document of a feed."""
        found = await made.archive(spec, document, form)
        if found is None:
            return answers.UNKNOWN
        if scope["method"] not in answers.READING:
            return _not_reading(scope)
        shelved, bodies = found
        asked = Asked(scope["headers"])
        if asked.navigates:
            return await _coded(await made.archive_page(shelved, spec, document), asked)
        if asked.has(shelved.etag, shelved.standing):
            return shelved.unchanged
        return await _coded(bodies, asked)


def _not_reading(scope: Scope) -> Answer:
    return answers.OPTIONS if scope["method"] == "OPTIONS" else answers.UNWRITABLE


def _best(bodies: ByCoding, asked: Asked) -> Answer | None:
    """Return the answer in the best coding that is accepted and there."""
    return next((bodies[coding] for coding in asked.codings if coding in bodies), None)


async def _coded(bodies: ByCoding, asked: Asked) -> Answer:
    """Return the answer in the best coding that is there and accepted, or make it be there."""
    best = _best(bodies, asked)
    if best is not None:
        return best
    accepted = asked.codings
    if not accepted:
        return answers.UNACCEPTABLE
    plain = bodies[IDENTITY]
    form = await asyncio.to_thread(coded, plain.body, accepted[0])
    return answers.also(plain, accepted[0], form)
