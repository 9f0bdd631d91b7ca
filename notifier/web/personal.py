"""`/my/TOKEN.rss|.atom|.json`: one reader's own feed, kept out of every shared place."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from feeds import FeedSpec, Format, Rendering
from feeds.library import Press, personal_page, render_personal
from feeds.web import VARY_WITHOUT_NEWS, Asked, conditional, in_coding
from notifier.digest.spec import DigestSpec
from notifier.reading import feed_of, reader_of
from notifier.roster import Roster
from notifier.tokens import SecretKey

_K = TypeVar("_K")
_V = TypeVar("_V")
_Key = tuple[FeedSpec, int]

_LIMIT = 500  # feeds that are kept rendered, and as many pages
_HEADERS = {
    "cache-control": "private, no-cache",
    "vary": VARY_WITHOUT_NEWS.decode(),
    "x-robots-tag": "noindex, nofollow",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
_PAGE_HEADERS = {
    **_HEADERS,
    "cache-control": "private, no-store",
    "content-type": "text/html; charset=utf-8",
    "x-frame-options": "DENY",
}


class _Kept:
    """Feeds and pages as they were made, until an article or the reader's choice changes."""

    def __init__(self, press: Press) -> None:
        self._press = press
        self._feeds: OrderedDict[_Key, Mapping[Format, Rendering]] = OrderedDict()
        self._pages: OrderedDict[tuple[_Key, Format], bytes] = OrderedDict()

    async def feed(self, spec: FeedSpec) -> Mapping[Format, Rendering]:
        """Return the feed in every format."""
        key = await self._key(spec)
        found = self._feeds.get(key) or await render_personal(self._press, spec)
        return _keep(self._feeds, key, found)

    async def page(self, spec: FeedSpec, form: Format) -> bytes:
        """Return what a browser shows at the address of the feed."""
        key = (await self._key(spec), form)
        found = self._pages.get(key) or await personal_page(self._press, spec, form)
        return _keep(self._pages, key, found)

    async def _key(self, spec: FeedSpec) -> _Key:
        return spec, (await self._press.store.marks()).change


def _keep(kept: OrderedDict[_K, _V], key: _K, value: _V) -> _V:
    """Keep `value`, and let go of what nobody has asked for the longest; return it."""
    kept[key] = value
    kept.move_to_end(key)
    if len(kept) > _LIMIT:
        kept.popitem(last=False)
    return value


def personal_routes(
    press: Press, roster: Roster, digests: Sequence[DigestSpec], keys: Sequence[SecretKey]
) -> list[Route]:
    """Return the route of readers' own feeds."""
    kept = _Kept(press)

    async def feed(request: Request) -> Response:
        token, _, ending = request.path_params["name"].rpartition(".")
        form = next((form for form in Format if form == ending), None)
        found = await reader_of(token, roster, keys) if form else None
        if form is None or found is None:
            return PlainTextResponse("There is no such feed.\n", 404, _HEADERS)
        if found.rotated:
            return PlainTextResponse("This address has been replaced.\n", 410, _HEADERS)
        spec = feed_of(found.reader, token, digests, press.site)
        if Asked(request.headers.raw).navigates:
            return await in_coding(request, await kept.page(spec, form), _PAGE_HEADERS)
        return await _answer((await kept.feed(spec))[form], request)

    return [Route("/my/{name}", feed)]


async def _answer(rendering: Rendering, request: Request) -> Response:
    return await conditional(
        request,
        rendering.body,
        etag=rendering.etag,
        modified=rendering.modified,
        headers={**_HEADERS, "content-type": rendering.format.content_type},
    )
