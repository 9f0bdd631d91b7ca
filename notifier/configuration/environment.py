"""Puts in what `${NAME}`, `${NAME:-default}` and `${file:secret.txt}` stand for.

Only inside of values, never in keys, and what was put in is not looked at again. `$${` is a
plain `${`. Refuses a variable that is not set and has no default. What was put in may be a
secret: it is never part of a message.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NoReturn

from feeds.kit.yaml import Path as KeyPath
from notifier.configuration.files import Item
from notifier.configuration.problems import Report

_SECRET_SIZE = 64 * 1024
_REFERENCE = re.compile(r"\$\$\{|\$\{(?P<inside>[^}]*)\}?")
_NAME = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>.*))?", re.DOTALL)
_SHOWN = re.compile(r"\$\{(?:file:[^}]*|\w+)")
_FORMS = "write ${NAME}, ${NAME:-default} or ${file:secret.txt}"


@dataclass(frozen=True, slots=True)
class Expanded:
    """A value with everything put in.

    `replaced` tells by path which texts are not as they were written; `failed` those that could
    not be put in: they are empty, and what else is wrong with them follows from that.
    """

    value: object
    replaced: Mapping[KeyPath, str] = field(default_factory=dict)
    failed: frozenset[KeyPath] = frozenset()


def expand(item: Item, environ: Mapping[str, str], report: Report) -> Expanded:
    """Return the value of `item` with everything put in."""
    if not item.file.has_references:
        return Expanded(item.value)
    expansion = _Expansion(item, environ, report)
    value = expansion.walk(item.value, ())
    return Expanded(value, expansion.replaced, frozenset(expansion.failed))


def references(text: str) -> str:
    """Return the references in `text`, as it was written, without their defaults."""
    return ", ".join(f"`{found}}}`" for found in _SHOWN.findall(text))


def names_in(value: object) -> Iterator[str]:
    """Yield what the texts in `value` refer to: names of variables, and `file:` with a path."""
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from names_in(inner)
    elif isinstance(value, str):
        for match in _REFERENCE.finditer(value):
            if match["inside"] is not None:
                yield match["inside"].partition(":-")[0]


class _Unset(Exception):
    """A reference that stands for nothing; the report knows."""


@dataclass(slots=True)
class _Expansion:
    item: Item
    environ: Mapping[str, str]
    report: Report
    replaced: dict[KeyPath, str] = field(default_factory=dict)
    failed: set[KeyPath] = field(default_factory=set)

    def walk(self, value: object, path: KeyPath) -> object:
        """Return `value` with its texts expanded; depth is bounded by the reader of YAML."""
        if isinstance(value, dict):
            return {key: self.walk(inner, (*path, key)) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.walk(inner, (*path, i)) for i, inner in enumerate(value)]
        if isinstance(value, str) and "${" in value:
            return self._text(value, path)
        return value

    def _text(self, text: str, path: KeyPath) -> str:
        self.replaced[path] = text
        try:
            return _REFERENCE.sub(lambda match: self._stands_for(match, path), text)
        except _Unset:
            self.failed.add(path)
            return ""

    def _stands_for(self, match: re.Match[str], path: KeyPath) -> str:
        if match["inside"] is None:
            return "${"
        name = _NAME.fullmatch(match["inside"])
        if not match[0].endswith("}"):
            self._fail(path, "`${` has no end", _FORMS)
        if match["inside"].startswith("file:"):
            return self._secret(match["inside"].removeprefix("file:").strip(), path)
        if name is None:
            self._fail(path, f"`{match[0][:60]}` cannot be read", _FORMS)
        default: str | None = name["default"]
        found = self.environ.get(name["name"], default)
        if found is None:
            example = f"${{{name['name']}:-…}}"
            hint = f"set it in the environment, or give a default: `{example}`"
            self._fail(path, f"the environment variable `{name['name']}` is not set", hint)
        return found

    def _secret(self, written: str, path: KeyPath) -> str:
        try:
            with self.item.file.relative(written).open("rb") as stream:
                raw = stream.read(_SECRET_SIZE + 1)
            if len(raw) > _SECRET_SIZE:
                self._fail(path, f"the file `{written}` is larger than {_SECRET_SIZE} bytes")
            return raw.decode("utf-8").rstrip("\r\n")
        except FileNotFoundError:
            where = self.item.file.path.parent / written
            hint = f"looked for: `{where}`, for paths are relative to the file they stand in"
            self._fail(path, f"the file `{written}` is not there", hint)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            self._fail(path, f"the file `{written}` cannot be read: {reason}")

    def _fail(self, path: KeyPath, message: str, hint: str = "") -> NoReturn:
        self.report.error(self.item.at(*path), message, hint)
        raise _Unset
