"""The configuration as it takes effect: every setting with its value, and where that comes from.

Secrets are blotted out always: values of keys that are secret, passwords in addresses, whatever
came from a file, and variables whose names say so. Looks at a configuration that is in order.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import UnionType
from typing import Annotated, Union, get_args, get_origin

from pydantic import PlainValidator
from pydantic.fields import FieldInfo

from feeds.kit.yaml import Path as KeyPath
from notifier.configuration import scalars
from notifier.configuration.environment import expand, names_in
from notifier.configuration.files import Item
from notifier.configuration.models.section import (
    Section,
    default_of,
    inherits_of,
    is_secret,
    name_of,
    said_of,
)
from notifier.configuration.models.whole import Configuration
from notifier.configuration.problems import Report, Spot
from notifier.configuration.sections import LISTS, MAPS, Sections
from notifier.configuration.version import VERSION

BLOTTED = "***"

_PASSWORD = re.compile(r"(://[^/\s:@]*:)\S+(?=@)|([?&]\w*pass\w*=)[^&\s]+", re.IGNORECASE)
_SECRET_NAME = re.compile(r"pass|pwd|psw|secret|token|credential|key", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a value comes from: `default`, `file` or `environment`.

    `spot` is where it is written; `names` are variables and files that were put in; `said` are the
    words for a default that is no value, or the setting that it is taken from.
    """

    kind: str
    spot: Spot | None = None
    names: tuple[str, ...] = ()
    said: str = ""

    def __str__(self) -> str:
        """Return it for people: `default`, or `file:line` and what was put in."""
        if self.spot is None:
            return f"default: {self.said}" if self.said else "default"
        place = f"{self.spot.path}:{self.spot.line}"
        return ", ".join([place, *(f"${{{name}}}" for name in self.names)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting: keys and numbers from the top, its value, or None where it is not `set`."""

    path: KeyPath
    value: object
    origin: Origin
    is_set: bool = True


@dataclass(frozen=True, slots=True)
class _Place:
    """What is looked at: its path, where it is written if it is, and the key it belongs to."""

    path: KeyPath
    item: Item | None
    field: FieldInfo

    def below(self, name: str, field: FieldInfo, item: Item | None) -> _Place:
        return _Place((*self.path, name), item, field)


@dataclass(slots=True)
class Effective:
    """The settings of `sections`, in which `environ` is put in."""

    sections: Sections
    environ: Mapping[str, str]
    _report: Report = field(default_factory=Report)

    def settings(self, *, subscribers: bool = True) -> Iterator[Setting]:
        """Yield every setting in the order of the reference, `subscribers` only where asked for.

        What is neither set nor worth a word is left out.
        """
        for name, kind in Configuration.model_fields.items():
            if name != "subscribers" or subscribers:
                found = self._section(name, kind)
                yield from (one for one in found if one.is_set or one.origin.said)

    def _section(self, name: str, kind: FieldInfo) -> Iterator[Setting]:
        if name == "version":
            yield Setting(path=(name,), value=VERSION, origin=self._version())
        elif name in MAPS:
            yield from self._merged(name, kind, self.sections.maps[name])
        elif name in LISTS:
            items = dict(enumerate(self.sections.lists[name]))
            yield from self._merged(name, kind, items)
        else:
            yield from self._walk(_Place((name,), self.sections.single.get(name), kind))

    def _version(self) -> Origin:
        files = self.sections.files
        said = next(file for file in files if file.document and ("version",) in file.document.marks)
        return Origin(kind="file", spot=Item(said, ("version",), None).at())

    def _merged(
        self, name: str, kind: FieldInfo, items: Mapping[str, Item] | Mapping[int, Item]
    ) -> Iterator[Setting]:
        if not items:
            yield self._unset(_Place((name,), None, kind))
        for key, item in items.items():
            yield from self._each(_Place((name, key), item, kind), _inside(kind.annotation)[1])

    def _walk(self, place: _Place) -> Iterator[Setting]:
        shape, section = _inside(place.field.annotation)
        if place.item is None:
            yield from self._default(place, section)
        elif section is None:
            yield self._written(place, place.item)
        elif shape == "one":
            yield from self._each(place, section)
        else:
            for key, item in _parts(place.item, shape):
                inner = _Place((*place.path, key), item, place.field)
                yield from self._each(inner, section)

    def _each(self, place: _Place, section: type[Section] | None) -> Iterator[Setting]:
        """Yield the keys of `section` at a place; a text may stand for one of them."""
        item = place.item
        value = item.value if item is not None else {}
        if item is None or section is None:
            if item is not None:
                yield self._written(place, item)
            return
        if isinstance(value, bool) or (isinstance(value, str) and not section.short):
            yield self._written(place, item)
            return
        if isinstance(value, str):
            value = {section.short: value}
        declared = value if isinstance(value, dict) else {}
        for name, kind in section.model_fields.items():
            key, inner = name_of(name, kind), None
            if key == "title" and not declared.get(key) and "words" in declared:
                yield self._titled(place, declared["words"])
                continue
            if key in declared:
                path = (*item.path, key) if isinstance(item.value, dict) else item.path
                inner = Item(item.file, path, declared[key])
            yield from self._walk(place.below(key, kind, inner))

    def _titled(self, place: _Place, words: object) -> Setting:
        """Return the title of a search that has none of its own."""
        title = ", ".join(words) if isinstance(words, list) else words
        origin = Origin(kind="default", said="its words")
        return Setting(path=(*place.path, "title"), value=title, origin=origin)

    def _default(self, place: _Place, section: type[Section] | None) -> Iterator[Setting]:
        whole = place.field.default == {} and _inside(place.field.annotation)[0] == "one"
        if section is None or not (whole and any(map(default_of, section.model_fields.values()))):
            yield self._unset(place)
            return
        for name, kind in section.model_fields.items():
            yield from self._walk(place.below(name_of(name, kind), kind, None))

    def _unset(self, place: _Place) -> Setting:
        """Return the default of a setting, or what it is taken from."""
        source = inherits_of(place.field)
        if source == "name":
            value: object = place.path[-2]
        elif source:
            return replace(self._inherited(source), path=place.path)
        else:
            value = _plain_default(place.field)
        origin = Origin(kind="default", said=said_of(place.field))
        return Setting(path=place.path, value=value, origin=origin, is_set=value is not None)

    def _inherited(self, source: str) -> Setting:
        """Return the value of the setting `source`, with its name as the origin."""
        name, _, key = source.partition(".")
        section = _inside(Configuration.model_fields[name].annotation)[1]
        item = self.sections.single.get(name)
        declared = item.value if item is not None and isinstance(item.value, dict) else {}
        inner = None
        if item is not None and key in declared:
            inner = Item(item.file, (*item.path, key), declared[key])
        assert section is not None, "settings are inherited from sections"
        [found] = self._walk(_Place((name, key), inner, section.model_fields[key]))
        return replace(found, origin=Origin(kind="default", said=f"`{source}`"))

    def _written(self, place: _Place, item: Item) -> Setting:
        names = tuple(dict.fromkeys(names_in(item.value))) if item.file.has_references else ()
        put_in = tuple(name for name in names if name.startswith("file:") or name in self.environ)
        value = expand(item, self.environ, self._report).value
        if isinstance(value, str):
            value = _resolved(value, place, item)
        secret = is_secret(place.field) or any(map(_is_secret_name, put_in))
        shown = BLOTTED if secret and value else _without_passwords(value)
        from_outside = any(not name.startswith("file:") for name in put_in)
        kind = "environment" if from_outside else "file"
        origin = Origin(kind=kind, spot=item.at(), names=put_in)
        return Setting(path=place.path, value=shown, origin=origin)


def _is_secret_name(name: str) -> bool:
    return name.startswith("file:") or bool(_SECRET_NAME.search(name))


def _without_passwords(value: object) -> object:
    if isinstance(value, str):
        return _PASSWORD.sub(lambda found: f"{found[1] or found[2]}{BLOTTED}", value)
    if isinstance(value, list):
        return [_without_passwords(one) for one in value]
    return value


def _resolved(value: str, place: _Place, item: Item) -> str:
    """Return `value`, a path as it is meant in its file: absolute."""
    if place.path == ("store",) and value.startswith("sqlite"):
        scheme, _, rest = value.partition(":///")
        path, mark, options = rest.partition("?")
        return f"{scheme}:///{item.file.relative(path)}{mark}{options}"
    if value.startswith("maildir:"):
        return f"maildir:{item.file.relative(value.removeprefix('maildir:').strip())}"
    checks = [one.func for one in place.field.metadata if isinstance(one, PlainValidator)]
    if place.path == ("subscribers_file",) or scalars.file_path in checks:
        return str(item.file.relative(value)) if value else value
    return value


def _plain_default(kind: FieldInfo) -> object:
    default = kind.default
    if isinstance(default, bool | int) or (isinstance(default, str) and default):
        return default
    return None


def _parts(item: Item, shape: str) -> Iterator[tuple[str | int, Item]]:
    """Yield the parts of a map or list, which may be written as a list of names or one text."""
    value = item.value
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key, Item(item.file, (*item.path, key), {} if inner is None else inner)
        return
    listed = list(enumerate(value)) if isinstance(value, list) else [(None, value)]
    for number, inner in listed:
        path = item.path if number is None else (*item.path, number)
        if shape == "map":
            yield str(inner), Item(item.file, path, {})
        else:
            yield number or 0, Item(item.file, path, inner)


def _inside(kind: object) -> tuple[str, type[Section] | None]:
    """Return how sections are held by values of `kind` (`one`, `list` or `map`), and which."""
    if isinstance(kind, type) and issubclass(kind, Section):
        return "one", kind
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _inside(arguments[0])
    if origin in {Union, UnionType}:
        held = [found for one in arguments if (found := _inside(one))[1] is not None]
        return held[0] if held else ("one", None)
    if origin is dict:
        return "map", _inside(arguments[1])[1]
    if origin in {list, tuple}:
        return "list", _inside(arguments[0])[1]
    return "one", None
