"""Feeds that are declared in one line: one for each tag, section, author or source. Pure."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass

from feeds.article import Article
from feeds.feed import Body, FeedSpec
from feeds.kit.text import normalise
from feeds.query import Query


class Kind(enum.StrEnum):
    """What there is a feed for each of."""

    TAG = "tag"
    SECTION = "section"
    AUTHOR = "author"
    SOURCE = "source"

    @property
    def heading(self) -> str:
        """What feeds of this kind stand under in lists."""
        return f"By {self.value}"


@dataclass(frozen=True, slots=True)
class Label:
    """A value that has a feed of its own; `slug` is the same for all spellings of it."""

    kind: Kind
    slug: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ForEach:
    """The declaration of a feed for each label of a kind; `{name}` in the title is the label."""

    kind: Kind
    title: str = "{name}"
    items: int = 50
    body: Body = Body.FULL

    def feed(self, label: Label) -> FeedSpec:
        """Return the feed of `label`, named after its kind and slug."""
        names = (label.value,)
        queries = {
            Kind.TAG: Query(tags=names),
            Kind.SECTION: Query(sections=names),
            Kind.AUTHOR: Query(authors=names),
            Kind.SOURCE: Query(sources=names),
        }
        return FeedSpec(
            name=f"{label.kind}-{label.slug}",
            title=self.title.replace("{name}", label.value),
            select=queries[label.kind],
            items=self.items,
            body=self.body,
            group=label.kind.heading,
        )


def labels_of(article: Article, kinds: frozenset[Kind]) -> Iterator[Label]:
    """Yield the labels of `article` of these kinds; a label without letter or digit has none."""
    values = {
        Kind.TAG: article.tags,
        Kind.SECTION: (article.section,),
        Kind.AUTHOR: tuple(author.name for author in article.authors),
        Kind.SOURCE: (article.source,),
    }
    for kind in Kind:
        if kind in kinds:
            for value in values[kind]:
                slug = normalise(value).strip().replace(" ", "-")[:100]
                if slug:
                    yield Label(kind, slug, value)
