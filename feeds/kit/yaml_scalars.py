"""Plain scalars by the core schema of YAML 1.2 (section 10.3.2): what is text stays text.

Pure. Refuses numbers too long to be meant as numbers (ValueError).
"""

from __future__ import annotations

import re

DIGITS = 40  # characters of the longest number; more is an identifier that lost its quotes

_CONSTANTS: dict[str, bool | float | None] = {
    "": None,
    "~": None,
    "null": None,
    "Null": None,
    "NULL": None,
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
    ".nan": float("nan"),
    ".NaN": float("nan"),
    ".NAN": float("nan"),
} | {
    f"{sign}{word}": -float("inf") if sign == "-" else float("inf")
    for sign in ("", "+", "-")
    for word in (".inf", ".Inf", ".INF")
}
_INTEGER = re.compile(r"[-+]?[0-9]+")
_BASED = re.compile(r"0o[0-7]+|0x[0-9A-Fa-f]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NUMBERS_BEGIN_WITH = frozenset("+-.0123456789")

# What plain scalars begin with that may be more than text; also "", for an empty one.
MAY_BE_MORE = _NUMBERS_BEGIN_WITH | {text[:1] for text in _CONSTANTS}


def plain(text: str) -> str | int | float | bool | None:
    """Return the value of the unquoted scalar `text`.

    Raises ValueError for a number of more than `DIGITS` characters.
    """
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if text[0] not in _NUMBERS_BEGIN_WITH:
        return text
    return _number(text)


def _number(text: str) -> str | int | float:
    integer, based = _INTEGER.fullmatch(text), _BASED.fullmatch(text)
    if not (integer or based or _FLOAT.fullmatch(text)):
        return text
    if len(text) > DIGITS:
        raise ValueError("a number of so many digits is refused; text belongs in quotes")
    if integer:
        return int(text)
    return int(text[2:], 8 if text[1] == "o" else 16) if based else float(text)
