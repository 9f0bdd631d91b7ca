"""Composes an issue: subject, HTML with its styles inlined, and text, all from templates.

The only importer of css_inline, which never loads anything from outside here. The HTML is never
larger than `HTML_LIMIT`: summaries get shorter, then articles fewer, and the issue says exactly
how many more there are. Refuses a template that fails and a subject that is not one line; both
are `TemplateError`, for the operator. Readers' values stay marks (`placeholder`) in all parts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import css_inline

from feeds import Site
from feeds.kit.templates import Opaque, TemplateProblem, Templates
from feeds.kit.text import shorten
from notifier.digest.catalogues import Catalogues
from notifier.digest.columns import rule, wrap
from notifier.digest.placeholder import CLOSING, OPENING, SLOTS, TOKEN, slot_token
from notifier.digest.spec import DigestSpec
from notifier.digest.story import Limits
from notifier.digest.values import Request, values_of
from notifier.digest.words import phrase
from notifier.errors import TemplateError

__all__ = ["HTML_LIMIT", "PARTS", "Composed", "Composer", "Request", "subject_of"]

HTML_LIMIT = 95_000  # bytes; mail programs cut what is longer than some 100 kB
SLOT_ALLOWANCE = 400  # bytes that one filled-in value may take
DATE_ALLOWANCE = 200  # bytes that dates of an article, and its part of the issue's, may differ
SUBJECT_LIMIT = 200  # characters
PARTS = ("subject", "html", "txt")  # those that have a file are named by its ending
LIMITS = (Limits(lead=1200, item=280), Limits(lead=600, item=200), Limits(lead=300, item=120))

BUILT_IN = Path(__file__).parent / "templates"

_LINE_BREAK = re.compile("[\x00-\x1f\x7f\x85\u2028\u2029]")
_DATED = re.compile(r"\b(date|span|page_url|published|updated)\b")  # what zones make different
_REFUSAL = (
    "what is in `reader` is filled in for each reader after the issue was made, so it can be"
    f" printed by itself ({', '.join(f'{{{{ reader.{name} }}}}' for name in SLOTS)})"
    " but not used in a condition, a comparison, a filter or joined with other text"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """The words of an issue; `shown` are article ids, `more` how many entries are not shown.

    It `is_roomy` when all fit that may be shown, and would with dates that are longer.
    """

    subject: str
    html: str
    text: str
    shown: tuple[str, ...]
    more: int
    is_roomy: bool = False


class Composer:
    """Composes issues of `site` with the built-in templates and those of `templates_folder`.

    The folder need not exist. Templates are read once; another Composer sees changed files. `own`
    are phrases by language that go before the built-in ones.
    """

    def __init__(
        self, templates_folder: Path | None, site: Site, own: Catalogues = MappingProxyType({})
    ) -> None:
        self._site = site
        self._own = own
        self._is_overridden = templates_folder is not None and templates_folder.is_dir()
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
            is_roomy=count == _most(request) and _size(html) <= HTML_LIMIT - count * DATE_ALLOWANCE,
        )

    def minds_dates(self, spec: DigestSpec) -> bool:
        """Tell whether a date may change more of an issue than the dates in it."""
        return self._is_overridden or bool(_DATED.search(spec.subject))

    def trial(self, request: Request, parts: Sequence[str] = PARTS) -> tuple[TemplateError, ...]:
        """Try each of `parts` by itself, and return what keeps it from being composed."""
        count = _most(request)
        values = self._values(request, count, LIMITS[0])
        tried: dict[str, Callable[[], object]] = {
            "subject": lambda: self._subject(request.spec, values),
            "html": lambda: self._fitting(request),
            "txt": lambda: self._render(f"{request.spec.template}.txt", values),
        }
        errors = []
        for part in parts:
            try:
                tried[part]()
            except TemplateError as error:
                errors.append(error)
        return tuple(errors)

    def names(self) -> tuple[str, ...]:
        """Return the names of all templates that there are, the built-in ones too."""
        return self._templates.names()

    def problems(self) -> tuple[TemplateError, ...]:
        """Return what keeps any template from being compiled."""
        return tuple(map(_error, self._templates.check()))

    def _fitting(self, request: Request) -> tuple[int, dict[str, object], str]:
        """Try shorter texts, then fewer articles, until the HTML fits."""
        count = _most(request)
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
        reason = f"with one article it makes more than {HTML_LIMIT:,} bytes"
        raise TemplateError(reason, template=name)

    def _html(self, spec: DigestSpec, values: dict[str, object]) -> str:
        name = f"{spec.template}.html"
        try:
            return self._inliner.inline(self._render(name, values))
        except css_inline.InlineError as error:
            reason = f"its styles cannot be inlined: {error}"
            raise TemplateError(reason, template=name) from error

    def _subject(self, spec: DigestSpec, values: dict[str, object]) -> str:
        name = subject_of(spec)
        try:
            subject = self._templates.render_string(spec.subject, name=name, **values).strip()
        except TemplateProblem as problem:
            line = None if problem.template == name else problem.line  # it is one line
            place = problem.template
            raise TemplateError(problem.reason, template=place, line=line) from problem
        if not subject:
            raise TemplateError("it is empty", template=name)
        if _LINE_BREAK.search(subject):
            raise TemplateError("it has a line break or a control character", template=name)
        subject = shorten(_whole(subject, name), SUBJECT_LIMIT)
        if subject.count(OPENING) > subject.count(CLOSING):
            subject = subject.rpartition(OPENING)[0].rstrip() + "…"
        return subject

    def _render(self, name: str, values: dict[str, object]) -> str:
        try:
            return _whole(self._templates.render(name, **values), name)
        except TemplateProblem as problem:
            raise _error(problem) from problem

    def _values(self, request: Request, count: int, limits: Limits) -> dict[str, object]:
        given = values_of(request, self._site, self._own, count=count, limits=limits)
        return {**given, "reader": self._reader}


def _most(request: Request) -> int:
    """Return how many entries may be shown."""
    return min(len(request.entries), max(request.spec.maximum, 1))


def subject_of(spec: DigestSpec) -> str:
    """Return what messages call the subject of a digest, as they call a template by its name."""
    return f"subject of digest {spec.name}"


def _error(problem: TemplateProblem) -> TemplateError:
    return TemplateError(problem.reason, template=problem.template, line=problem.line)


def _whole(rendered: str, name: str) -> str:
    """Return what was rendered, unless a template has changed the mark of a reader's value."""
    rest = TOKEN.sub(_unless_known, rendered)
    if OPENING in rest or CLOSING in rest:
        raise TemplateError(_REFUSAL, template=name)
    return rendered


def _unless_known(token: re.Match[str]) -> str:
    return "" if token[1] in SLOTS else token[0]


def _size(html: str) -> int:
    return len(html.encode()) + SLOT_ALLOWANCE * len(TOKEN.findall(html))


def _tidy(text: str) -> str:
    """Return text without spaces at line ends and with at most one empty line in a row."""
    lines = "\n".join(line.rstrip() for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", lines).strip("\n") + "\n"
