"""Writes plain values as YAML 1.2 that our reader reads the same; each may have a comment.

Pure. Refuses nothing: what cannot stand plainly is quoted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeGuard

from feeds.kit.yaml_scalars import plain

_PLAIN = re.compile(r"[^\W\d_](?:[\w ./@+~=()-]|:(?=[\w/]))*\Z")
_STEP = "  "
_SHORT = {"\n": "\\n", "\t": "\\t", "\r": "\\r", '"': '\\"', "\\": "\\\\"}


@dataclass(frozen=True, slots=True)
class Commented:
    """A value with what is said beside it; one that is `unset` is only spoken of."""

    value: object
    comment: str = ""
    unset: bool = False


def scalar(value: object) -> str:
    """Return `value`, which is no list or map, as it is written in one line."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str):
        return {"inf": ".inf", "-inf": "-.inf", "nan": ".nan"}.get(repr(value), repr(value))
    if _PLAIN.match(value) and value == value.strip() and value.isprintable() and _stays(value):
        return value
    return f'"{"".join(map(_escaped, value))}"'


def lines(value: object) -> Iterator[str]:
    """Yield the lines of `value`, made of maps, lists, scalars and Commented ones."""
    if isinstance(value, Mapping) and value:
        yield from _map(value)
    elif _is_list(value) and value:
        yield from _list(value)
    else:
        yield flat(value)


def _map(value: Mapping[str, object]) -> Iterator[str]:
    for key, inner in value.items():
        if isinstance(inner, Commented) and inner.unset:
            yield f"# {scalar(key)}:  {inner.comment}"
        elif _is_flat(inner):
            yield f"{scalar(key)}: {_beside(inner)}"
        else:
            yield f"{scalar(key)}:"
            yield from (f"{_STEP}{line}" for line in lines(inner))


def _list(value: Sequence[object]) -> Iterator[str]:
    for inner in value:
        if _is_flat(inner):
            yield f"- {_beside(inner)}"
            continue
        first, *others = lines(inner)
        while first.startswith("#") and others:  # a comment cannot begin an item
            yield first
            first, *others = others
        yield f"- {first}"
        yield from (f"{_STEP}{line}" for line in others)


def _beside(value: object) -> str:
    if isinstance(value, Commented):
        return f"{flat(value.value)}  # {value.comment}" if value.comment else flat(value.value)
    return flat(value)


def flat(value: object) -> str:
    """Return `value`, made of maps, lists and scalars, in one line."""
    if isinstance(value, Mapping):
        inside = (f"{scalar(key)}: {flat(inner)}" for key, inner in value.items())
        return f"{{{', '.join(inside)}}}"
    if _is_list(value):
        return f"[{', '.join(map(flat, value))}]"
    return scalar(value)


def _is_flat(value: object) -> bool:
    if isinstance(value, Commented):
        return True
    if isinstance(value, Mapping):
        return not value
    return not (_is_list(value) and value)


def _is_list(value: object) -> TypeGuard[Sequence[object]]:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _stays(text: str) -> bool:
    """Tell whether `text` without quotes is still text."""
    return isinstance(plain(text), str)


def _escaped(character: str) -> str:
    if character in _SHORT:
        return _SHORT[character]
    if character.isprintable():
        return character
    number = ord(character)
    return f"\\x{number:02x}" if number < 256 else f"\\U{number:08x}"
