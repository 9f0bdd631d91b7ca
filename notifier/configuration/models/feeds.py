"""The sections about feeds, and the selections that feeds and digests share."""

from __future__ import annotations

from notifier.configuration.models.section import Section, setting
from notifier.configuration.models.values import (
    Content,
    Filled,
    Language,
    Line,
    Many,
    ManyLanguages,
    OldNames,
    Phrases,
    UpTo500,
)


class Selection(Section):
    """Which articles: within a key any of, across keys all of."""

    sections: Many = setting("articles of one of these sections", ())
    tags: Many = setting("articles with one of these tags", ())
    authors: Many = setting("articles by one of these authors", ())
    sources: Many = setting("articles from one of these sources", ())
    languages: ManyLanguages = setting(
        "articles in one of these languages; `de` admits `de-AT`", ()
    )
    words: Phrases = setting(
        "articles with one of these words or phrases in title, summary or text; whole words", ()
    )
    not_: Selection | None = setting(
        "articles that this selection does not admit", None, alias="not"
    )
    any: tuple[Selection, ...] = setting("articles that one of this list of selections admits", ())


class FeedSection(Section):
    """A feed."""

    title: Filled = setting("what readers' programs show", "", inherits="name")
    description: Line = setting("one line", "")
    select: Selection = setting("a selection", {}, said="everything")
    words: Phrases = setting("a search: short for `select: {words: ...}`", ())
    feeds: Many = setting(
        "a combination: articles that at least one of these declared feeds has, each once", ()
    )
    language: Language = setting("a language tag", "", inherits="site.language")
    items: UpTo500 = setting(
        "how many articles the feed has, from 1 to 500; older ones are in its archive", 50
    )
    content: Content = setting("`full`, or `summary` without the article's text", "full")
    was: OldNames = setting(
        "earlier names of the feed: their addresses lead to the new one (301)", (), said="none"
    )


class ForEachSection(Section):
    """A feed for each value of a kind."""

    title: Filled = setting(
        "`{name}` is the tag, section, author or source; needs quotes", "{name}"
    )
    items: UpTo500 = setting("as of a feed", 50)
    content: Content = setting("as of a feed", "full")
