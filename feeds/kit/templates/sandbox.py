"""The environment that templates run in: what they can reach, and what they cannot fill."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from feeds.kit.templates.opaque import Opaque, guarded, printed
from feeds.kit.templates.problem import Missing

LONGEST = 1_000_000  # items or characters that a multiplication in a template may make

LONGEST_TEXT = 10_000_000  # characters that a template may write
LONGEST_RANGE = 1000  # numbers that it may count
MOST_TURNS = 1_000_000  # of loops, and calls of macros: loops in loops are to come to an end

_OF_MAPS = frozenset(dir(MappingProxyType))


_LEFT: ContextVar[list[int]] = ContextVar("turns that are left")  # of the rendering under way


class _Metered(CodeGenerator):
    """Compiles a template so that whatever it can do again is counted when it begins.

    That is the body of a loop, a macro, a block or a template that is included; and a branch, for
    which the library knows no other way in.
    """

    def blockvisit(self, nodes: Iterable[nodes.Node], frame: Frame) -> None:
        """Write the code of `nodes`, and before it that which counts."""
        body = list(nodes)
        self.writeline("environment.turn()", body[0] if body else None)
        super().blockvisit(body, frame)


@contextmanager
def metered() -> Iterator[None]:
    """Let what is rendered within have `MOST_TURNS`, all its templates together."""
    token = _LEFT.set([MOST_TURNS])
    try:
        yield
    finally:
        _LEFT.reset(token)


class Sandbox(ImmutableSandboxedEnvironment):
    """Jinja2's sandbox, with multiplication bounded too, what is written, and how often."""

    intercepted_binops = frozenset({"*", "**"})
    code_generator_class = _Metered

    def turn(self) -> None:
        """Count a turn; refuse one too many. What is compiled calls this, no template can."""
        left = _LEFT.get()
        left[0] -= 1
        if left[0] < 0:
            raise SecurityError(f"it goes on for more than {MOST_TURNS:,} turns")

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

    def concat(self, parts: Iterable[str]) -> str:
        """Return what a template wrote; refuse one that goes on and on."""
        written, length = [], 0
        for part in parts:
            length += len(part)
            if length > LONGEST_TEXT:
                raise SecurityError(f"it writes more than {LONGEST_TEXT:,} characters")
            written.append(part)
        return "".join(written)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Return what `obj.attribute` gives: at once for a field of a value or an item of a map.

        Everything else goes through all the questions of the sandbox, which take most of the time
        that a template takes.
        """
        kind = type(obj)
        if attribute[0] != "_":
            if attribute in getattr(kind, "__dataclass_fields__", ()):
                return getattr(obj, attribute)
            if kind is MappingProxyType and attribute in obj and attribute not in _OF_MAPS:
                return obj[attribute]
        return super().getattr(obj, attribute)

    def _generate(
        self,
        source: nodes.Template,
        name: str | None,
        filename: str | None,
        defer_init: bool = False,
    ) -> str:
        """Refuse unknown filters and tests at once: Jinja2 lets those in a branch wait for it."""
        for kind, type_, known in (
            ("filter", nodes.Filter, self.filters),
            ("test", nodes.Test, self.tests),
        ):
            for node in source.find_all(type_):
                if node.name not in known:
                    message = f"No {kind} named {node.name!r}."
                    raise jinja2.TemplateSyntaxError(message, node.lineno, name, filename)
        return super()._generate(source, name, filename, defer_init)


def sandbox(loader: jinja2.BaseLoader, filters: Mapping[str, Callable[..., object]]) -> Sandbox:
    """Return the environment that reads templates by `loader` and knows `filters` as well."""
    environment = Sandbox(
        loader=loader,
        undefined=Missing,
        autoescape=_is_html,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    for name in ("lipsum", "cycler"):
        del environment.globals[name]
    environment.globals["range"] = _range
    del environment.filters["random"]
    environment.filters.update(filters)
    _guard(environment.filters)
    _guard(environment.tests)
    return environment


def _range(*bounds: int) -> range:
    found = range(*bounds)
    if found[LONGEST_RANGE : LONGEST_RANGE + 1]:  # some are too long for `len`
        raise SecurityError(f"`range` makes more than {LONGEST_RANGE:,} numbers")
    return found


def _guard(functions: dict[str, Any]) -> None:
    functions.update({name: guarded(function) for name, function in functions.items()})


def _is_html(name: str | None) -> bool:
    return name is not None and name.endswith(".html")


def _finalize(value: object) -> object:
    if isinstance(value, Opaque):
        return printed(value)
    return "" if value is None else value


def _numbers(*values: object) -> bool:
    return all(isinstance(value, (int, float)) for value in values)
