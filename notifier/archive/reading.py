"""Past issues as they can be read today: with the words that their articles have now.

Calls the archive and the store of articles in order. An article that was withdrawn is nowhere to be
seen, neither in an issue nor in its headline.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from feeds import Entry, Site
from feeds.kit.dates import interval, local_date, long_day
from feeds.store import ArticleStore
from notifier.delivery.archive import Archive, PastEdition, PastIssue
from notifier.digest.address import address_of, full_address, time_of
from notifier.digest.catalogues import Catalogues
from notifier.digest.placeholder import OPENING
from notifier.digest.spec import DigestSpec
from notifier.digest.words import phrase, words


@dataclass(frozen=True, slots=True)
class BackIssues:
    """Everything that reading past issues needs; `words` are the operator's own phrases."""

    archive: Archive
    store: ArticleStore
    site: Site
    words: Catalogues

    def list_url(self, spec: DigestSpec) -> str:
        """Return the address of the list of issues."""
        return f"{self.site.url}/digests/{spec.name}"

    def issue_url(self, spec: DigestSpec, issue: PastIssue) -> str:
        """Return the address of an issue's page."""
        return f"{self.list_url(spec)}/{address_in(spec, issue)}"

    def other_news(self, language: str) -> str:
        """Return the heading of articles that have none."""
        return words(language, self.words)["other_news"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """An edition as it can be read now: the `entries` that are there, in order.

    `headline` is empty where the subject cannot be shown: it would name an article that is gone,
    or a reader. `changed_at` is when any of it last changed, `revised_at` when it did notably.
    """

    edition: PastEdition
    headline: str
    entries: tuple[Entry, ...]
    changed_at: datetime
    revised_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An issue as it can be read now; `day` and `span` as they are written in its language."""

    issue: PastIssue
    words: Words
    day: str
    span: str


async def read_editions(back: BackIssues, editions: Sequence[PastEdition]) -> list[Words]:
    """Return the words of `editions` as they are now."""
    ids = dict.fromkeys(id_ for edition in editions for id_ in edition.articles)
    known = {entry.article.id: entry for entry in await back.store.entries(list(ids))}
    return [_words(edition, known) for edition in editions]


async def read_issues(
    back: BackIssues, spec: DigestSpec, issues: Sequence[PastIssue]
) -> list[Told]:
    """Return `issues` as they are now, those too of which nothing is left."""
    read = await read_editions(back, [issue.edition for issue in issues])
    return [_told(back, spec, issue, now) for issue, now in zip(issues, read, strict=True)]


def address_in(spec: DigestSpec, issue: PastIssue) -> str:
    """Return the address of an issue within its digest."""
    return address_of(issue.slot, issue.timezone, spec.schedule)


def full_address_of(issue: PastIssue) -> str:
    """Return the address with the time of day, which always leads to the issue."""
    return full_address(issue.slot, issue.timezone)


def day_said(spec: DigestSpec, issue: PastIssue) -> str:
    """Return the day of an issue in its language, with the time where there are several a day."""
    nominal = issue.slot.local_date or local_date(issue.slot.instant, issue.timezone)
    time = time_of(address_in(spec, issue))
    day = long_day(nominal, issue.edition.language)
    return f"{day}, {time}" if time else day


def _words(edition: PastEdition, known: dict[str, Entry]) -> Words:
    found = [known[id_] for id_ in edition.articles if id_ in known]
    present = tuple(e for e in found if e.withdrawn_at is None and e.arrival is not None)
    whole = len(present) == len(edition.articles) and OPENING not in edition.subject
    return Words(
        edition=edition,
        headline=edition.subject if whole else "",
        entries=present,
        changed_at=max([edition.created_at, *(entry.changed_at for entry in found)]),
        revised_at=max([edition.created_at, *(entry.revised_at for entry in found)]),
    )


def _told(back: BackIssues, spec: DigestSpec, issue: PastIssue, now: Words) -> Told:
    return Told(
        issue=issue,
        words=replace(now, changed_at=max(now.changed_at, issue.opened_at)),
        day=day_said(spec, issue),
        span=_span(back, issue),
    )


def _span(back: BackIssues, issue: PastIssue) -> str:
    if issue.spans_from is None:
        return ""
    language, zone = issue.edition.language, issue.timezone
    first, last = (local_date(at, zone) for at in (issue.spans_from, issue.slot.instant))
    return phrase(words(language, back.words)["span"], span=interval(first, last, language))
