"""Reads YAML 1.2 into plain values that know where they stand; the only importer of `yaml`.

Refuses what surprises or explodes: duplicate keys, aliases, anchors, merge keys, tags, several
documents, and anything past its limits. Values are built from the parser's events, so nothing
here recurses and no tree of the library's nodes is ever held.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NoReturn

import yaml

from feeds.kit import excerpt
from feeds.kit.excerpt import snippet
from feeds.kit.yaml_document import (
    COLUMN_BITS,
    Frame,
    Marks,
    Path,
    YamlDocument,
    YamlError,
    packed,
    unpacked,
)
from feeds.kit.yaml_problems import Mark, YamlProblem, explain, unprintable
from feeds.kit.yaml_scalars import MAY_BE_MORE, plain

__all__ = ["Limits", "Mark", "Path", "YamlDocument", "YamlError", "YamlProblem", "load", "snippet"]

# A PyYAML that was built without libyaml reads the same, ten times slower.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a text may have: octets (characters for text), levels, keys and values, mistakes."""

    size: int = 64 * 1024 * 1024
    depth: int = 50
    nodes: int = 5_000_000
    problems: int = 1000


_DEFAULT_LIMITS = Limits()


def load(
    text: str | bytes, *, path: str = "", line_offset: int = 0, limits: Limits = _DEFAULT_LIMITS
) -> YamlDocument:
    """Return the one document in `text`; an empty one has the value None.

    `path` names the file in the words of the error; `line_offset` is added to every line, for a
    text cut out of a file. Raises YamlError with everything that is wrong.
    """
    builder = _Builder(limits, line_offset, path)
    if len(text) > limits.size:
        builder.fail(1, 1, f"this is larger than {limits.size} bytes")
    decoded = _decoded(text, builder)
    try:
        scalar, takes = builder.scalar, _TAKES
        for event in iter(_LOADER(decoded).get_event, None):
            kind = type(event)
            if kind is yaml.ScalarEvent:  # two of three are
                scalar(event)
            elif kind in takes:
                takes[kind](builder, event)
    except yaml.MarkedYAMLError as error:
        places = _place(error.problem_mark), _place(error.context_mark)
        said = explain(decoded, error.context or "", error.problem or "", *places, line_offset)
        builder.fail(said.line, said.column, said.message)
    except yaml.YAMLError:
        builder.fail(1, 1, "this cannot be read as YAML")
    return builder.finish()


def _place(mark: yaml.Mark | None) -> Mark | None:
    return Mark(mark.line + 1, mark.column + 1) if mark is not None else None


def _decoded(text: str | bytes, builder: _Builder) -> str:
    if isinstance(text, bytes):
        try:
            text = text.decode("utf-8")
        except UnicodeDecodeError as error:
            before = error.object[: error.start].decode("utf-8")
            byte = error.object[error.start]
            builder.fail(
                *excerpt.position(before, len(before)), f"the byte 0x{byte:02X} is not UTF-8"
            )
    text = text.removeprefix("\ufeff")
    found = unprintable(text)
    if found is not None:
        builder.fail(*excerpt.position(text, found[0]), found[1])
    return text


