"""Rewrites a YAML text, with comments, order and quotes kept; the only importer of ruamel.yaml.

A text that is used is never read by it. What is done to its maps can be done to plain ones too, so
that a rewritten text can be compared with what it should say. Refuses to lose a comment.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import CommentMark
from ruamel.yaml.tokens import CommentToken
from ruamel.yaml.util import load_yaml_guess_indent

from feeds.kit.yaml import load

Map = MutableMapping[str, object]
Step = Callable[[Map], Iterable[str]]  # changes a map, and says what it changed


class CannotRewrite(Exception):
    """A text that would not say the same, or would lose a comment; `args[0]` says which."""


def new_map(like: Map) -> Map:
    """Return an empty map of the kind of `like`."""
    return CommentedMap() if isinstance(like, CommentedMap) else {}


def insert(node: Map, place: int, key: str, value: object) -> None:
    """Put `key` at position `place` of `node`."""
    if isinstance(node, CommentedMap):
        node.insert(place, key, value)
        return
    items = list(node.items())
    items.insert(place, (key, value))
    node.clear()
    node.update(items)


def fold(node: Map, olds: Sequence[str], new: str, value: object) -> None:
    """Put `new` with `value` in the place of the first of the keys `olds`, and take these out.

    What is said beside any of them is said beside the new one.
    """
    place = min(list(node).index(old) for old in olds)
    said = [_take(node, old) for old in sorted(olds, key=list(node).index)]
    insert(node, place, new, value)
    _say(node, new, said)


def move(source: Map, key: str, target: Map) -> None:
    """Take `key` out of `source`, and put it at the end of `target` with what is said beside it."""
    value = source[key]
    said = _take(source, key)
    target[key] = value
    _say(target, key, [said])


def rewritten(text: str, steps: Sequence[Step]) -> tuple[str, tuple[str, ...]]:
    """Return `text` after all of `steps`, and what they say that they changed.

    CannotRewrite where the result does not say what the steps make of its plain values.
    """
    wanted = load(text).value
    _, indent, offset = load_yaml_guess_indent(text)
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 10_000
    yaml.indent(mapping=2, sequence=(indent or 2), offset=(offset or 0))
    root = yaml.load(text)
    if not isinstance(wanted, dict) or not isinstance(root, CommentedMap):
        return text, ()
    changes = tuple(change for step in steps for change in step(root))
    for step in steps:
        tuple(step(wanted))
    if not changes:
        return text, ()
    stream = io.StringIO()
    yaml.dump(root, stream)
    _check(text, stream.getvalue(), wanted)
    return stream.getvalue(), changes


def _check(before: str, after: str, wanted: Mapping[str, object]) -> None:
    if load(after).value != wanted:
        raise CannotRewrite("it would not say the same")
    lost = _comments(before) - _comments(after)
    if lost:
        raise CannotRewrite(f"the comment `{next(iter(lost))[:60]}` would be lost")


def _comments(text: str) -> Counter[str]:
    """Count what is said behind a `#`; what only looks like a comment is in both texts."""
    found = (line.partition("#") for line in text.splitlines())
    return Counter(words.strip() for _, mark, words in found if mark and words.strip())


@dataclass(frozen=True, slots=True)
class _Said:
    """The comments of a key: behind its value up to the next key, and above what is in it."""

    after: CommentToken | None = None
    above: object = None


def _take(node: Map, key: str) -> _Said:
    del node[key]
    kept = node.ca.items.pop(key, None) if isinstance(node, CommentedMap) else None
    return _Said(kept[2], kept[3]) if kept else _Said()


def _say(node: Map, key: str, said: Sequence[_Said]) -> None:
    """Say beside `key` all that was said beside others, one after the other."""
    after = [one.after for one in said if one.after is not None]
    above = next((one.above for one in said if one.above is not None), None)
    if not isinstance(node, CommentedMap) or not (after or above):
        return
    token = None
    if after:
        words = "".join(token.value for token in after)
        token = CommentToken(words, CommentMark(after[0].start_mark.column), None)
    node.ca.items[key] = [None, None, token, above]
