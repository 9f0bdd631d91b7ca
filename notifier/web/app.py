"""One ASGI application: feeds by the shortest way, pages through a router."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from feeds import FeedSpec, Site
from feeds.render.page import list_page
from feeds.store import ArticleStore
from feeds.web import FeedServer, page, page_routes
from notifier.delivery.outbox import Outbox
from notifier.roster import Roster
from notifier.tokens import SecretKey
from notifier.web.leaving import leaving


def application(
    *,
    server: FeedServer,
    store: ArticleStore,
    outbox: Outbox,
    roster: Roster,
    site: Site,
    feeds: Sequence[FeedSpec],
    titles: dict[str, str],
    keys: Sequence[SecretKey],
) -> ASGIApp:
    """Return the application; `titles` are those of the digests, by name."""

    async def issue(request: Request) -> Response:
        edition = await outbox.edition(request.path_params["edition"])
        if edition is None or edition.digest != request.path_params["digest"]:
            return PlainTextResponse("There is no such issue.\n", 404)
        entries = await store.entries(edition.articles)
        present = [entry for entry in entries if entry.withdrawn_at is None]
        return page(list_page(titles.get(edition.digest, edition.digest), present, site))

    router = Starlette(
        routes=[
            *page_routes(store, site, feeds),
            Route("/digests/{digest}/{edition}", issue),
            *leaving(roster, site, titles, keys),
        ]
    )

    async def application_(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith("/feeds/"):
            await server(scope, receive, send)
        else:
            await router(scope, receive, send)

    return application_