@dataclass(slots=True)
class _Builder:
    """Takes the parser's events one by one; says what is wrong and goes on where it can."""

    limits: Limits
    offset: int
    path: str
    problems: list[YamlProblem] = field(default_factory=list)
    stack: list[Frame] = field(default_factory=lambda: [Frame([], is_map=False)])
    places: array[int] = field(default_factory=lambda: array("q"))  # as `Marks` wants them
    nodes: int = 0
    documents: int = 0
    origin: int = 0  # the place of the first character

    def __post_init__(self) -> None:
        self.origin = packed(1 + self.offset, 1)

    def fail(self, line: int, column: int, message: str) -> NoReturn:
        """Give up at `line` and `column`, from 1: grammar, encoding or a limit is broken."""
        line += self.offset
        if all(problem.line != line for problem in self.problems):  # else it follows from that
            self.problems.append(YamlProblem(line, column, message))
        raise YamlError(self._ordered(), None, self.path)

    def finish(self) -> YamlDocument:
        """Return the document, or raise YamlError with it and what is wrong with it."""
        top = self.stack[0]
        value = top.value[0] if isinstance(top.value, list) and top.value else None
        document = YamlDocument(value, Marks(value, self.places or (self.origin, self.origin)))
        if self.problems:
            raise YamlError(self._ordered(), document, self.path)
        return document

    def _ordered(self) -> tuple[YamlProblem, ...]:
        return tuple(sorted(self.problems, key=lambda problem: (problem.line, problem.column)))

    def _begin(self, event: yaml.Event) -> int:
        mark = event.start_mark
        assert mark is not None, "every event of the parser has one"
        return (mark.line << COLUMN_BITS) + mark.column + self.origin

    def _refuse(self, place: int, message: str, *, spoils: bool = False) -> None:
        if len(self.problems) == self.limits.problems:
            raise YamlError(self._ordered(), None, self.path)  # who wrote that has enough to do
        self.problems.append(YamlProblem(*unpacked(place), message, spoils))

    def _give_up(self, place: int, message: str) -> NoReturn:
        self._refuse(place, message)
        raise YamlError(self._ordered(), None, self.path)

    def document(self, event: yaml.DocumentStartEvent) -> None:
        """Begin the one document."""
        place = self._begin(event)
        self.documents += 1
        if self.documents > 1:
            self._give_up(place, "a file holds one document, not two")
        if event.version or event.tags:
            self._refuse(place, "directives (`%`) are not allowed")

    def scalar(self, event: yaml.ScalarEvent) -> None:
        """Add a scalar, as a value or as the key of the next one: most events are that."""
        mark, frame = event.start_mark, self.stack[-1]
        assert mark is not None, "every event of the parser has one"
        place = (mark.line << COLUMN_BITS) + mark.column + self.origin
        if event.anchor or event.tag:
            self._decorated(event)
        text = event.value
        if frame.key is None and frame.is_map:
            frame.key, frame.key_place = text, place
            frame.drops = (not text or text == "<<" or text in frame.value) and self._refused_key(
                frame, event, place
            )
            return
        value: object = text
        if event.implicit[0] and text[:1] in MAY_BE_MORE:
            try:
                value = plain(text)
            except ValueError as error:
                self._refuse(place, str(error), spoils=True)
        self._add(frame, value, place)

    def begin_map(self, event: yaml.MappingStartEvent) -> None:
        """Begin a map."""
        self._open(event, {})

    def begin_list(self, event: yaml.SequenceStartEvent) -> None:
        """Begin a list."""
        self._open(event, [])

    def end(self, _: yaml.CollectionEndEvent) -> None:
        """End the map or list that began last."""
        frame = self.stack.pop()
        if frame.is_dropped:
            del self.places[frame.first :]

    def alias(self, event: yaml.AliasEvent) -> None:
        """Refuse an alias; nothing stands in its place."""
        place = self._begin(event)
        self._refuse(place, "aliases (`*`) are not allowed; write the value out", spoils=True)
        self._add(self.stack[-1], None, place)

    def _refused_key(self, frame: Frame, event: yaml.ScalarEvent, place: int) -> bool:
        """Refuse a key that cannot be one; tell whether its value is to be dropped."""
        key = event.value
        if key in frame.value:
            first = unpacked(self.places[frame.position(key)]).line
            self._refuse(place, f"`{key[:60]}` stands here twice; the first is in line {first}")
            return True
        if key == "<<" and event.implicit[0]:  # in quotes it is text like any other
            self._refuse(place, "merge keys (`<<`) are not allowed; write the values out")
            return True
        if event.implicit[0]:
            self._refuse(place, "a key is missing before the `:`")
        return False

    def _open(
        self,
        event: yaml.MappingStartEvent | yaml.SequenceStartEvent,
        value: list[object] | dict[str, object],
    ) -> None:
        place, frame = self._begin(event), self.stack[-1]
        if event.anchor or event.tag:
            self._decorated(event)
        is_key = frame.key is None and frame.is_map
        if is_key:
            self._refuse(
                place, "a key must be text; put text that begins with `{{` or `[` in quotes"
            )
            frame.key, frame.key_place, frame.drops = "", place, True
        if len(self.stack) > self.limits.depth:
            self._give_up(place, f"this is nested deeper than {self.limits.depth} levels")
        if not is_key:
            self._add(frame, value, place)
        self.stack.append(
            Frame(value, isinstance(value, dict), len(self.places), is_dropped=frame.drops)
        )

    def _add(self, frame: Frame, value: object, place: int) -> None:
        holder, note = frame.value, self.places.append
        self.nodes += 1
        if self.nodes > self.limits.nodes:
            self._give_up(place, f"there are more than {self.limits.nodes} values")
        if not isinstance(holder, dict):
            note(place)
            note(place)
            holder.append(value)
        elif frame.key is None:
            frame.key, frame.key_place, frame.drops = "", place, True  # an alias as a key
        else:
            if not frame.drops:
                note(frame.key_place)
                note(place)
                holder[frame.key] = value
            frame.key = None

    def _decorated(self, event: yaml.NodeEvent) -> None:
        if event.anchor:
            self._refuse(self._begin(event), "anchors (`&`) are not allowed")
        tag = getattr(event, "tag", None)
        if tag:
            self._refuse(self._begin(event), "tags (`!`) are not allowed")


# What is done with each other kind of event; the rest say nothing.
_TAKES: dict[type[yaml.Event], Callable[[_Builder, Any], None]] = {  # an event of that kind
    yaml.MappingStartEvent: _Builder.begin_map,
    yaml.SequenceStartEvent: _Builder.begin_list,
    yaml.MappingEndEvent: _Builder.end,
    yaml.SequenceEndEvent: _Builder.end,
    yaml.AliasEvent: _Builder.alias,
    yaml.DocumentStartEvent: _Builder.document,
}
