"""Pages for people: the list of feeds, also as OPML, and an article that has no other address."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from feeds.feed import FeedSpec
from feeds.kit.http import ANY, tags_of
from feeds.library import Press, catalogue
from feeds.render.opml import MEDIA_TYPE, opml_document
from feeds.render.page import Periodical, article_page, landing_page

PAGE_HEADERS = {
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
_SHORTLY = {"cache-control": "public, max-age=60"}


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

    async def home(_: Request) -> Response:
        return page((await lists()).landing)

    async def outline(request: Request) -> Response:
        found = await lists()
        headers = {**_SHORTLY, "etag": f'"{found.etag}"', "access-control-allow-origin": "*"}
        known = request.headers.get("if-none-match", "")
        if known.strip() == ANY or found.etag in tags_of(known):
            return Response(status_code=304, headers=headers)
        return Response(found.outline, media_type=f"{MEDIA_TYPE}; charset=utf-8", headers=headers)

    async def article(request: Request) -> Response:
        found = await press.store.entries([str(request.path_params["id"])])
        if not found or found[0].arrival is None:
            return PlainTextResponse("There is no such article.\n", 404)
        [entry] = found
        if entry.withdrawn_at is not None:
            return PlainTextResponse("This article has been withdrawn.\n", 410)
        if entry.article.url:
            return RedirectResponse(entry.article.url, 302, PAGE_HEADERS)
        return page(article_page(entry, press.site))

    return [
        Route("/", home),
        Route("/feeds.opml", outline),
        Route("/articles/{id:uuid}", article),
    ]


def page(body: bytes) -> Response:
    """Return a page that may be kept for a minute."""
    return Response(body, media_type="text/html", headers={**PAGE_HEADERS, **_SHORTLY})


def _lists(press: Press, feeds: Sequence[FeedSpec], periodicals: Sequence[Periodical]) -> _Lists:
    outline = opml_document(press.site, feeds)
    etag = hashlib.sha256(outline).hexdigest()[:32]
    landing = landing_page(press.site, feeds, periodicals)
    return _Lists(tuple(feeds), landing, outline, etag)
