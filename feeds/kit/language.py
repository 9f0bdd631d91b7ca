"""Language tags as attributes: which way a language is written. Pure.

Refuses nothing: an unknown or missing tag is written from left to right.
"""

from __future__ import annotations

import unicodedata

# Languages whose usual script runs from right to left (CLDR, characterOrder).
_RIGHT_TO_LEFT = frozenset(
    {"ar", "arc", "ckb", "dv", "fa", "he", "iw", "ji", "ks", "mzn", "nqo", "pnb", "ps", "sd"}
    | {"sdh", "syr", "ug", "ur", "yi"}
)
_SCRIPTS = frozenset({"adlm", "arab", "hebr", "mand", "nkoo", "rohg", "samr", "syrc", "thaa"})


def direction(tag: str) -> str:
    """Return `rtl` or `ltr`, the HTML `dir` of the language `tag` (BCP 47); a script decides."""
    primary, *rest = tag.lower().split("-")
    script = next((part for part in rest if len(part) == 4 and part.isalpha()), "")
    if script:
        return "rtl" if script in _SCRIPTS else "ltr"
    return "rtl" if primary in _RIGHT_TO_LEFT else "ltr"


def direction_of(text: str) -> str:
    """Return `rtl` or `ltr` by the first strong letter (UAX 9, P2), or "" if there is none."""
    for character in text:
        kind = unicodedata.bidirectional(character)
        if kind in ("R", "AL"):
            return "rtl"
        if kind == "L":
            return "ltr"
    return ""


def same_language(one: str, other: str) -> bool:
    """Tell whether two tags name the same language, whatever region or script they add."""
    return one.lower().split("-")[0] == other.lower().split("-")[0]
