"""The pages of the archive: a list of issues, one issue, and an edition that only some may read.

Calls what reads and what renders in order. What is asked for and is not there is None.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from feeds import Entry
from feeds.kit.dates import long_day
from feeds.kit.instants import EPOCH
from feeds.render import page
from feeds.render.page import Issue, IssueList, Periodical, Phrases, Stories
from notifier.archive.feed import feed_of
from notifier.archive.phrases import articles_said, phrases_of
from notifier.archive.reading import (
    BackIssues,
    Told,
    Words,
    address_in,
    day_said,
    full_address_of,
    read_editions,
    read_issues,
)
from notifier.delivery.archive import PastIssue
from notifier.digest.address import day_of, time_of
from notifier.digest.spec import DigestSpec
from notifier.digest.story import heading_of

LISTED = 25  # issues on one page of the list
_PASSED = 20  # neighbours without articles that are passed over


@dataclass(frozen=True, slots=True)
class Document:
    """A page: UTF-8 HTML, its tag without quotes, and when what is on it last changed."""

    body: bytes
    etag: str
    modified: datetime


@dataclass(frozen=True, slots=True)
class Moved:
    """The page is at another address now."""

    url: str


@dataclass(frozen=True, slots=True)
class Gone:
    """There was a page, all of which has been withdrawn."""


async def issue_list(
    back: BackIssues, spec: DigestSpec, before: str = "", limit: int = LISTED
) -> Document | None:
    """Return the newest issues, or those before the one at an address, the newest first.

    At most `limit` of them; those of which nothing is left are passed over.
    """
    than = await _at(back, spec, before) if before else None
    if before and than is None:
        return None
    found = await back.archive.older(spec.name, limit + 1, than)
    told = await read_issues(back, spec, found[:limit])
    url, older = back.list_url(spec), ""
    if len(found) > limit:
        older = f"{url}?before={full_address_of(found[limit - 1])}"
    listing = IssueList(
        url=f"{url}?before={before}" if before else url,
        issues=tuple(_issue(back, spec, one) for one in told if one.words.entries),
        newest=url if before else "",
        older=older,
    )
    return await _list(back, spec, listing, told)


async def issue_page(
    back: BackIssues, spec: DigestSpec, address: str
) -> Document | Moved | Gone | None:
    """Return the page of the issue at an address.

    A date on which there are several is a list of them.
    """
    issue = await _at(back, spec, address)
    if issue is None:
        return await _day(back, spec, address)
    told, *_ = await read_issues(back, spec, [issue])
    if not told.words.entries:
        return Gone()
    seen = [told]
    earlier = await _beside(back, spec, issue, seen, is_later=False)
    later = await _beside(back, spec, issue, seen, is_later=True)
    body = await asyncio.to_thread(
        page.issue_page,
        periodical_of(back, spec),
        _issue(back, spec, told),
        _stories(back, spec, told.words),
        back.site,
        _phrases(back, spec, issue.edition.language),
        earlier=earlier,
        later=later,
    )
    return _document(body, [one.words for one in seen])


async def edition_page(back: BackIssues, spec: DigestSpec, edition: str) -> Document | Gone | None:
    """Return the page of an edition for those who have its address, with the day of its issue."""
    found = await back.archive.edition(edition)
    if found is None or found.digest != spec.name:
        return None
    read, *_ = await read_editions(back, [found])
    if not read.entries:
        return Gone()
    sent_in = await back.archive.issue_of(found)
    issue = Issue(
        day=day_said(spec, sent_in) if sent_in else "",
        headline=read.headline or spec.title,
        language=found.language,
        articles=_articles(back, read),
    )
    body = await asyncio.to_thread(
        page.issue_page,
        periodical_of(back, spec),
        issue,
        _stories(back, spec, read),
        back.site,
        _phrases(back, spec, found.language),
    )
    return _document(body, [read])


def periodical_of(back: BackIssues, spec: DigestSpec) -> Periodical:
    """Return what pages say of a digest; one `at once` has no issues that anybody may read."""
    collected = not spec.schedule.at_once
    return Periodical(
        title=spec.title,
        description=spec.description,
        language=spec.language or back.site.language,
        url=back.list_url(spec) if collected else "",
        feed=feed_of(spec) if collected else None,
    )


async def _at(back: BackIssues, spec: DigestSpec, address: str) -> PastIssue | None:
    """Return the issue whose address this is; the newest, should there be two."""
    day = day_of(address)
    near = await back.archive.near(spec.name, day) if day else []
    return next(
        (one for one in near if address in (address_in(spec, one), full_address_of(one))), None
    )


async def _day(back: BackIssues, spec: DigestSpec, address: str) -> Document | Moved | Gone | None:
    """Return the issues of a date that is the address of none of them."""
    day = day_of(address)
    if day is None or time_of(address):
        return None
    near = await back.archive.near(spec.name, day)
    found = [one for one in near if full_address_of(one).startswith(address)]
    if len(found) < 2:
        return Moved(back.issue_url(spec, found[0])) if found else None
    told = await read_issues(back, spec, found)
    left = tuple(_issue(back, spec, one) for one in told if one.words.entries)
    language = found[0].edition.language
    url = back.list_url(spec)
    listing = IssueList(
        url=f"{url}/{address}", issues=left, day=long_day(day, language), newest=url
    )
    return await _list(back, spec, listing, told) if left else Gone()


async def _beside(
    back: BackIssues, spec: DigestSpec, issue: PastIssue, seen: list[Told], *, is_later: bool
) -> Issue | None:
    """Return the next issue with articles on one side; `seen` gets all that were looked at."""
    step = back.archive.newer if is_later else back.archive.older
    for _ in range(_PASSED):
        found = await step(spec.name, 1, issue)
        told = await read_issues(back, spec, found)
        seen += told
        if not told:
            return None
        if told[0].words.entries:
            return _issue(back, spec, told[0])
        issue = found[0]
    return None


async def _list(
    back: BackIssues, spec: DigestSpec, listing: IssueList, told: Sequence[Told]
) -> Document:
    periodical = periodical_of(back, spec)
    phrases = _phrases(back, spec, periodical.language)
    body = await asyncio.to_thread(page.issues_page, periodical, listing, back.site, phrases)
    return _document(body, [one.words for one in told])


def _issue(back: BackIssues, spec: DigestSpec, told: Told) -> Issue:
    return Issue(
        headline=told.words.headline or spec.title,
        language=told.issue.edition.language,
        articles=_articles(back, told.words),
        day=told.day,
        span=told.span,
        url=back.issue_url(spec, told.issue),
    )


def _articles(back: BackIssues, read: Words) -> str:
    return articles_said(len(read.entries), read.edition.language, back.words)


def _phrases(back: BackIssues, spec: DigestSpec, language: str) -> Phrases:
    return phrases_of(language, back.words, back.site, spec.title)


def _stories(back: BackIssues, spec: DigestSpec, read: Words) -> Stories:
    """Part the articles as the message does: the first leads, the others stand by heading."""
    lead, *others = read.entries
    groups: dict[str, list[Entry]] = {}
    for entry in others:
        groups.setdefault(heading_of(entry.article, spec.topics), []).append(entry)
    unnamed = groups.pop("", [])
    sections = [(title, tuple(found)) for title, found in groups.items()]
    if unnamed:
        sections.append((back.other_news(read.edition.language), tuple(unnamed)))
    return Stories(lead, heading_of(lead.article, spec.topics), tuple(sections))


def _document(body: bytes, read: Sequence[Words]) -> Document:
    modified = max((one.changed_at for one in read), default=EPOCH)
    return Document(body, hashlib.sha256(body).hexdigest()[:32], modified)
