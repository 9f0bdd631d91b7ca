"""What the pages of issues say of their own, in the language of an issue or of its digest. Pure."""

from __future__ import annotations

from feeds import Site
from feeds.kit.dates import number, plural
from feeds.kit.language import direction, direction_of
from feeds.render.page import Phrases
from notifier.digest.catalogues import Catalogues
from notifier.digest.words import ARTICLES, counted, phrase, spoken, words


def phrases_of(language: str, own: Catalogues, site: Site, title: str) -> Phrases:
    """Return the phrases for the pages of the digest called `title`, English where there are none.

    `own` are the operator's.
    """
    said_in = spoken(language, own)
    said = words(said_in, own)
    return Phrases(
        language=said_in,
        issues=said["issues"],
        all_issues=said["all_issues"],
        earlier=said["earlier_issue"],
        later=said["later_issue"],
        older=said["older_issues"],
        newest=said["newest_issues"],
        none=said["no_issues"],
        about=phrase(said["about_issues"], digest=_within(title, said_in)),
        all_feeds=phrase(said["all_feeds"], site=_within(site.name, said_in)),
    )


def articles_said(count: int, language: str, own: Catalogues) -> str:
    """Return how many articles there are: `2 articles`."""
    said_in = spoken(language, own)
    said = words(said_in, own)
    return counted(said, ARTICLES, plural(count, said_in), number(count, said_in))


def _within(name: str, language: str) -> str:
    """Return `name` so that it can stand in text that runs the other way (UAX 9, isolates)."""
    way = direction_of(name)
    return f"\u2068{name}\u2069" if way and way != direction(language) else name
