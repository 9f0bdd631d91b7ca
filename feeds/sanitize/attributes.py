"""The attributes an element keeps, each by the rule of its name; unwraps lazy images.

Refuses values that are not what the attribute is for; an image that only tracks has none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from feeds.kit.text import one_line
from feeds.sanitize.addresses import FOLLOWED, absolute, absolute_set, first_of_set
from feeds.sanitize.vocabulary import EVERYWHERE, KEPT

Attributes = Mapping[str, str]

_LAZY_SRC = ("data-src", "data-lazy-src", "data-original", "data-orig-src", "data-lazy")
_LAZY_SET = ("data-srcset", "data-lazy-srcset")
_TINY = re.compile(r"\s*[01]?(?:\.\d*)?(?:px)?\s*\Z")
_HIDING = re.compile(
    r"(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*hidden"
    r"|(?:max-)?(?:width|height)\s*:\s*(?:0*[01](?:\.[0-9]{0,9})?|0*\.[0-9]{1,9})(?:px)?"
    r"\s*(?:!important\s*)?(?:;|\Z))",
    re.IGNORECASE,
)

_PLAYERS = frozenset({"audio", "video"})
_CONTROLS = [("controls", "")]
# An element that has none of these attributes is worth nothing.
_NEEDED = {"a": ("href",), "img": ("src",), "source": ("src", "srcset")}


def _matching(pattern: str) -> Callable[[str], str | None]:
    compiled = re.compile(rf"(?:{pattern})\Z")

    def value(text: str) -> str | None:
        text = text.strip()
        return text if compiled.match(text) else None

    return value


def _lower(*words: str) -> Callable[[str], str | None]:
    def value(text: str) -> str | None:
        text = text.strip().lower()
        return text if text in words else None

    return value


def _present(_: str) -> str:
    return ""


_NUMBER = _matching("[0-9]{1,5}")
_INTEGER = _matching("-?[0-9]{1,6}")
_LANGUAGE = _matching("[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*")
_CONDITION = _matching(r"[\w\s(),.:%*/+<>=-]{1,200}")

_RULES: dict[str, Callable[[str], str | None]] = {
    "align": _lower("center", "justify", "left", "right"),
    "colspan": _matching("[0-9]{1,3}"),
    "dir": _lower("auto", "ltr", "rtl"),
    "height": _NUMBER,
    "hreflang": _LANGUAGE,
    "lang": _LANGUAGE,
    "media": _CONDITION,
    "rowspan": _matching("[0-9]{1,3}"),
    "scope": _lower("col", "colgroup", "row", "rowgroup"),
    "sizes": _CONDITION,
    "span": _matching("[0-9]{1,3}"),
    "start": _INTEGER,
    "type": _matching(r"[1aAiI]|[\w.+-]{1,60}/[\w.+-]{1,60}(?:;\s*codecs=[\"\w.,\s-]{1,80})?"),
    "value": _matching(r"[\w.+-]{1,40}"),
    "width": _NUMBER,
    **dict.fromkeys(("controls", "loop", "muted", "open", "reversed"), _present),
}


def kept(name: str, given: Attributes, base: str) -> list[tuple[str, str]] | None:
    """Return what element `name` keeps of its attributes, in a fixed order.

    None means that the element is worth nothing without the address it should have had, or is
    an image or a player that only tracks.
    """
    if not given and name not in _NEEDED:
        return _CONTROLS if name in _PLAYERS else []
    if name == "img":
        given = _image(given, base)
        if "src" not in given:
            return None
    elif name == "source" and "src" not in given:
        given = {**given, "srcset": _first(given, (*_LAZY_SET, "srcset"))}
    elif name in _PLAYERS:
        if _tracks(given):
            return None
        given = {**given, "controls": ""}
    found = []
    for key in (*KEPT[name], *EVERYWHERE):
        if key in given:
            value = _value(key, given[key], base)
            if value is not None:
                found.append((key, value))
    needed = _NEEDED.get(name)
    return found if needed is None or any(key in needed for key, _ in found) else None


def is_lazy(given: Attributes) -> bool:
    """Tell whether an image keeps its true address for a script to put in place."""
    return any(given.get(key) for key in (*_LAZY_SRC, *_LAZY_SET))


def _value(key: str, text: str, base: str) -> str | None:
    if key == "href":
        return absolute(text, base, FOLLOWED) or None
    if key in {"src", "cite", "poster"}:
        return absolute(text, base) or None
    if key == "srcset":
        return absolute_set(text, base) or None
    rule = _RULES.get(key)
    return rule(one_line(text)) if rule else one_line(text)


def _image(given: Attributes, base: str) -> dict[str, str]:
    """Return the attributes of an image with its true address in `src`, if it has any."""
    result = {key: value for key, value in given.items() if key not in {"src", "srcset"}}
    if _tracks(given):
        return result
    candidates = absolute_set(_first(given, (*_LAZY_SET, "srcset")), base)
    addresses = [given.get(key, "") for key in (*_LAZY_SRC, "src")]
    absolutes = (absolute(address, base) for address in addresses)
    source = next(filter(None, absolutes), "") or first_of_set(candidates)
    return result | ({"src": source} if source else {}) | {"srcset": candidates}


def _tracks(given: Attributes) -> bool:
    tiny = any(_TINY.match(given[side]) for side in ("width", "height") if given.get(side))
    return tiny or "hidden" in given or bool(_HIDING.search(given.get("style", "")))


def _first(given: Attributes, keys: tuple[str, ...]) -> str:
    return next((given[key] for key in keys if given.get(key, "").strip()), "")
