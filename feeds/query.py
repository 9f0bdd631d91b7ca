"""The one selection language: which articles a feed, a digest or a reader's topic admits.

Within a key any of, across keys all of; `not` a nested selection, `any` a list of selections.
Pure; standard library only. Refuses nothing about the world: a tag nobody uses is no error here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from feeds.document import Author
from feeds.kit.text import normalised_name, normalised_phrase, one_line

KEYS = ("sections", "tags", "authors", "sources", "languages", "words")


class Selectable(Protocol):
    """What a query looks at; an Article is one."""

    @property
    def section(self) -> str: ...  # noqa: D102 - the names say it
    @property
    def tags(self) -> tuple[str, ...]: ...  # noqa: D102 - as above
    @property
    def authors(self) -> tuple[Author, ...]: ...  # noqa: D102 - as above
    @property
    def source(self) -> str: ...  # noqa: D102 - as above
    @property
    def language(self) -> str: ...  # noqa: D102 - as above
    @property
    def normalised(self) -> str: ...  # noqa: D102 - as above


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A selection; the empty one admits everything.

    Names (sections, tags, authors, sources) match whole, ignoring case, diacritics and punctuation;
    a language matches itself and its regions (`de` admits `de-AT`); words and phrases match whole
    words in title, summary and text, ignoring the same. Scripts that write no spaces between words
    match by substring. See `kit.text` for both.
    """

    sections: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    exclude: Query | None = None
    any: tuple[Query, ...] = ()

    def admits(self, article: Selectable) -> bool:
        """Tell whether `article` is selected."""
        return (
            _one_of(self.sections, (article.section,))
            and _one_of(self.tags, article.tags)
            and _one_of(self.authors, [author.name for author in article.authors])
            and _one_of(self.sources, (article.source,))
            and _language(self.languages, article.language)
            and _words(self.words, article)
            and not (self.exclude is not None and self.exclude.admits(article))
            and (not self.any or any(query.admits(article) for query in self.any))
        )

    @property
    def canonical(self) -> str:
        """The same text for the same selection, whatever order it was written in."""
        return json.dumps(_plain(self), sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _plain(query: Query) -> Mapping[str, object]:
    plain: dict[str, object] = {}
    for key in KEYS:
        values = sorted(set(getattr(query, key)))
        if values:
            plain[key] = values
    if query.exclude is not None:
        plain["not"] = _plain(query.exclude)
    if query.any:
        plain["any"] = sorted((_plain(inner) for inner in query.any), key=json.dumps)
    return plain


def names_of(article: Selectable) -> Iterator[tuple[str, str]]:
    """Yield everything of `article` but its words as it is compared: a key of a query, a value.

    A language always is; names of which nothing can be seen are left out. No value has a line break
    or another control character.
    """
    names = {
        "sections": (article.section,),
        "tags": article.tags,
        "authors": tuple(author.name for author in article.authors),
        "sources": (article.source,),
    }
    for key, values in names.items():
        for value in dict.fromkeys(map(_name, values)):
            if value:
                yield key, value
    yield "languages", normalised_language(article.language)


def wanted_of(query: Query, key: str) -> frozenset[str]:
    """Return the values of `key` as `query` compares them; of words, what the text must contain.

    What can never be found is left out.
    """
    values: tuple[str, ...] = getattr(query, key)
    if key == "words":
        return _phrases(values)
    return _languages(values) if key == "languages" else _names(values)


@lru_cache(maxsize=4096)
def normalised_language(tag: str) -> str:
    """Return a language tag as it is compared: BCP 47, 2.1.1, ignores case."""
    return one_line(tag).lower()


def _one_of(wanted: tuple[str, ...], present: tuple[str, ...] | list[str]) -> bool:
    if not wanted:
        return True
    names = _names(wanted)
    return any(_name(name) in names for name in present)


@lru_cache(maxsize=65536)
def _name(name: str) -> str:
    return normalised_name(name)


@lru_cache(maxsize=65536)
def _names(names: tuple[str, ...]) -> frozenset[str]:
    return frozenset(map(normalised_name, names)) - {""}


@lru_cache(maxsize=65536)
def _languages(tags: tuple[str, ...]) -> frozenset[str]:
    return frozenset(map(normalised_language, tags))


@lru_cache(maxsize=65536)
def _phrases(words: tuple[str, ...]) -> frozenset[str]:
    return frozenset(map(normalised_phrase, words)) - {""}


def _language(wanted: tuple[str, ...], present: str) -> bool:
    if not wanted:
        return True
    tag = normalised_language(present)
    return any(tag == want or tag.startswith(f"{want}-") for want in _languages(wanted))


def _words(wanted: tuple[str, ...], article: Selectable) -> bool:
    if not wanted:
        return True
    text = article.normalised
    return any(phrase in text for phrase in _phrases(wanted))
