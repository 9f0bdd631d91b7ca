"""The doors of feeds and articles over HTTP."""

from feeds.web.feeds import FeedServer
from feeds.web.pages import page, page_routes
from feeds.web.paths import at_site

__all__ = ["FeedServer", "at_site", "page", "page_routes"]
