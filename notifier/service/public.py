"""What the service shows the world: feeds, pages and the hub, built on a house.

Apart from the house, for no command needs what web servers are made of.
"""

from __future__ import annotations

from collections.abc import Callable

from feeds.web import FeedServer
from notifier.archive import BackIssues
from notifier.delivery.archive import Archive
from notifier.service.house import House
from notifier.service.pushing import Pusher
from notifier.web import ASGIApp, Observed, Register, application


def pusher_of(house: House, wake: Callable[[], None]) -> Pusher:
    """Return what pushes feeds to subscribers; `wake` is called when it has work."""
    settings = house.settings
    return Pusher(house.database, house.press.shelf, settings.site, settings.websub, wake)


def web_of(
    house: House, pusher: Pusher | None = None, observed: Observed | None = None
) -> tuple[FeedServer, ASGIApp]:
    """Return the server of feeds and the whole web application around it."""
    settings, press = house.settings, house.press
    server = FeedServer(press.shelf, settings.site, press, hubs=press.hubs, gone=settings.gone)
    app = application(
        server=server,
        press=press,
        back=BackIssues(Archive(house.database), house.store, settings.site, settings.words),
        register=Register(settings, house.roster, house.places, house.store, house.keys),
        digests=settings.digests,
        keys=house.keys,
        hub=pusher.hub if pusher else None,
        observed=observed,
    )
    return server, app
