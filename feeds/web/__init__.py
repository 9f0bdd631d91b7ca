"""The doors of feeds and articles over HTTP."""

from feeds.web.answers import Answer
from feeds.web.feeds import FeedServer
from feeds.web.hub import hub_routes
from feeds.web.negotiation import VARY_WITHOUT_NEWS, Asked
from feeds.web.on_demand import conditional, in_coding
from feeds.web.pages import page_routes
from feeds.web.paths import at_site, prefix_of

__all__ = [
    "VARY_WITHOUT_NEWS",
    "Answer",
    "Asked",
    "FeedServer",
    "at_site",
    "conditional",
    "hub_routes",
    "in_coding",
    "page_routes",
    "prefix_of",
]
