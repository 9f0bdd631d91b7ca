"""The fixed words of a digest and its pages, by language; what one lacks is said in English. Pure.

`{name}` in a phrase is filled by `phrase`; nothing else in it has a meaning. A plural is a family
of keys, such as `more_one` to `more_other`, one for each category that the language has (CLDR). An
operator adds languages, or says single phrases in another way; what they wrote wrong is left out.
"""

from __future__ import annotations

import re
from types import MappingProxyType

from notifier.digest.catalogues import CATALOGUES, Catalogue, Catalogues

ENGLISH = "en"
MORE, ARTICLES = "more", "articles"  # what is not shown, and how many there are
PLURALS = (MORE, ARTICLES)
CATEGORIES = ("zero", "one", "two", "few", "many", "other")  # CLDR, plural rules

KEYS = tuple(
    dict.fromkeys(
        [*CATALOGUES[ENGLISH], *(f"{one}_{which}" for one in PLURALS for which in CATEGORIES)]
    )
)

_PLACE = re.compile(r"{(\w+)}")


def words(language: str, own: Catalogues = MappingProxyType({})) -> Catalogue:
    """Return the catalogue of `language` (BCP 47), completed from its primary tag and English.

    Whatever is in `own` goes before what is said here for the same language.
    """
    tag = language.lower()
    merged: dict[str, str] = {}
    for candidate in dict.fromkeys((ENGLISH, tag.split("-")[0], tag)):
        merged |= CATALOGUES.get(candidate, {})
        merged |= own.get(candidate, {})
    return MappingProxyType(merged)


def spoken(language: str, own: Catalogues = MappingProxyType({})) -> str:
    """Return `language` if there are any words in it, or in its primary tag, else English."""
    tag = language.lower()
    known = any(one in CATALOGUES or own.get(one) for one in (tag, tag.split("-")[0]))
    return language if known else ENGLISH


def places_of(key: str) -> tuple[str, ...]:
    """Return the names in braces that the phrase `key` may hold; raises KeyError."""
    english = CATALOGUES[ENGLISH]
    return tuple(_PLACE.findall(english.get(key) or english[f"{key.partition('_')[0]}_other"]))


def flaws(key: str, text: str) -> tuple[str, ...]:
    """Return what is wrong with `text` as the phrase `key`, one of KEYS.

    Of a plural only `other` must show the count: a language may have words for one and two.
    """
    known, found = places_of(key), _PLACE.findall(text)
    counted_in_words = key.partition("_")[0] in PLURALS and not key.endswith("_other")
    missing = [] if counted_in_words else [name for name in known if name not in found]
    strange = [name for name in dict.fromkeys(found) if name not in known]
    allowed = "; known: " + ", ".join(f"`{{{name}}}`" for name in known) if known else ""
    return (
        *(f"`{{{name}}}` is missing" for name in missing),
        *(f"`{{{name}}}` is not filled in here{allowed}" for name in strange),
    )


def phrase(text: str, **values: str) -> str:
    """Return `text` with each `{name}` replaced by its value; values are not looked into again."""
    pieces = text.split("{")
    filled = [pieces[0]]
    for piece in pieces[1:]:
        name, closed, rest = piece.partition("}")
        filled.append(values[name] + rest if closed and name in values else "{" + piece)
    return "".join(filled)


def counted(catalogue: Catalogue, key: str, category: str, count: str) -> str:
    """Return the phrase `key` for the plural `category`, with `count` as it is written."""
    text = catalogue.get(f"{key}_{category}") or catalogue[f"{key}_other"]
    return phrase(text, count=count)
