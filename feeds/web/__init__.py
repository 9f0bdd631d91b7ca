"""The doors of feeds and articles over HTTP."""

from feeds.web.feeds import FeedServer
from feeds.web.pages import page, page_routes

__all__ = ["FeedServer", "page", "page_routes"]
