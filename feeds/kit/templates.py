"""Templates: Jinja2 in a sandbox, with an operator's folder in front of the shipped one.

The only importer of jinja2. What a template can do: read the values it was given and write text.
It cannot reach attributes that begin with `_`, import a Python module, change a value, leave its
folders, roll dice, or build a range or a string of many millions; what it loops over is not
metered beyond that, for it is the operator's own. A value that does not exist is an error, never
an empty string. Every failure is a `TemplateProblem` with the template and the line.

Escaping goes by the template's name and nothing else: exactly what ends in `.html` is HTML.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import NoReturn

import jinja2
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

BUILTIN = "builtin"  # the prefix by which an operator's template reaches the shipped one
LONGEST = 1_000_000  # items or characters that a multiplication in a template may make

Filter = Callable[..., object]


class TemplateProblem(Exception):
    """A template that is not there, cannot be read or does not render.

    `template` is its name or file, `line` counts from 1 (None where it is not known), `reason`
    says what to change.
    """

    def __init__(self, template: str, line: int | None, reason: str) -> None:
        where = f"{template}, line {line}" if line else template
        super().__init__(f"{where}: {reason}")
        self.template = template
        self.line = line
        self.reason = reason


class _Refusal(Exception):
    """What an opaque value answers to everything but being printed."""


class Opaque:
    """A value that a template may print by itself, `{{ value }}`, and do nothing else with.

    `parts` are what its attributes give; a value with parts and without `printed` is a mere
    namespace. Conditions, comparisons, filters and joining raise, with `refusal` as the reason.
    """

    def __init__(
        self, refusal: str, printed: str | None = None, parts: Mapping[str, Opaque] | None = None
    ) -> None:
        self._refusal = refusal
        self._printed = printed
        self._parts = parts

    def __getattr__(self, name: str) -> Opaque:
        if name.startswith("_"):
            raise AttributeError(name)
        if self._parts is None:
            raise _Refusal(self._refusal)
        if name not in self._parts:
            raise AttributeError(name)
        return self._parts[name]

    def _refuse(self, *_: object) -> NoReturn:
        raise _Refusal(self._refusal)

    __bool__ = __len__ = __iter__ = __contains__ = __getitem__ = __call__ = _refuse
    __lt__ = __le__ = __gt__ = __ge__ = __add__ = __radd__ = __mul__ = __mod__ = __rmod__ = _refuse
    __str__ = __repr__ = __format__ = __int__ = __float__ = __index__ = __hash__ = _refuse
    __eq__ = __ne__ = _refuse


class _Missing(jinja2.StrictUndefined):
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
            return f"{name!r} is not a value that templates are given"
        return f"there is no {name!r} in this {type(owner).__name__.lstrip('_')}"


class _Sandbox(ImmutableSandboxedEnvironment):
    """The sandbox, with multiplication bounded too."""

    intercepted_binops = frozenset({"*", "**"})

    def call_binop(
        self, context: jinja2.runtime.Context, operator: str, left: object, right: object
    ) -> object:
        """Refuse what would fill the memory; else multiply."""
        size = 1
        for factor in (left, right):
            if isinstance(factor, (int, float)):
                size *= int(min(abs(factor), LONGEST + 1)) or 1
            elif isinstance(factor, (str, list, tuple)):
                size *= max(len(factor), 1)
        if size > LONGEST and (operator == "**" or not _numbers(left, right)):
            raise SecurityError(f"{operator!r} makes more than {LONGEST:,} items or digits")
        result: object = super().call_binop(context, operator, left, right)
        return result


class Templates:
    """The templates of `shipped`, each of which a file of the same name in `overrides` replaces.

    The shipped one stays within reach as `builtin/<name>`, so that a replacement can extend it
    and change one block. `overrides` need not exist. Templates are compiled once and reused; to
    see a changed file, make another Templates.
    """

    def __init__(
        self,
        shipped: Path,
        overrides: Path | None = None,
        filters: Mapping[str, Filter] | None = None,
    ) -> None:
        self._shipped = shipped
        built_in = jinja2.FileSystemLoader(shipped)
        first = [jinja2.FileSystemLoader(overrides)] if overrides else []
        self._environment = _Sandbox(
            loader=jinja2.ChoiceLoader(
                [*first, built_in, jinja2.PrefixLoader({BUILTIN: built_in})]
            ),
            undefined=_Missing,
            autoescape=_is_html,
            finalize=_finalize,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        for name in ("lipsum", "cycler"):
            del self._environment.globals[name]
        del self._environment.filters["random"]
        self._environment.filters.update(filters or {})
        self._compiled = lru_cache(maxsize=256)(self._compile)

    def render(self, name: str, **values: object) -> str:
        """Return the template `name` filled with `values`; raises TemplateProblem."""
        try:
            return self._environment.get_template(name).render(values)
        except Exception as error:
            raise self._problem(error, name) from error

    def render_string(self, source: str, *, name: str, **values: object) -> str:
        """Return `source` filled with `values`; messages call it `name`; raises TemplateProblem.

        HTML, and so escaped, only if `name` ends in `.html`.
        """
        try:
            return self._compiled(source, name).render(values)
        except Exception as error:
            raise self._problem(error, name) from error

    def check(self) -> tuple[TemplateProblem, ...]:
        """Return what keeps any of the templates from being compiled, in order of their names."""
        problems = []
        for name in self._environment.list_templates(filter_func=_is_template):
            try:
                self._environment.get_template(name)
            except Exception as error:  # noqa: BLE001 - every failure becomes a value here
                problems.append(self._problem(error, name))
        return tuple(problems)

    def _compile(self, source: str, name: str) -> jinja2.Template:
        code = self._environment.compile(source, name=name, filename=name)
        return jinja2.Template.from_code(
            self._environment, code, self._environment.make_globals(None)
        )

    def _problem(self, error: Exception, name: str) -> TemplateProblem:
        file, line = _place(error, name)
        if Path(file).is_relative_to(self._shipped):
            file = f"{BUILTIN}/{Path(file).relative_to(self._shipped).as_posix()}"
        return TemplateProblem(file, line, _reason(error))


def _is_html(name: str | None) -> bool:
    return name is not None and name.endswith(".html")


def _is_template(name: str) -> bool:
    return name.endswith((".html", ".txt", ".css")) and not name.startswith(f"{BUILTIN}/")


def _finalize(value: object) -> object:
    if isinstance(value, Opaque):
        return value._printed if value._printed is not None else value._refuse()
    return "" if value is None else value


def _numbers(*values: object) -> bool:
    return all(isinstance(value, (int, float)) for value in values)


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


def _reason(error: Exception) -> str:
    if isinstance(error, jinja2.TemplateNotFound):
        return f"there is no template {error.name!r}"
    if isinstance(error, jinja2.TemplateSyntaxError):
        return f"this cannot be read: {error.message}"
    if isinstance(error, SecurityError):
        return f"this is not allowed in a template: {error.message}"
    if isinstance(error, (jinja2.TemplateError, _Refusal)):
        return str(error)
    if isinstance(error, UnicodeDecodeError):
        return "this file is not UTF-8 text"
    return f"this fails: {type(error).__name__}: {error}"
