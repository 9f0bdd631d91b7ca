"""Pages for people: the list of feeds, also as OPML, and an article that has no other address."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from feeds.feed import FeedSpec
from feeds.library import Press, catalogue
from feeds.render.opml import MEDIA_TYPE, opml_document
from feeds.render.page import Periodical, article_page, landing_page
from feeds.web.on_demand import conditional, in_coding

PAGE_HEADERS = {
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
_SHORTLY = {"cache-control": "public, max-age=60"}
_PAGE = {**PAGE_HEADERS, **_SHORTLY, "content-type": "text/html; charset=utf-8"}
_OUTLINE = {
    **_SHORTLY,
    "content-type": f"{MEDIA_TYPE}; charset=utf-8",
    "access-control-allow-origin": "*",
    "x-content-type-options": "nosniff",
}


@dataclass(frozen=True, slots=True)
class _Lists:
    """The list of feeds, in both forms, made from these feeds; `etag` is that of the outline."""

    feeds: tuple[FeedSpec, ...]
    landing: bytes
    outline: bytes
    etag: str


def page_routes(press: Press, periodicals: Sequence[Periodical] = ()) -> list[Route]:
    """Return the routes of `/`, which lists `periodicals` too, `/feeds.opml` and `/articles/ID`."""
    made: list[_Lists] = []

    async def lists() -> _Lists:
        feeds = await catalogue(press)
        if not made or made[0].feeds != feeds:
            made[:] = [_lists(press, feeds, periodicals)]
        return made[0]

    async def home(request: Request) -> Response:
        return await in_coding(request, (await lists()).landing, _PAGE)

    async def outline(request: Request) -> Response:
        found = await lists()
        return await conditional(request, found.outline, etag=found.etag, headers=_OUTLINE)

    async def article(request: Request) -> Response:
        found = await press.store.entries([str(request.path_params["id"])])
        if not found or found[0].arrival is None:
            return PlainTextResponse("There is no such article.\n", 404)
        [entry] = found
        if entry.withdrawn_at is not None:
            return PlainTextResponse("This article has been withdrawn.\n", 410)
        if entry.article.url:
            return RedirectResponse(entry.article.url, 302, PAGE_HEADERS)
        return await in_coding(request, article_page(entry, press.site), _PAGE)

    return [
        Route("/", home),
        Route("/feeds.opml", outline),
        Route("/articles/{id:uuid}", article),
    ]


def _lists(press: Press, feeds: Sequence[FeedSpec], periodicals: Sequence[Periodical]) -> _Lists:
    outline = opml_document(press.site, feeds)
    etag = hashlib.sha256(outline).hexdigest()[:32]
    landing = landing_page(press.site, feeds, periodicals)
    return _Lists(tuple(feeds), landing, outline, etag)
