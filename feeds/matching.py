"""Matching: why a selection admits an article or refuses it, by the keys that say so.

Pure; standard library only. Agrees with `Query.admits`, for each key is asked by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from feeds.query import KEYS, Query, Selectable

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One key of a selection, or one of its values, and whether it admits.

    `path` leads to it (`("any", 0, "tags", 2)`); `wanted` is the value that the article has, or
    all of them if it has none; `found` is what it has instead. `because` are the reasons of the
    selections under `not` and `any`.
    """

    path: Path
    admits: bool
    wanted: str = ""
    found: str = ""
    because: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a selection admits an article; the `reasons` are those that decided it."""

    admits: bool
    reasons: tuple[Reason, ...] = field(default=())


def judge(query: Query, article: Selectable, path: Path = ()) -> Verdict:
    """Return whether `query`, at `path` of a larger selection, admits `article`, and why.

    What is admitted is admitted for every reason that is given, what is refused for each of them;
    the empty selection admits without any.
    """
    reasons = tuple(_reasons(query, article, path))
    refusing = tuple(reason for reason in reasons if not reason.admits)
    return Verdict(not refusing, refusing or reasons)


def selection_paths(query: Query, path: Path = ()) -> Iterator[Path]:
    """Yield the paths to all keys and values of `query`."""
    for key in KEYS:
        values = getattr(query, key)
        if values:
            yield (*path, key)
            yield from ((*path, key, number) for number in range(len(values)))
    if query.exclude is not None:
        yield (*path, "not")
        yield from selection_paths(query.exclude, (*path, "not"))
    if query.any:
        yield (*path, "any")
    for number, inner in enumerate(query.any):
        yield (*path, "any", number)
        yield from selection_paths(inner, (*path, "any", number))


def _reasons(query: Query, article: Selectable, path: Path) -> Iterator[Reason]:
    for key in KEYS:
        if getattr(query, key):
            yield _of_key(query, key, article, path)
    if query.exclude is not None:
        inner = judge(query.exclude, article, (*path, "not"))
        because = inner.reasons
        yield Reason(path=(*path, "not"), admits=not inner.admits, because=because)
    if query.any:
        yield _of_any(query, article, path)


def _of_key(query: Query, key: str, article: Selectable, path: Path) -> Reason:
    values: tuple[str, ...] = getattr(query, key)
    for number, value in enumerate(values):
        if _only(key, value).admits(article):
            return Reason(path=(*path, key, number), admits=True, wanted=value)
    wanted = ", ".join(values)
    return Reason(path=(*path, key), admits=False, wanted=wanted, found=_found(key, article))


def _of_any(query: Query, article: Selectable, path: Path) -> Reason:
    verdicts = [
        judge(inner, article, (*path, "any", number)) for number, inner in enumerate(query.any)
    ]
    for number, verdict in enumerate(verdicts):
        if verdict.admits:
            way = (*path, "any", number)
            return Reason(path=way, admits=True, because=verdict.reasons)
    because = tuple(reason for verdict in verdicts for reason in verdict.reasons)
    return Reason(path=(*path, "any"), admits=False, because=because)


def _only(key: str, value: str) -> Query:
    return Query(**{key: (value,)})  # type: ignore[arg-type]  # `key` is one of KEYS


def _found(key: str, article: Selectable) -> str:
    names = {
        "sections": (article.section,),
        "tags": article.tags,
        "authors": tuple(author.name for author in article.authors),
        "sources": (article.source,),
        "languages": (article.language,),
    }
    return ", ".join(name for name in names.get(key, ()) if name)
