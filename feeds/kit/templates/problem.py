"""What went wrong in a template: where, and in words for whoever wrote it.

Refuses to guess: a failure that it has no words for is told as the library tells it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from types import TracebackType

import jinja2
from jinja2.exceptions import SecurityError

from feeds.kit.templates.opaque import Opaque, Refusal, parts_of


class TemplateProblem(Exception):
    """A template that is not there, cannot be read or does not render.

    `template` is its name or file, `line` counts from 1 (None where it is not known), `reason`
    says what to change; as text it is `template:line: reason`.
    """

    def __init__(self, template: str, line: int | None, reason: str) -> None:
        where = f"{template}:{line}" if line else template
        super().__init__(f"{where}: {reason}")
        self.template = template
        self.line = line
        self.reason = reason


class Missing(jinja2.StrictUndefined):
    """A value that does not exist, in our own words."""

    @property
    def _undefined_message(self) -> str:
        if self._undefined_hint:
            return self._undefined_hint
        name: object = self._undefined_name  # an index is a number
        if isinstance(name, int):
            return f"there is no item number {name} in this list"
        owner = self._undefined_obj
        if type(owner).__module__ == "jinja2.utils":  # the marker for a name without an owner
            return f"{name!r} {_UNKNOWN}"
        return f"there is no {name!r} in this {_kind(owner)}{_meant(str(name), _names_in(owner))}"


_UNKNOWN = "is not a value that templates are given"
_UNKNOWN_NAME = re.compile(rf"'(\w+)' {_UNKNOWN}\Z")

# What the library says of a text that it cannot read, and what we say.
_SYNTAX = (
    (r"No (filter|test) named '(.+)'\.", r"there is no \1 `\2`"),
    (r"Encountered unknown tag '(.+?)'\..*innermost.*'(\w+)'.*", r"`\1` cannot stand in `\2`"),
    (r"Encountered unknown tag '(.+?)'\..*", r"there is no tag `{% \1 %}`"),
    (r"Unexpected end of template\..*innermost block.*'(\w+)'.*", r"`{% \1 %}` is never closed"),
    (r"Missing end of comment tag", r"`{#` is never closed"),
    (r"Missing end of (\w+) directive", r"`{% \1 %}` is never closed"),
    (r"expected token 'end of print statement', got '(.*)'", r"`}}` is expected before `\1`"),
    (r"expected token 'end of statement block', got '(.*)'", r"`%}` is expected before `\1`"),
    (r"expected token '(.*)', got '(.*)'", r"`\1` is expected before `\2`"),
    (r"unexpected char (.*) at \d+", r"\1 cannot stand here"),
    (r"unexpected '(.*)', expected '(.*)'", r"`\2` is expected, not `\1`"),
    (r"unexpected '(.*)'", r"`\1` cannot stand here"),
    (r"unexpected end of template", r"the template ends too early"),
    (r"Expected an expression, got 'end of (?:print statement|statement block)'", "it is empty"),
    (r"block '(.*)' defined twice", r"the block `\1` stands here twice"),
)

_OF_PYTHON: dict[type[Exception], str] = {
    RecursionError: "this calls itself, and so on without an end",
    UnicodeDecodeError: "this file is not UTF-8 text",
}


def problem_of(
    error: Exception, name: str, known: Iterable[str], words: Mapping[str, Iterable[str]]
) -> TemplateProblem:
    """Return `error`, which rendering or compiling the template `name` raised, as a problem.

    `known` are the values that the template was given, `words` the filters and tests there are.
    """
    file, line = _place(error, name)
    return TemplateProblem(file, line, _reason(error, tuple(known), words))


def _place(error: Exception, name: str) -> tuple[str, int | None]:
    """Return the file and line of the innermost template that `error` passed through."""
    if isinstance(error, jinja2.TemplateSyntaxError):
        return error.filename or error.name or name, error.lineno
    file, line = name, None
    step: TracebackType | None = error.__traceback__
    while step is not None:
        # Jinja2 puts its own frames into the traceback, one per template, and marks them so.
        if "__jinja_exception__" in step.tb_frame.f_globals:
            file, line = str(step.tb_frame.f_globals["__name__"]), step.tb_lineno
        step = step.tb_next
    return file, line


def _reason(error: Exception, known: tuple[str, ...], words: Mapping[str, Iterable[str]]) -> str:
    if isinstance(error, jinja2.TemplateNotFound):
        return f"there is no template {error.name!r}"
    if isinstance(error, jinja2.TemplateSyntaxError):
        return f"this cannot be read: {_in_our_words(error.message or '', words)}"
    if isinstance(error, SecurityError):
        return f"this is not allowed in a template: {error.message}"
    if isinstance(error, (jinja2.TemplateError, Refusal)):
        text = str(error)
        unknown = _UNKNOWN_NAME.match(text)
        return text + _meant(unknown[1], known) if unknown else text
    return _OF_PYTHON.get(type(error), f"this fails: {type(error).__name__}: {error}")


def _in_our_words(message: str, words: Mapping[str, Iterable[str]]) -> str:
    for pattern, ours in _SYNTAX:
        found = re.fullmatch(pattern, message, re.DOTALL)
        if found:
            kind = found[1] if found.re.groups else ""
            hint = _meant(found[2], words[kind]) if kind in words else ""
            return found.expand(ours) + hint
    return message


def _kind(owner: object) -> str:
    if isinstance(owner, Mapping):
        return "map"
    return "value" if isinstance(owner, Opaque) else type(owner).__name__.lstrip("_")


def _names_in(owner: object) -> tuple[str, ...]:
    if isinstance(owner, Opaque):
        return parts_of(owner)
    names = owner if isinstance(owner, Mapping) else dir(owner)
    return tuple(str(name) for name in names if not str(name).startswith("_"))


def _meant(word: str, known: Iterable[str]) -> str:
    close = get_close_matches(word[:80], list(known), n=1, cutoff=0.7)
    return f"; did you mean {close[0]!r}?" if close else ""
