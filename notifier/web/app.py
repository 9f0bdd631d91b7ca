"""One ASGI application: feeds by the shortest way, pages through a router."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from feeds.library import Press
from feeds.web import FeedServer, at_site, hub_routes, page_routes, prefix_of
from feeds.websub.hub import Hub
from notifier.archive import BackIssues, periodical_of
from notifier.digest.spec import DigestSpec
from notifier.tokens import SecretKey
from notifier.web.archive import archive_routes
from notifier.web.leaving import Register, leaving
from notifier.web.observing import Observed, observing_routes
from notifier.web.personal import personal_routes


def application(
    *,
    server: FeedServer,
    press: Press,
    back: BackIssues,
    register: Register,
    digests: Sequence[DigestSpec],
    keys: Sequence[SecretKey],
    hub: Hub | None = None,
    observed: Observed | None = None,
) -> ASGIApp:
    """Return the application."""
    site, roster = press.site, register.roster
    feeds_at = ("/feeds/", f"{prefix_of(site)}/feeds/")
    periodicals = [periodical_of(back, spec) for spec in digests if not spec.schedule.at_once]
    router = Starlette(
        routes=[
            *page_routes(press, periodicals),
            *(hub_routes(hub) if hub else ()),
            *archive_routes(back, digests, keys),
            *leaving(register),
            *(observing_routes(observed) if observed else ()),
            *personal_routes(press, roster, digests, keys),
        ]
    )
    router.router.redirect_slashes = False  # it would take the host from the request

    pages = at_site(router, site)

    async def application_(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(feeds_at):
            await server(scope, receive, send)
        else:
            await pages(scope, receive, send)

    return application_
