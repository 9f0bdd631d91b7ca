"""Composes an issue: subject, HTML with its styles inlined, and text, all from templates.

The only importer of css_inline, which never loads anything from outside here. The HTML is never
larger than `HTML_LIMIT`: summaries get shorter, then articles fewer, and the issue says exactly
how many more there are. Refuses a template that fails and a subject that is not one line; both
are `TemplateError`, for the operator. Readers' values stay marks (`placeholder`) in all parts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import css_inline

from feeds import Entry, Site
from feeds.kit.language import direction
from feeds.kit.templates import Opaque, TemplateProblem, Templates
from feeds.kit.text import shorten
from notifier.digest import dates
from notifier.digest.columns import rule, wrap
from notifier.digest.placeholder import CLOSING, OPENING, SLOTS, TOKEN, slot_token
from notifier.digest.spec import DigestSpec
from notifier.digest.story import Limits, Story, heading_of, sections_of, story_of
from notifier.digest.words import counted, phrase, words
from notifier.errors import TemplateError

HTML_LIMIT = 95_000  # bytes; mail programs cut what is longer than some 100 kB
SLOT_ALLOWANCE = 400  # bytes that one filled-in value may take
SUBJECT_LIMIT = 200  # characters
LIMITS = (Limits(lead=1200, item=280), Limits(lead=600, item=200), Limits(lead=300, item=120))

BUILT_IN = Path(__file__).parent / "templates"

_PREHEADER = 150
_LINE_BREAK = re.compile("[\x00-\x1f\x7f\x85\u2028\u2029]")
_REFUSAL = (
    "what is in `reader` is filled in for each reader after the issue was made, so it can be"
    f" printed by itself ({', '.join(f'{{{{ reader.{name} }}}}' for name in SLOTS)})"
    " but not used in a condition, a comparison, a filter or joined with other text"
)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """The words of an issue; `shown` are article ids, `more` how many entries are not shown."""

    subject: str
    html: str
    text: str
    shown: tuple[str, ...]
    more: int


class Composer:
    """Composes issues of `site` with the built-in templates and those of `templates_folder`.

    The folder need not exist. Templates are read once; another Composer sees changed files.
    """

    def __init__(self, templates_folder: Path | None, site: Site) -> None:
        self._site = site
        self._templates = Templates(
            BUILT_IN, templates_folder, {"wrap": wrap, "rule": rule, "fill": phrase}
        )
        self._inliner = css_inline.CSSInliner(load_remote_stylesheets=False, keep_at_rules=True)
        slots = {name: Opaque(_REFUSAL, slot_token(name)) for name in SLOTS}
        self._reader = Opaque(_REFUSAL, parts=slots)

    def compose(self, request: Request) -> Composed:
        """Return the issue; raises TemplateError, and ValueError when there are no entries."""
        if not request.entries:
            raise ValueError("an issue needs at least one entry")
        count, values, html = self._fitting(request)
        return Composed(
            subject=self._subject(request.spec, values),
            html=html,
            text=_tidy(self._render(f"{request.spec.template}.txt", values)),
            shown=tuple(entry.article.id for entry in request.entries[:count]),
            more=len(request.entries) - count,
        )

    def problems(self) -> tuple[str, ...]:
        """Return what is wrong with the operator's templates as they stand, one line each."""
        return tuple(str(problem) for problem in self._templates.check())

    def _fitting(self, request: Request) -> tuple[int, dict[str, object], str]:
        """Try shorter texts, then fewer articles, until the HTML fits."""
        count = min(len(request.entries), max(request.spec.maximum, 1))
        for limits in LIMITS:
            values = self._values(request, count, limits)
            html = self._html(request.spec, values)
            if _size(html) <= HTML_LIMIT:
                return count, values, html
        while count > 1:
            count = max(1, min(count - 1, count * HTML_LIMIT // _size(html)))
            values = self._values(request, count, LIMITS[-1])
            html = self._html(request.spec, values)
            if _size(html) <= HTML_LIMIT:
                return count, values, html
        name = f"{request.spec.template}.html"
        raise TemplateError(f"{name}: with one article it makes more than {HTML_LIMIT:,} bytes")

    def _html(self, spec: DigestSpec, values: dict[str, object]) -> str:
        name = f"{spec.template}.html"
        try:
            return self._inliner.inline(self._render(name, values))
        except css_inline.InlineError as error:
            raise TemplateError(f"{name}: its styles cannot be inlined: {error}") from error

    def _subject(self, spec: DigestSpec, values: dict[str, object]) -> str:
        name = f"subject of digest {spec.name}"
        try:
            subject = self._templates.render_string(spec.subject, name=name, **values).strip()
        except TemplateProblem as problem:
            raise TemplateError(str(problem)) from problem
        if not subject:
            raise TemplateError(f"{name}: it is empty")
        if _LINE_BREAK.search(subject):
            raise TemplateError(f"{name}: it has a line break or a control character")
        subject = shorten(subject, SUBJECT_LIMIT)
        if subject.count(OPENING) > subject.count(CLOSING):
            subject = subject.rpartition(OPENING)[0].rstrip() + "…"
        return subject

    def _render(self, name: str, values: dict[str, object]) -> str:
        try:
            return self._templates.render(name, **values)
        except TemplateProblem as problem:
            raise TemplateError(str(problem)) from problem

    def _values(self, request: Request, count: int, limits: Limits) -> dict[str, object]:
        """Return everything that templates are given; the names are the operator's contract."""
        spec, language = request.spec, request.language
        today = dates.local_date(request.instant, request.zone)
        headed = [
            (heading_of(entry.article, spec.topics), self._story(request, entry, today, limits))
            for entry in request.entries[:count]
        ]
        stories = [story for _, story in headed]
        catalogue = words(language)
        more = len(request.entries) - count
        shown_as = dates.number(more, language)
        return {
            "site": self._site,
            "digest": spec,
            "reader": self._reader,
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
            "more_label": counted(catalogue, "more", dates.plural(more, language), shown_as),
            "page_url": request.page_url,
            "why": phrase(catalogue["why"], digest=spec.title, email=slot_token("email")),
        }

    def _story(self, request: Request, entry: Entry, today: date, limits: Limits) -> Story:
        published = entry.article.published
        label = published and dates.label(
            published.at,
            day_only=published.day_only,
            language=request.language,
            zone=request.zone,
            today=today,
        )
        return story_of(
            entry.article,
            site=self._site,
            language=request.language,
            date=label or "",
            limits=limits,
        )


def _span(request: Request) -> str:
    if request.span is None:
        return ""
    first, last = (dates.local_date(at, request.zone) for at in request.span)
    return dates.interval(first, last, request.language)


def _preheader(stories: Sequence[Story]) -> str:
    """What inboxes show after the subject: the next titles, for the first is in the subject."""
    following = " · ".join(story.title for story in stories[1:4])
    return shorten(following or stories[0].summary, _PREHEADER)


def _size(html: str) -> int:
    return len(html.encode()) + SLOT_ALLOWANCE * len(TOKEN.findall(html))


def _tidy(text: str) -> str:
    """Return text without spaces at line ends and with at most one empty line in a row."""
    lines = "\n".join(line.rstrip() for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", lines).strip("\n") + "\n"
