"""Issues as they may come, made up to try templates on. Pure; standard library only.

Each sample is one that some template forgets: an article with nothing but a title, one with
everything, more than fit, a story in a script that runs the other way.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from feeds import Article, Author, Date, Entry
from feeds.kit.language import direction
from notifier.digest.spec import DigestSpec

INSTANT = datetime(2026, 1, 5, 6, 30, tzinfo=UTC)
PAGE = "https://news.example/digests/sample"

_URL = "https://news.example/sample"
_PICTURE = "https://news.example/sample.jpg"
_WORDS = "The first words of an article, as many as a reader sees before going on. "


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """An issue to try a template on: `maximum` articles of `entries` are shown."""

    entries: tuple[Entry, ...]
    maximum: int
    span: tuple[datetime, datetime] | None = None
    page_url: str = PAGE


def samples(spec: DigestSpec, language: str) -> tuple[Sample, ...]:
    """Return issues for `spec` in `language`; the first two have most of what there can be."""
    across = "en" if direction(language) == "rtl" else "ar"
    every = [_entry(number, article) for number, article in enumerate(_each(spec), start=1)]
    many = [_entry(number, _plain(number)) for number in range(1, 31)]
    foreign = [_entry(number, replace(_plain(number), language=across)) for number in (1, 2)]
    teaser = _entry(1, replace(_plain(1), text="", excerpt=True, url=_URL))
    undated = _entry(2, replace(_full(2), published=None))
    return (
        _sample(every, shown=len(every) - 1, span=(INSTANT - timedelta(days=3), INSTANT)),
        _sample(many[:1], page_url=""),
        _sample([_entry(1, _full(1))]),
        _sample(many),
        _sample(foreign),
        _sample([teaser, undated], shown=1),
    )


def _sample(
    entries: Sequence[Entry],
    shown: int = 0,
    span: tuple[datetime, datetime] | None = None,
    page_url: str = PAGE,
) -> Sample:
    maximum = shown or len(entries)
    return Sample(entries=tuple(entries), maximum=maximum, span=span, page_url=page_url)


def _each(spec: DigestSpec) -> Iterator[Article]:
    """An article with everything, one for each topic, and some in sections or none."""
    yield _full(1)
    for number, topic in enumerate(spec.topics.values(), start=2):
        section = next(iter(topic.select.sections), "")
        yield replace(_full(number), tags=tuple(topic.select.tags), section=section)
    first = len(spec.topics) + 2
    for number, section in enumerate(("News", "News", "News", "Sport", "", ""), start=first):
        image = _PICTURE if number % 2 else ""
        yield replace(_plain(number), section=section, image=image)


def _plain(number: int) -> Article:
    """An article with nothing but title and text."""
    return Article(
        source="sample",
        key=str(number),
        title=f"Article number {number} of a sample",
        html="",
        text="\n\n".join([_WORDS * 3] * 2) if number % 2 else _WORDS,
    )


def _full(number: int) -> Article:
    """An article with everything."""
    return replace(
        _plain(number),
        url=_URL,
        summary="A summary of its own, which does not repeat how the article begins.",
        image=_PICTURE,
        published=Date(INSTANT - timedelta(hours=number)),
        updated=Date(INSTANT),
        authors=(Author(name="A Writer"), Author(name="Another")),
        tags=("one", "two"),
        section="News",
        publication="Another Paper",
        excerpt=True,
    )


def _entry(number: int, article: Article) -> Entry:
    return Entry(
        article=article,
        revision=1,
        arrival=number,
        arrived_at=INSTANT,
        change=number,
        changed_at=INSTANT,
        revised=number,
        revised_at=INSTANT,
    )
