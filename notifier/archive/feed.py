"""A feed of a digest's issues, in all formats: the same store, the same bytes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from html import escape

from feeds import Article, Date, Entry, FeedSpec, Format, Rendering, Site
from feeds.kit.instants import EPOCH
from feeds.kit.text import shorten
from feeds.render import render
from notifier.archive.reading import BackIssues, Told, read_issues
from notifier.digest.spec import DigestSpec
from notifier.digest.story import Limits, Story, heading_of, sections_of, story_of

ITEMS = 25  # issues in a feed
_LIMITS = Limits(lead=280, item=280)
_SUMMARY = 280


def feed_of(spec: DigestSpec) -> FeedSpec:
    """Return what the feed of the issues of `spec` is called, and where it stands."""
    path = f"digests/{spec.name}"
    return FeedSpec(
        name=path,  # no other feed's name has a slash, so no other has this id
        title=spec.title,
        description=spec.description,
        language=spec.language,
        items=ITEMS,
        address=path,
        page=path,
    )


async def issue_feed(back: BackIssues, spec: DigestSpec) -> Mapping[Format, Rendering]:
    """Return the newest issues of `spec` with articles left, as a feed in every format."""
    told = await read_issues(back, spec, await back.archive.older(spec.name, ITEMS))
    changed_at = max((one.words.changed_at for one in told), default=EPOCH)
    return await asyncio.to_thread(
        lambda: render(
            feed_of(spec),
            back.site,
            [_entry(back, spec, one) for one in told if one.words.entries],
            changed_at=changed_at,
        )
    )


def _entry(back: BackIssues, spec: DigestSpec, told: Told) -> Entry:
    """Return an issue as a feed has it: updated when an article in it was, notably."""
    issue, now = told.issue, told.words
    stories = [
        (heading_of(entry.article, spec.topics), _story(entry, issue.edition.language, back.site))
        for entry in now.entries
    ]
    titles = [story.title for _, story in stories]
    article = Article(
        source="digests",
        key=f"{back.list_url(spec)} {issue.slot.identity}",
        title=now.headline or f"{spec.title}: {told.day}",
        html="".join(_html(told.span, stories, back.other_news(now.edition.language))),
        text="\n\n".join(filter(None, [told.span, *titles])),
        summary=shorten(" · ".join(titles), _SUMMARY),
        url=back.issue_url(spec, issue),
        published=Date(issue.slot.instant),
        language=issue.edition.language,
    )
    return Entry(
        article=article,
        revision=2 if now.revised_at > issue.opened_at else 1,
        arrival=issue.id,
        arrived_at=issue.opened_at,
        change=issue.id,
        changed_at=now.changed_at,
        revised=issue.id,
        revised_at=now.revised_at,
    )


def _story(entry: Entry, language: str, site: Site) -> Story:
    return story_of(entry.article, site=site, language=language, date="", limits=_LIMITS)


def _html(span: str, stories: Sequence[tuple[str, Story]], others: str) -> Iterator[str]:
    """The articles by heading as HTML that needs no cleaning: all text in it is escaped."""
    if span:
        yield f"<p>{escape(span)}</p>"
    for number, section in enumerate(sections_of(stories)):
        if section.title or number:
            yield f"<h3>{escape(section.title or others)}</h3>"
        yield "<ul>"
        yield from map(_item, section.stories)
        yield "</ul>"


def _item(story: Story) -> str:
    told = f' lang="{escape(story.lang)}"' if story.lang else ""
    told += f' dir="{story.dir}"' if story.dir else ""
    link = f'<a href="{escape(story.url)}">{escape(story.title)}</a>'
    summary = f"<br>{escape(story.summary)}" if story.summary else ""
    return f"<li{told}>{link}{summary}</li>"
