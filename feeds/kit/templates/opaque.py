"""Values that a template may print and do nothing else with. Pure; standard library only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, NoReturn


class Refusal(Exception):
    """What an opaque value answers to everything but being printed."""


class Opaque:
    """A value that a template may print by itself, `{{ value }}`, and do nothing else with.

    `parts` are what its attributes give; a value with parts and without `printed` is a mere
    namespace. Conditions, comparisons, filters, tests and joining raise, with `refusal` as the
    reason.
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
            raise Refusal(self._refusal)
        if name not in self._parts:
            raise AttributeError(name)
        return self._parts[name]

    def __getitem__(self, name: object) -> NoReturn:
        if self._parts is not None and isinstance(name, str):
            raise KeyError(name)  # an attribute that there is not
        raise Refusal(self._refusal)

    def _refuse(self, *_: object) -> NoReturn:
        raise Refusal(self._refusal)

    __bool__ = __len__ = __iter__ = __contains__ = __call__ = _refuse
    __lt__ = __le__ = __gt__ = __ge__ = __add__ = __radd__ = __mul__ = __mod__ = __rmod__ = _refuse
    __str__ = __repr__ = __format__ = __int__ = __float__ = __index__ = __hash__ = _refuse
    __eq__ = __ne__ = _refuse


def printed(value: Opaque) -> str:
    """Return what `value` is printed as; raises Refusal for a mere namespace."""
    return value._printed if value._printed is not None else value._refuse()


def parts_of(value: Opaque) -> tuple[str, ...]:
    """Return the names of the parts of `value`."""
    return tuple(value._parts or ())


def guarded(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return `function`, a filter or a test, so that it raises Refusal for an opaque argument.

    Most would by themselves; `default` and `is defined` never look at what they are given.
    """

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        for value in (*args, *kwargs.values()):
            if type(value) is Opaque:
                value._refuse()
        return function(*args, **kwargs)

    return call
