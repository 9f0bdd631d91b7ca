"""The doors of feeds and articles over HTTP."""

from feeds.web.answers import Answer
from feeds.web.feeds import FeedServer
from feeds.web.hub import hub_routes
from feeds.web.negotiation import Asked
from feeds.web.pages import page, page_routes
from feeds.web.paths import at_site, prefix_of

__all__ = [
    "Answer",
    "Asked",
    "FeedServer",
    "at_site",
    "hub_routes",
    "page",
    "page_routes",
    "prefix_of",
]
