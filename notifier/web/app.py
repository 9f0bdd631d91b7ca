"""One ASGI application: feeds by the shortest way, pages through a router."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from feeds.library import Press
from feeds.render.page import list_page
from feeds.web import FeedServer, at_site, hub_routes, page, page_routes, prefix_of
from feeds.websub.hub import Hub
from notifier.delivery.outbox import Outbox
from notifier.digest.spec import DigestSpec
from notifier.roster import Roster
from notifier.tokens import SecretKey
from notifier.web.leaving import leaving
from notifier.web.personal import personal_routes


def application(
    *,
    server: FeedServer,
    press: Press,
    outbox: Outbox,
    roster: Roster,
    digests: Sequence[DigestSpec],
    keys: Sequence[SecretKey],
    hub: Hub | None = None,
) -> ASGIApp:
    """Return the application."""
    site = press.site
    feeds_at = ("/feeds/", f"{prefix_of(site)}/feeds/")
    titles = {spec.name: spec.title for spec in digests}

    async def issue(request: Request) -> Response:
        name = request.path_params["edition"]
        edition = await outbox.edition(name) if name.isalnum() else None
        if edition is None or edition.digest != request.path_params["digest"]:
            return PlainTextResponse("There is no such issue.\n", 404)
        entries = await press.store.entries(edition.articles)
        present = [entry for entry in entries if entry.withdrawn_at is None]
        return page(list_page(titles.get(edition.digest, edition.digest), present, site))

    router = Starlette(
        routes=[
            *page_routes(press),
            *(hub_routes(hub) if hub else ()),
            Route("/digests/{digest}/{edition}", issue),
            *leaving(roster, site, titles, keys),
            *personal_routes(press, roster, digests, keys),
        ]
    )

    pages = at_site(router, site)

    async def application_(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(feeds_at):
            await server(scope, receive, send)
        else:
            await pages(scope, receive, send)

    return application_
