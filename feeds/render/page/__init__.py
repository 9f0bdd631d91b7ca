"""Pages for people: articles without an address of their own, feeds, issues, and lists of these.

HTML bytes, the same for the same input. No outside style or script, no form: a strict content
security policy in the page says so, with the hash of the one style sheet, and on the page of a feed
that of a script which only copies an address. Refuses nothing; the content of an article is trusted
to be sanitised already, all other text is escaped.
"""

from feeds.render.page.feeds import (
    LATEST,
    OPML_TYPE,
    archive_page,
    article_page,
    feed_page,
    landing_page,
)
from feeds.render.page.issues import (
    Issue,
    IssueList,
    Periodical,
    Phrases,
    Stories,
    issue_page,
    issues_page,
)
from feeds.render.page.shown import BRIEF

__all__ = [
    "BRIEF",
    "LATEST",
    "OPML_TYPE",
    "Issue",
    "IssueList",
    "Periodical",
    "Phrases",
    "Stories",
    "archive_page",
    "article_page",
    "feed_page",
    "issue_page",
    "issues_page",
    "landing_page",
]
