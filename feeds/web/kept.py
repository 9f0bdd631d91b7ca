"""Live feeds in memory: what every answer about each of them says, and bytes as far as they fit.

Everything is read from the shelf; what did not fit is read again when somebody asks for it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence

from feeds.feed import Site
from feeds.kit.bounded import Bounded
from feeds.kit.compression import worthwhile
from feeds.kit.http import IDENTITY
from feeds.publish import DatabaseShelf, Document, Standing
from feeds.web import answers
from feeds.web.answers import ByCoding, Shelved
from feeds.web.paths import path_of, prefix_of

_RUN = 50  # documents read together


class Kept:
    """The live documents of a shelf by path, with `keep` octets of their bytes in all codings."""

    def __init__(self, shelf: DatabaseShelf, site: Site, hubs: Sequence[str], keep: int) -> None:
        self._shelf = shelf
        self._site = site
        self._hubs = tuple(hubs)
        self._prefix = prefix_of(site)
        self._table: dict[str, Shelved] = {}
        self._bodies: Bounded[str, ByCoding] = Bounded(keep)
        self._spare = keep // 3  # for the compressed forms of what is kept
        self._uncoded: deque[str] = deque()
        self._coding: asyncio.Task[None] | None = None
        self._serial = 0

    def find(self, path: str) -> Shelved | None:
        """Return what is said about the document at `path`, with the site's own path or without."""
        return self._table.get(path)

    def bodies(self, found: Shelved) -> ByCoding | None:
        """Return the answers with its bytes if they are in memory."""
        return self._bodies.get(found.path)

    async def fetch(self, found: Shelved) -> ByCoding | None:
        """Read a document that was not kept; the newest, should there be a newer one by now."""
        document = await self._shelf.document(found.standing.feed, found.standing.format)
        return self._keep(document) if document is not None else None

    async def behind(self) -> int | None:
        """Return the serial of the shelf if it has changed since the last `catch_up`."""
        serial = await self._shelf.serial()
        return serial if serial != self._serial else None

    async def catch_up(self, serial: int) -> None:
        """Take over what is new on the shelf, and let go of what was taken down.

        `serial` is how far the shelf was before anything else was read for it: what came after
        is looked at again.
        """
        await self._read(self._serial)
        for standing in await self._shelf.standing(self._serial):
            self._take(standing)
        names = {path_of(feed, form) for feed, form in await self._shelf.names()}
        for path in {one.path for one in self._table.values()} - names:
            self._bodies.drop(path)
        self._table = {path: one for path, one in self._table.items() if one.path in names}
        self._serial = serial

    async def compressed(self) -> None:
        """Wait until everything that is kept has been compressed."""
        while self._coding is not None and not self._coding.done():
            await self._coding

    async def _read(self, after: int) -> None:
        """Read the documents that are new since `after`, as far as there is room for them."""
        while self._bodies.room > self._spare:
            documents = await self._shelf.documents(after, limit=_RUN)
            for document in documents:
                self._keep(document)
            if len(documents) < _RUN:
                return
            after = documents[-1].serial

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
        path = path_of(standing.feed, standing.format)
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
                self._bodies.put(path, bodies, answers.weight(bodies))
