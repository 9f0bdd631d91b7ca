"""From declared selections to queries, and how a digest combines its own with those of feeds.

Pure. Tells what a selection says about things that are not there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from feeds import Query, can_match
from feeds.kit.text import normalise
from feeds.kit.yaml import Path as KeyPath
from notifier.configuration.models import Section, Selection
from notifier.configuration.problems import Report, did_you_mean
from notifier.configuration.validation import Part

_S = TypeVar("_S", bound=Section)

# A text by one of these keys; by others, a comma is right (`Doe, Jane`) or refused anyway.
_WHAT_ONE_IS = {"sections": "one section", "tags": "one tag", "words": "one phrase"}


def query(selection: Selection) -> Query:
    """Return the query that `selection` declares."""
    return Query(
        sections=selection.sections,
        tags=selection.tags,
        authors=selection.authors,
        sources=selection.sources,
        languages=selection.languages,
        words=selection.words,
        exclude=query(selection.not_) if selection.not_ is not None else None,
        any=tuple(map(query, selection.any)),
    )


def within(own: Query, feeds: Sequence[Query]) -> Query:
    """Return the query that admits what `own` admits and at least one of `feeds` admits.

    No feeds, or one that admits everything, leave `own` as it is. Where `own` has alternatives of
    its own, it goes into a double negation: "in one of the feeds, and not outside of `own`".
    """
    everything = Query()
    if not feeds or everything in feeds:
        return own
    if own == everything:
        return feeds[0] if len(feeds) == 1 else Query(any=tuple(feeds))
    if not own.any:
        return replace(own, any=tuple(feeds))
    return Query(any=tuple(feeds), exclude=Query(exclude=own))


def why_never(query: Query) -> str:
    """Return why `query`, which nothing can match, is like that."""
    if query.exclude is not None and can_match(replace(query, exclude=None)):
        return "`not` takes away everything that is selected"
    return "what is asked for contradicts itself"


def check_selection(
    selection: Selection, part: Part[_S], path: KeyPath, sources: Collection[str], report: Report
) -> None:
    """Warn of what is hardly meant in `selection`, at `path` of `part`, or finds nothing.

    That is each source that is none of `sources`, and several values in one text.
    """
    names = {normalise(name) for name in sources}
    for place, inner in _all_in(selection, path):
        for number, name in enumerate(inner.sources):
            if normalise(name) not in names:
                steps = (*place, "sources", number)
                message = f"there is no source {part.quoted(name, *steps)}"
                report.warning(part.item.at(*steps), message, did_you_mean(name, sources))
        for key in _WHAT_ONE_IS:
            check_commas(part, (*place, key), report)


def check_commas(part: Part[_S], path: KeyPath, report: Report) -> None:
    """Warn of one text at `path` of `part`, whose key takes a list, that looks like several."""
    key, value = str(path[-1]), part.value(*path)
    if isinstance(value, str) and "," in value.strip(" ,"):
        message = f"{part.quoted(value, *path)} is {_WHAT_ONE_IS[key]} here"
        hint = f'several are a list: `{key}: [a, b]`; for one with a comma, `{key}: ["a, b"]`'
        report.warning(part.item.at(*path), message, hint)


def _all_in(selection: Selection, path: KeyPath) -> Iterator[tuple[KeyPath, Selection]]:
    yield path, selection
    if selection.not_ is not None:
        yield from _all_in(selection.not_, (*path, "not"))
    for number, inner in enumerate(selection.any):
        yield from _all_in(inner, (*path, "any", number))
