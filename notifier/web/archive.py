"""`/digests/`: past issues of each digest as pages and as a feed; personal ones behind a signature.

What anybody may read may be kept by anybody, for a minute. A personal edition may not, has no
place in a search engine, and tells nobody where its readers went from it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from feeds import Format, Rendering
from feeds.kit.bounded import Bounded
from feeds.web import Asked, conditional
from notifier.archive import (
    BackIssues,
    Document,
    Gone,
    Moved,
    edition_page,
    issue_feed,
    issue_list,
    issue_page,
)
from notifier.digest.address import day_of
from notifier.digest.spec import DigestSpec
from notifier.tokens import PAGE, SecretKey, proven

_KEEP = 16 << 20  # octets each of pages and feeds that stay in memory
_SHORTLY = {"cache-control": "public, max-age=60"}
_PRIVATE = {"cache-control": "private, no-cache", "x-robots-tag": "noindex, nofollow"}
_PAGE = {
    "content-type": "text/html; charset=utf-8",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
_VARY = {"vary": "Sec-Fetch-Mode, Sec-Fetch-Dest"}
_FEED = {
    "access-control-allow-origin": "*",
    "cache-control": "public, max-age=300",
    "x-content-type-options": "nosniff",
    **_VARY,
}
_ASIDE = {"cache-control": "private, no-store", **_VARY}  # a page at the address of a feed

Found = Document | Moved | Gone | None
_Key = tuple[str, str, int, tuple[int, int]]


class _Kept:
    """What was made, until an article or the issues of that digest change; one at a time."""

    def __init__(self, back: BackIssues) -> None:
        self._back = back
        self._pages: Bounded[_Key, Document] = Bounded(_KEEP)
        self._feeds: Bounded[_Key, Mapping[Format, Rendering]] = Bounded(_KEEP)
        self._making = asyncio.Lock()

    async def page(
        self, spec: DigestSpec, path: str, make: Callable[[], Awaitable[Found]]
    ) -> Found:
        """Return the page at `path`, made by `make` unless it is there."""
        key = await self._key(spec, path)
        async with self._making:
            found: Found = self._pages.get(key)
            if found is None:
                found = await make()
            if isinstance(found, Document):
                self._pages.put(key, found, len(found.body))
        return found

    async def feed(self, spec: DigestSpec) -> Mapping[Format, Rendering]:
        """Return the feed of the issues of `spec`."""
        key = await self._key(spec, "")
        async with self._making:
            found = self._feeds.get(key)
            if found is None:
                found = await issue_feed(self._back, spec)
                self._feeds.put(key, found, sum(len(one.body) for one in found.values()))
        return found

    async def _key(self, spec: DigestSpec, path: str) -> _Key:
        change = (await self._back.store.marks()).change
        return spec.name, path, change, await self._back.archive.standing(spec.name)


def archive_routes(
    back: BackIssues, digests: Sequence[DigestSpec], keys: Sequence[SecretKey]
) -> list[Route]:
    """Return the routes of lists, feeds, issues and personal editions."""
    specs = {spec.name: spec for spec in digests}
    kept = _Kept(back)

    async def whole(request: Request) -> Response:
        name = request.path_params["digest"]
        spec, form = _named(name, specs)
        if spec is None or spec.schedule.at_once:
            return _missing()
        if form is None or Asked(request.headers.raw).navigates:
            before = "" if form else request.query_params.get("before", "")
            found = await kept.page(spec, f"?{before}", lambda: issue_list(back, spec, before))
            return await _page(request, found, _ASIDE if form else _SHORTLY)
        return await _feed(request, (await kept.feed(spec))[form])

    async def one(request: Request) -> Response:
        name, spec = request.path_params["issue"], specs.get(request.path_params["digest"])
        if spec is None:
            return _missing()
        if day_of(name):
            found = await kept.page(spec, name, lambda: issue_page(back, spec, name))
            return await _page(request, found, _SHORTLY)
        edition = proven(name, keys, PAGE)
        if edition is None:
            return _missing(_PRIVATE)
        found = await kept.page(spec, edition, lambda: edition_page(back, spec, edition))
        return await _page(request, found, _PRIVATE)

    return [
        Route("/digests/{digest}", whole),
        Route("/digests/{digest}/{issue}", one),
    ]


def _named(name: str, specs: Mapping[str, DigestSpec]) -> tuple[DigestSpec | None, Format | None]:
    """Return the digest that `name` is of, and the format if it names the feed of its issues."""
    if name in specs:
        return specs[name], None
    stem, _, ending = name.rpartition(".")
    form = next((form for form in Format if form == ending), None)
    return (specs.get(stem), form) if form else (None, None)


async def _page(request: Request, found: Found, headers: Mapping[str, str]) -> Response:
    said = {**_PAGE, **headers}
    if isinstance(found, Document):
        return await conditional(
            request, found.body, etag=found.etag, modified=found.modified, headers=said
        )
    if isinstance(found, Moved):
        return RedirectResponse(found.url, 302, headers)
    if isinstance(found, Gone):
        return PlainTextResponse("All of this issue has been withdrawn.\n", 410, headers)
    return _missing(headers)


async def _feed(request: Request, rendering: Rendering) -> Response:
    return await conditional(
        request,
        rendering.body,
        etag=rendering.etag,
        modified=rendering.modified,
        headers={**_FEED, "content-type": rendering.format.content_type},
    )


def _missing(headers: Mapping[str, str] = _SHORTLY) -> Response:
    return PlainTextResponse("There is no such issue.\n", 404, headers)
