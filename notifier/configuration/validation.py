"""Checks one part of the configuration against its model, and tells every mistake in our words.

The mistakes of a part do not hide each other, and what is right in a wrong part is returned all
the same, so that other checks can look at it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from feeds.kit.yaml import Path as KeyPath
from notifier.configuration.environment import Expanded, expand, references
from notifier.configuration.files import Item
from notifier.configuration.models import Section
from notifier.configuration.problems import Report, Spot, closest, did_you_mean
from notifier.configuration.scalars import OURS

_S = TypeVar("_S", bound=Section)
_T = TypeVar("_T")

_SHAPES = {
    "model_type": "a map such as `{example}`",
    "model_attributes_type": "a map such as `{example}`",
    "dict_type": "a map such as `key: value`",
    "tuple_type": "a list, each after a `- `",
}


_SEVERAL = "several values are a list: `[a, b]`; text with a comma needs quotes"


@dataclass(frozen=True, slots=True)
class Part(Generic[_S]):
    """A checked part: its values, the place it came from, and the same with everything put in.

    Of one that is not `sound`, what was wrong has been left out of the values.
    """

    item: Item
    values: _S
    expanded: Expanded
    sound: bool

    def value(self, *path: str | int) -> object:
        """Return what is written at `path`, with everything put in; None if nothing is."""
        known = _known(self.expanded.value, path)
        return _value(self.expanded.value, known) if known == path else None

    def quoted(self, value: str, *path: str | int) -> str:
        """Return the text `value` at `path` for a message; the reference if it was put in.

        The path may go one step too far: a list of one may be written as a single text.
        """
        replaced = self.expanded.replaced
        written = replaced.get(path, replaced.get(path[:-1]))
        return f"`{value[:60]}`" if written is None else f"what {references(written)} stands for"


def check(
    kind: type[_S], item: Item, environ: Mapping[str, str], report: Report
) -> Part[_S] | None:
    """Return `item` as a `kind`; None if nothing of it can be used.

    Everything that is wrong with it is in `report`.
    """
    expanded = expand(item, environ, report)
    try:
        return Part(item, kind.model_validate(expanded.value), expanded, not expanded.failed)
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_input=False)
    misspelt = _misspelt(wrong, kind, expanded.value)
    for detail in wrong:
        if (detail["type"], detail["loc"]) not in misspelt:
            _tell(detail, kind, item, expanded, report)
    rest = _without(expanded.value, wrong)
    try:
        whole = kind.model_validate({**kind.stand_in, **rest})
    except ValidationError:
        return None
    return Part(item, whole, expanded, sound=False)


def check_value(
    kind: Callable[[object], _T], item: Item, environ: Mapping[str, str], report: Report
) -> _T | None:
    """Return the single value `item` as the check `kind` makes it; None if it is wrong."""
    expanded = expand(item, environ, report)
    try:
        return kind(expanded.value)
    except PydanticCustomError as error:
        if () not in expanded.failed:
            _tell_ours(error.context or {}, (), item, expanded, report)
        return None


def _misspelt(
    wrong: list[ErrorDetails], kind: object, value: object
) -> set[tuple[str, tuple[int | str, ...]]]:
    """Return the missing keys that are there under a name that comes close: said once is enough."""
    found = set()
    for detail in wrong:
        if detail["type"] == "extra_forbidden":
            path = _known(value, detail["loc"])
            meant = closest(str(path[-1]), _keys(kind, path[:-1]))
            found.add(("missing", (*detail["loc"][:-1], meant)))
    return found


def _tell(
    detail: ErrorDetails, kind: object, item: Item, expanded: Expanded, report: Report
) -> None:
    path = _known(expanded.value, detail["loc"])
    at_key = detail["loc"][-1:] == ("[key]",)
    if path in expanded.failed:
        return
    if detail["type"] == "extra_forbidden":
        spot, key = item.key(*path), str(path[-1])
        section = _section(kind, path[:-1]) or Section
        hint = section.elsewhere.get(key) or did_you_mean(key, tuple(_fields(section)))
        report.error(spot, f"unknown key `{key}`", _SEVERAL if _stands_alone(key, spot) else hint)
    elif detail["type"] == "missing":
        report.error(item.key(*path), f"`{detail['loc'][-1]}` is missing")
    elif detail["type"] == OURS:
        _tell_ours(detail["ctx"], path, item, expanded, report, at_key=at_key)
    else:
        example = (_section(kind, path) or Section).example
        shape = _SHAPES.get(detail["type"], "").format(example=example)
        report.error(item.at(*path), f"expected {shape}" if shape else "this is not valid here")


def _stands_alone(key: str, spot: Spot) -> bool:
    """Tell whether `key` at `spot` has no colon, in braces: most likely, a value had a comma."""
    after = spot.source[spot.column - 1 :].removeprefix(key).lstrip()
    return after.startswith((",", "}"))


def _tell_ours(
    said: Mapping[str, Any],
    path: KeyPath,
    item: Item,
    expanded: Expanded,
    report: Report,
    *,
    at_key: bool = False,
) -> None:
    """Tell what one of our own checks said; nothing of it where a secret may have been put in."""
    spot = item.key(*path) if at_key else item.at(*path)
    if path in expanded.replaced:
        what = references(expanded.replaced[path])
        report.error(spot, f"what {what} stands for is not {said['kind']}")
        return
    value = _value(expanded.value, path)
    report.error(_shifted(spot, str(value), said["offset"]), said["message"], said["hint"])


def _shifted(spot: Spot, value: str, offset: int) -> Spot:
    """Return the place of the character at `offset` of `value`, if it stands there as it is."""
    start = spot.column - 1
    for begin in (start, start + 1):  # a quote may stand before it
        if offset and spot.source[begin : begin + len(value)] == value:
            return replace(spot, column=begin + offset + 1)
    return spot


def _known(value: object, location: tuple[str | int, ...]) -> KeyPath:
    """Return the part of `location` that is in `value`: the library adds steps of its own."""
    path: list[str | int] = []
    for step in location:
        steps: object = range(len(value)) if isinstance(value, list) else value
        if not (isinstance(steps, dict | range) and step in steps):
            break
        value = _value(value, (step,))
        path.append(step)
    return tuple(path)


def _value(value: Any, path: KeyPath) -> object:
    for step in path:
        value = value[step]
    return value


def _keys(kind: object, path: KeyPath) -> tuple[str, ...]:
    """Return the keys that the section at `path` below `kind` may have."""
    return tuple(_fields(_section(kind, path)))


def _section(kind: object, path: KeyPath) -> type[Section] | None:
    """Return the section at `path` below `kind`."""
    for step in path:
        fields = _fields(kind)
        if step in fields:
            kind = fields[str(step)]
    return _first(kind)


def _first(kind: object) -> type[Section] | None:
    """Return the first section in `kind` that has keys."""
    if isinstance(kind, type) and issubclass(kind, Section):
        return kind
    return next((found for inner in get_args(kind) if (found := _first(inner))), None)


def _fields(kind: object) -> dict[str, object]:
    """Return the keys of the first section in `kind`, with what each takes."""
    section = _first(kind)
    fields = section.model_fields.items() if section else ()
    return {field.alias or name: field.annotation for name, field in fields}


def _without(value: object, wrong: list[ErrorDetails]) -> dict[str, object]:
    """Return what is left of `value` without what is wrong with it."""
    rest = deepcopy(value)
    paths = {_known(value, detail["loc"]) for detail in wrong}
    for path in sorted(
        paths, key=_order, reverse=True
    ):  # what is deeper, or later in a list, first
        if path:
            holder: Any = _value(rest, path[:-1])
            del holder[path[-1]]
    return rest if isinstance(rest, dict) else {}


def _order(path: KeyPath) -> list[tuple[int, str]]:
    return [(step, "") if isinstance(step, int) else (-1, step) for step in path]
