"""GET and HEAD of feeds: stored bytes from memory, behind no router.

A conditional request that is answered by 304 touches no database and renders nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.types import Receive, Scope, Send

from feeds.feed import Site
from feeds.kit.http import http_date, is_fresh
from feeds.publish import DatabaseShelf, Document

PREFIX = "/feeds/"
MAX_AGE = 60  # seconds that a copy may be used without asking

Header = tuple[bytes, bytes]


@dataclass(frozen=True, slots=True)
class _Stored:
    """A document with the headers that every answer about it has."""

    document: Document
    headers: tuple[Header, ...]
    length: Header


class FeedServer:
    """An ASGI application for `/feeds/NAME.rss|.atom|.json`; `refresh` loads what has changed."""

    def __init__(self, shelf: DatabaseShelf, site: Site) -> None:
        self._shelf = shelf
        self._site = site
        self._stored: dict[str, _Stored] = {}
        self._serial = 0

    async def refresh(self) -> None:
        """Take over what was published since the last time, and let go of what was taken down."""
        serial = await self._shelf.serial()
        if serial == self._serial:
            return
        stored = dict(self._stored)
        for document in await self._shelf.documents(after=self._serial):
            stored[f"{PREFIX}{document.feed}.{document.format}"] = self._prepare(document)
        names = {f"{PREFIX}{feed}.{form}" for feed, form in await self._shelf.names()}
        self._stored = {path: found for path, found in stored.items() if path in names}
        self._serial = serial

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        found = self._stored.get(scope["path"])
        if found is None:
            await _answer(send, 404, [(b"content-type", _PLAIN)], b"There is no such feed.\n")
        elif scope["method"] not in {"GET", "HEAD"}:
            await _answer(send, 405, [(b"allow", b"GET, HEAD")], b"")
        elif _is_fresh(found.document, scope["headers"]):
            await _answer(send, 304, found.headers, b"")
        else:
            body = b"" if scope["method"] == "HEAD" else found.document.body
            await _answer(send, 200, (*found.headers, found.length), body)

    def _prepare(self, document: Document) -> _Stored:
        url = self._site.feed_url(document.feed, document.format)
        headers = {
            "content-type": document.format.content_type,
            "etag": f'W/"{document.etag}"',
            "last-modified": http_date(document.modified),
            "cache-control": f"public, max-age={MAX_AGE}",
            "link": f'<{url}>; rel="self"',
            "access-control-allow-origin": "*",
            "x-content-type-options": "nosniff",
        }
        pairs = tuple((name.encode(), value.encode()) for name, value in headers.items())
        length = (b"content-length", str(len(document.body)).encode())
        return _Stored(document, pairs, length)


def _is_fresh(document: Document, headers: Sequence[Header]) -> bool:
    asked: dict[bytes, str] = {}
    for name, value in headers:
        if name.startswith(b"if-"):  # a list may come in several lines (RFC 9110, 5.3)
            text = value.decode("latin-1")
            asked[name] = f"{asked[name]}, {text}" if name in asked else text
    if not asked:
        return False
    none_match, since = asked.get(b"if-none-match"), asked.get(b"if-modified-since")
    return is_fresh(document.etag, document.modified, none_match, since)


async def _answer(send: Send, status: int, headers: Sequence[Header], body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": list(headers)})
    await send({"type": "http.response.body", "body": body})


_PLAIN = b"text/plain; charset=utf-8"
