"""Pages for people: the list of feeds, and an article that has no address of its own."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from feeds.feed import FeedSpec, Site
from feeds.render.page import article_page, landing_page
from feeds.store import ArticleStore

PAGE_HEADERS = {
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


def page_routes(store: ArticleStore, site: Site, feeds: Sequence[FeedSpec]) -> list[Route]:
    """Return the routes of `/` and `/articles/ID`."""
    landing = landing_page(site, feeds)

    async def home(_: Request) -> Response:
        return page(landing)

    async def article(request: Request) -> Response:
        found = await store.entries([request.path_params["id"]])
        if not found or found[0].arrival is None:
            return PlainTextResponse("There is no such article.\n", 404)
        [entry] = found
        if entry.withdrawn_at is not None:
            return PlainTextResponse("This article has been withdrawn.\n", 410)
        if entry.article.url:
            return RedirectResponse(entry.article.url, 302, PAGE_HEADERS)
        return page(article_page(entry, site))

    return [Route("/", home), Route("/articles/{id}", article)]


def page(body: bytes) -> Response:
    """Return a page that may be kept for a minute."""
    headers = {**PAGE_HEADERS, "cache-control": "public, max-age=60"}
    return Response(body, media_type="text/html", headers=headers)
