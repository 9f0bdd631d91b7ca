"""Templates: Jinja2 in a sandbox, with an operator's folder in front of the shipped one.

The only importer of jinja2. What a template can do: read the values it was given and write text.
It cannot reach attributes that begin with `_`, import a Python module, change a value, leave its
folders, roll dice, build a range or a string of many millions, or go round in loops and macros for
ever. A value that does not exist is an error, never an empty string. Every failure is a
`TemplateProblem` with the template and the line.

Escaping goes by the template's name and nothing else: exactly what ends in `.html` is HTML.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from pathlib import Path

import jinja2

from feeds.kit.templates.opaque import Opaque
from feeds.kit.templates.problem import TemplateProblem, problem_of
from feeds.kit.templates.sandbox import metered, sandbox
from feeds.kit.templates.snapshot import Snapshot

__all__ = ["BUILTIN", "Filter", "Opaque", "TemplateProblem", "Templates"]

BUILTIN = "builtin"  # the prefix by which an operator's template reaches the shipped one

Filter = Callable[..., object]


class Templates:
    """The templates of `shipped`, each of which a file of the same name in `overrides` replaces.

    The shipped one stays within reach as `builtin/<name>`, so that a replacement can extend it
    and change one block. `overrides` need not exist; its files are read at once, so that what they
    become later changes nothing. To see a changed file, make another Templates.
    """

    def __init__(
        self,
        shipped: Path,
        overrides: Path | None = None,
        filters: Mapping[str, Filter] | None = None,
    ) -> None:
        self._shipped = shipped
        built_in = jinja2.FileSystemLoader(shipped)
        first = [Snapshot(overrides)] if overrides else []
        loader = jinja2.ChoiceLoader([*first, built_in, jinja2.PrefixLoader({BUILTIN: built_in})])
        self._environment = sandbox(loader, filters or {})
        self._compiled = lru_cache(maxsize=256)(self._compile)

    def names(self) -> tuple[str, ...]:
        """Return the names of all templates, those of `overrides` and those shipped, in order."""
        return tuple(self._environment.list_templates(filter_func=_is_template))

    def render(self, name: str, **values: object) -> str:
        """Return the template `name` filled with `values`; raises TemplateProblem."""
        try:
            with metered():
                return self._environment.get_template(name).render(values)
        except Exception as error:
            raise self._problem(error, name, values) from error

    def render_string(self, source: str, *, name: str, **values: object) -> str:
        """Return `source` filled with `values`; messages call it `name`; raises TemplateProblem.

        HTML, and so escaped, only if `name` ends in `.html`.
        """
        try:
            with metered():
                return self._compiled(source, name).render(values)
        except Exception as error:
            raise self._problem(error, name, values) from error

    def check(self) -> tuple[TemplateProblem, ...]:
        """Return what keeps any of the templates from being compiled, in order of their names."""
        problems = []
        for name in self.names():
            try:
                self._environment.get_template(name)
            except Exception as error:  # noqa: BLE001 - every failure becomes a value here
                problems.append(self._problem(error, name, ()))
        return tuple(problems)

    def _compile(self, source: str, name: str) -> jinja2.Template:
        code = self._environment.compile(source, name=name, filename=name)
        return jinja2.Template.from_code(
            self._environment, code, self._environment.make_globals(None)
        )

    def _problem(self, error: Exception, name: str, known: Iterable[str]) -> TemplateProblem:
        words = {"filter": self._environment.filters, "test": self._environment.tests}
        found = problem_of(error, name, known, words)
        if Path(found.template).is_relative_to(self._shipped):
            inside = Path(found.template).relative_to(self._shipped).as_posix()
            return TemplateProblem(f"{BUILTIN}/{inside}", found.line, found.reason)
        return found


def _is_template(name: str) -> bool:
    return name.endswith((".html", ".txt", ".css")) and not name.startswith(f"{BUILTIN}/")
