"""GET and HEAD of feeds: stored bytes from memory, behind no router.

A conditional request that is answered by 304 touches no database and renders nothing. Archives,
pages for browsers and news since a version are made when they are first asked for, and kept.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Collection, Mapping, Sequence

from starlette.types import Receive, Scope, Send

from feeds.errors import StoreError
from feeds.feed import FeedSpec, Format, Site, document_path
from feeds.kit.bounded import Bounded
from feeds.kit.compression import coded, worthwhile
from feeds.kit.http import IDENTITY
from feeds.library import Press, archive, catalogue, news, page_of
from feeds.publish import DatabaseShelf, Document, Standing
from feeds.web import answers
from feeds.web.answers import Answer, Shelved
from feeds.web.negotiation import Asked
from feeds.web.paths import local_path, prefix_of

PREFIX = "/feeds/"
KEEP = 128 << 20  # octets of documents that stay in memory; the others are read when asked for

_KEEP_MADE = 16 << 20  # octets each of archives, pages and news that stay in memory
_RUN = 50  # documents read together

ByCoding = Mapping[str, Answer]


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
        self._shelf = shelf
        self._site = site
        self._press = press
        self._hubs = tuple(hubs)
        self._prefix = prefix_of(site)
        self._gone = frozenset(gone)
        self._specs: dict[str, FeedSpec] = {}
        self._was: dict[str, str] = {}
        self._table: dict[str, Shelved] = {}
        self._bodies: Bounded[str, ByCoding] = Bounded(keep)
        self._spare = keep // 3  # for the compressed forms of what is kept
        self._archives: Bounded[str, tuple[Shelved, ByCoding]] = Bounded(_KEEP_MADE)
        self._pages: Bounded[tuple[str, str], ByCoding] = Bounded(_KEEP_MADE)
        self._news: Bounded[tuple[str, str, str], Answer] = Bounded(_KEEP_MADE)
        self._making = asyncio.Lock()
        self._uncoded: deque[str] = deque()
        self._coding: asyncio.Task[None] | None = None
        self._serial = self._watermark = self._refreshed = 0

    async def refresh(self) -> None:
        """Take over what was published since the last time, and let go of what was taken down.

        New bytes are served at once as they are, and compressed while they are.
        """
        self._refreshed += 1
        await self._let_archives_go()
        serial = await self._shelf.serial()
        if serial == self._serial:
            return
        if self._press is not None:
            self._specs = {spec.name: spec for spec in await catalogue(self._press)}
            self._was = {old: spec.name for spec in self._specs.values() for old in spec.was}
        await self._read(self._serial)
        for standing in await self._shelf.standing(self._serial):
            self._take(standing)
        names = {self._path(feed, form) for feed, form in await self._shelf.names()}
        for path in {one.path for one in self._table.values()} - names:
            self._bodies.drop(path)
        self._table = {path: one for path, one in self._table.items() if one.path in names}
        self._serial = serial

    async def compressed(self) -> None:
        """Wait until everything that is kept has been compressed."""
        while self._coding is not None and not self._coding.done():
            await self._coding

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            found = self._table.get(scope["path"])
            if found is None:
                answer = await self._elsewhere(scope)
            else:
                answer = await self._answer(found, scope)
        except StoreError:
            answer = answers.BUSY
        await answer.send(send, head=scope["method"] == "HEAD")

    async def _answer(self, found: Shelved, scope: Scope, made: ByCoding | None = None) -> Answer:
        """Answer about a document; its bytes may have been `made` already."""
        if scope["method"] not in answers.READING:
            return answers.OPTIONS if scope["method"] == "OPTIONS" else answers.UNWRITABLE
        asked = Asked(scope["headers"])
        spec = self._specs.get(found.standing.feed) if made is None else None
        if spec is not None and asked.navigates:
            return await _coded(await self._page(found, spec), asked)
        if asked.has(found.etag, found.standing):
            return found.unchanged
        if spec is not None and found.standing.format in answers.HAVE_NEWS:
            tags = asked.news_since
            answer = await self._news_since(found, spec, tags) if tags else None
            if answer is not None:
                return answer
        bodies = made or self._bodies.get(found.path) or await self._fetch(found)
        return await _coded(bodies, asked) if bodies else answers.UNKNOWN

    async def _elsewhere(self, scope: Scope) -> Answer:
        """Answer where no live feed stands: an archive, another name, or nothing."""
        path = local_path(scope, self._prefix)
        if path in self._table:
            return await self._answer(self._table[path], scope)
        name, document, form = _parts(path)
        if form is None:
            return answers.UNKNOWN
        if name in self._was and name not in self._specs:
            return answers.moved(self._site.feed_url(self._was[name], form, document))
        if name in self._gone:
            return answers.GONE
        found = await self._archive(path, name, document, form) if document else None
        return await self._answer(found[0], scope, found[1]) if found else answers.UNKNOWN

    async def _archive(
        self, path: str, name: str, document: str, form: Format
    ) -> tuple[Shelved, ByCoding] | None:
        known = self._archives.get(path)
        spec = self._specs.get(name)
        if known is not None or spec is None or self._press is None:
            return known
        async with self._making:
            known = self._archives.get(path)
            if known is not None:
                return known
            began = self._refreshed
            made = await archive(self._press, spec, document)
            if made is None:
                return None
            one = made[form]
            standing = Standing(
                feed=name, format=form, etag=one.etag, modified=one.modified, serial=0
            )
            found = answers.archived(path, standing, self._site.feed_url(name, form, document))
            forms = await asyncio.to_thread(worthwhile, one.body)
            bodies = answers.by_coding(found.headers, one.body, forms)
            if began == self._refreshed:  # else it may be of yesterday already
                self._archives.put(path, (found, bodies), _weight(bodies))
            return found, bodies

    async def _let_archives_go(self) -> None:
        """Drop the archives that have changed since the last time; mostly none."""
        if self._press is None or not len(self._archives):
            return
        states = await self._press.index.states()
        watermark = min((state.watermark for state in states.values()), default=0)
        if watermark == self._watermark:
            return
        for name, number in await self._press.archives.changed(self._watermark):
            spec = self._specs.get(name)
            if spec is not None:
                for form in Format:
                    self._archives.drop(self._path(name, form, spec.archive_name(number)))
        self._watermark = watermark

    async def _page(self, found: Shelved, spec: FeedSpec) -> ByCoding:
        key = (found.path, found.standing.etag)
        page = self._pages.get(key)
        if page is not None or self._press is None:
            return page or {}
        async with self._making:
            page = self._pages.get(key)
            if page is None:
                body = await page_of(self._press, spec, found.standing.format)
                page = answers.page_answers(body, await asyncio.to_thread(worthwhile, body))
                self._pages.put(key, page, _weight(page))
        return page

    async def _news_since(
        self, found: Shelved, spec: FeedSpec, tags: tuple[str, ...]
    ) -> Answer | None:
        """Return what is new since the newest of the versions `tags`; None: send everything."""
        standing = found.standing
        since = await self._shelf.version(standing.feed, standing.format, tags)
        if since is None or self._press is None:
            return None
        key = (found.path, standing.etag, since.etag)
        async with self._making:
            known = self._news.get(key)
            if known is not None:
                return known
            body = await news(self._press, spec, standing, since)
            if body is None:
                return None
            answer = answers.news_answer(found, since.etag, body)
            self._news.put(key, answer, len(body))
        return answer

    async def _read(self, after: int) -> None:
        """Read the documents that are new since `after`, as far as there is room for them."""
        while self._bodies.room > self._spare:
            documents = await self._shelf.documents(after, limit=_RUN)
            for document in documents:
                self._keep(document)
            if len(documents) < _RUN:
                return
            after = documents[-1].serial

    async def _fetch(self, found: Shelved) -> ByCoding | None:
        """Read a document that was not kept; the newest, should there be a newer one by now."""
        document = await self._shelf.document(found.standing.feed, found.standing.format)
        return self._keep(document) if document is not None else None

    def _keep(self, document: Document) -> ByCoding:
        found = self._take(document.standing)
        bodies = answers.by_coding(found.headers, document.body, {})
        self._bodies.put(found.path, bodies, len(document.body))
        self._uncoded.append(found.path)
        if self._coding is None or self._coding.done():
            self._coding = asyncio.get_running_loop().create_task(self._code())
        return bodies

    def _take(self, standing: Standing) -> Shelved:
        """Let answers say what is known of a document now, unless they do already."""
        path = self._path(standing.feed, standing.format)
        known = self._table.get(path)
        if known is not None and known.standing.serial >= standing.serial:
            return known
        url = self._site.feed_url(standing.feed, standing.format)
        found = answers.shelved(path, standing, url, self._hubs)
        self._bodies.drop(path)
        self._table[path] = self._table[self._prefix + path] = found
        return found

    async def _code(self) -> None:
        """Compress what is kept and waits for it, one document after the other."""
        while self._uncoded:
            path = self._uncoded.popleft()
            bodies, found = self._bodies.get(path), self._table.get(path)
            if bodies is None or found is None or len(bodies) > 1:
                continue
            body = bodies[IDENTITY].body
            forms = await asyncio.to_thread(worthwhile, body)
            if self._bodies.get(path) is bodies:
                bodies = answers.by_coding(found.headers, body, forms)
                self._bodies.put(path, bodies, _weight(bodies))

    @staticmethod
    def _path(feed: str, form: Format, document: str = "") -> str:
        return PREFIX + document_path(feed, form, document)


async def _coded(bodies: ByCoding, asked: Asked) -> Answer:
    """Return the answer in the best coding that is there and accepted, or make it be there."""
    accepted = asked.codings
    for coding in accepted:
        if coding in bodies:
            return bodies[coding]
    if not accepted:
        return answers.UNACCEPTABLE
    plain = bodies[IDENTITY]
    form = await asyncio.to_thread(coded, plain.body, accepted[0])
    return answers.by_coding(plain.headers[:-1], plain.body, {accepted[0]: form})[accepted[0]]


def _parts(path: str) -> tuple[str, str, Format | None]:
    """Return the feed, the archive ("" for the live feed) and the format that `path` names."""
    stem, _, ending = path.removeprefix(PREFIX).rpartition(".")
    if not path.startswith(PREFIX) or not stem or ending not in set(Format):
        return "", "", None
    name, slash, document = stem.partition("/")
    return name, document if slash else "", Format(ending)


def _weight(bodies: ByCoding) -> int:
    return sum(len(answer.body) for answer in bodies.values())
