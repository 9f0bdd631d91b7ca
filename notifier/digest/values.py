"""What is composed, and all that templates are told of it. Pure but for Babel's dates.

The names in here are the operator's contract: templates of their own are written with them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from feeds import Entry, Site
from feeds.kit import dates
from feeds.kit.language import direction
from feeds.kit.text import shorten
from notifier.digest.catalogues import Catalogues
from notifier.digest.placeholder import slot_token
from notifier.digest.spec import DigestSpec
from notifier.digest.story import Limits, Story, heading_of, sections_of, story_of
from notifier.digest.words import MORE, counted, phrase, words

_PREHEADER = 150


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to compose: all entries of the window, ordered, for readers of one language and zone.

    `instant` is the issue's nominal one; `span` what it covers when it catches up over several
    periods; `page_url` the issue's own page, where all of it is.
    """

    spec: DigestSpec
    entries: Sequence[Entry]
    language: str
    zone: str
    instant: datetime
    span: tuple[datetime, datetime] | None = None
    page_url: str = ""


def values_of(
    request: Request, site: Site, own: Catalogues, *, count: int, limits: Limits
) -> dict[str, object]:
    """Return the values for the first `count` entries, told within `limits`, by their names.

    `own` are the operator's phrases. What belongs to a reader is not among them, but for the mark
    of the address in `why`.
    """
    spec, language = request.spec, request.language
    today = dates.local_date(request.instant, request.zone)
    headed = [
        (heading_of(entry.article, spec.topics), _story(request, site, entry, today, limits))
        for entry in request.entries[:count]
    ]
    stories = [story for _, story in headed]
    catalogue = words(language, own)
    more = len(request.entries) - count
    shown_as = dates.number(more, language)
    return {
        "site": site,
        "digest": spec,
        "words": catalogue,
        "lang": language,
        "dir": direction(language),
        "date": dates.long_day(today, language),
        "span": _span(request),
        "articles": tuple(stories),
        "lead": stories[0],
        "kicker": headed[0][0],
        "sections": sections_of(headed[1:]),
        "preheader": _preheader(stories),
        "more": more,
        "more_label": counted(catalogue, MORE, dates.plural(more, language), shown_as),
        "page_url": request.page_url,
        "why": phrase(catalogue["why"], digest=spec.title, email=slot_token("email")),
    }


def dated(request: Request) -> tuple[str, ...]:
    """Return every date that the words tell: all that a zone makes of them.

    Readers in different zones to whom these are the same get the same words.
    """
    today = dates.local_date(request.instant, request.zone)
    told = request.entries[: max(request.spec.maximum, 1)]
    labels = [_label(request, entry, today) for entry in told]
    return dates.long_day(today, request.language), _span(request), *labels


def _label(request: Request, entry: Entry, today: date) -> str:
    published = entry.article.published
    if published is None:
        return ""
    return dates.label(
        published.at,
        day_only=published.day_only,
        language=request.language,
        zone=request.zone,
        today=today,
    )


def _story(request: Request, site: Site, entry: Entry, today: date, limits: Limits) -> Story:
    label = _label(request, entry, today)
    return story_of(entry.article, site=site, language=request.language, date=label, limits=limits)


def _span(request: Request) -> str:
    if request.span is None:
        return ""
    first, last = (dates.local_date(at, request.zone) for at in request.span)
    return dates.interval(first, last, request.language)


def _preheader(stories: Sequence[Story]) -> str:
    """What inboxes show after the subject: the next titles, for the first is in the subject."""
    following = " · ".join(story.title for story in stories[1:4])
    return shorten(following or stories[0].summary, _PREHEADER)
