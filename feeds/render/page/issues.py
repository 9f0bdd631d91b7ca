"""What appears in issues: the page of one issue with all its articles, and lists of issues."""

from __future__ import annotations

from dataclasses import dataclass

from feeds.article import Entry
from feeds.feed import FeedSpec, Site
from feeds.kit.language import direction, direction_of
from feeds.render.page.layout import Link, links_of, written
from feeds.render.page.shown import shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Periodical:
    """What appears in issues. `url` is its list of issues, and `feed` the feed of them.

    Both are missing where issues are not collected.
    """

    title: str
    description: str
    language: str
    url: str = ""
    feed: FeedSpec | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrases:
    """What the pages of issues say of their own, in `language`; `about` stands above the list."""

    language: str
    issues: str
    all_issues: str
    earlier: str
    later: str
    older: str
    newest: str
    none: str
    about: str
    all_feeds: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """One issue: its headline, its day and the span it covers as they are written, its page.

    `day`, `span` and `url` are empty where they are not to be told; `articles` says how many there
    are.
    """

    headline: str
    language: str
    articles: str
    day: str = ""
    span: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Stories:
    """What is in an issue: the lead story, the heading it stands under, the others by heading."""

    lead: Entry
    kicker: str
    sections: tuple[tuple[str, tuple[Entry, ...]], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueList:
    """A list of issues in order: all of a `day`, or some of all, with where the others are."""

    url: str
    issues: tuple[Issue, ...]
    day: str = ""
    language: str = ""
    newest: str = ""
    older: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listed:
    title: str
    description: str
    lang: str
    dir: str
    url: str
    links: tuple[Link, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    issue: Issue
    lang: str
    dir: str


def issue_page(
    periodical: Periodical,
    issue: Issue,
    stories: Stories,
    site: Site,
    phrases: Phrases,
    *,
    earlier: Issue | None = None,
    later: Issue | None = None,
) -> bytes:
    """Return the page of an issue: UTF-8 HTML, `lang`, `dir` and all dates those of the issue."""
    language = issue.language
    return written(
        "issue.html",
        site,
        lang=language,
        chrome=phrases.language,
        phrases=phrases,
        periodical=listed_periodical(periodical, site),
        issue=issue,
        kicker=stories.kicker,
        lead=shown(stories.lead, site, language),
        sections=[
            (title, [shown(entry, site, language) for entry in entries])
            for title, entries in stories.sections
        ],
        earlier=earlier and _shown(earlier),
        later=later and _shown(later),
    )


def issues_page(periodical: Periodical, listing: IssueList, site: Site, phrases: Phrases) -> bytes:
    """Return a list of issues, with autodiscovery links to the feed of them."""
    return written(
        "issues.html",
        site,
        lang=periodical.language,
        chrome=phrases.language,
        phrases=phrases,
        periodical=listed_periodical(periodical, site),
        listing=listing,
        issues=[_shown(issue) for issue in listing.issues],
    )


def listed_periodical(periodical: Periodical, site: Site) -> _Listed:
    """Return what templates know of a periodical."""
    return _Listed(
        title=periodical.title,
        description=periodical.description,
        lang=periodical.language,
        dir=direction_of(periodical.title) or direction(periodical.language),
        url=periodical.url,
        links=links_of(periodical.feed, site) if periodical.feed else (),
    )


def _shown(issue: Issue) -> _Shown:
    return _Shown(issue=issue, lang=issue.language, dir=direction(issue.language))
