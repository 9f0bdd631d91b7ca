"""The archive: past issues as pages and as a feed, from what the stores know of them today."""

from notifier.archive.feed import feed_of, issue_feed
from notifier.archive.pages import (
    Document,
    Gone,
    Moved,
    edition_page,
    issue_list,
    issue_page,
    periodical_of,
)
from notifier.archive.reading import BackIssues

__all__ = [
    "BackIssues",
    "Document",
    "Gone",
    "Moved",
    "edition_page",
    "feed_of",
    "issue_feed",
    "issue_list",
    "issue_page",
    "periodical_of",
]
