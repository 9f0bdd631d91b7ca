"""The page of an article, that of a feed, and the list of all there is to follow."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from urllib.parse import quote

from feeds.article import Entry
from feeds.feed import FeedSpec, Format, Site
from feeds.kit.language import direction, direction_of
from feeds.render.page.issues import Periodical, listed_periodical
from feeds.render.page.layout import Link, links_of, read, written
from feeds.render.page.shown import shown

LATEST = 20  # articles on the page of a feed
OPML_TYPE = "text/x-opml"

# Readers, by the addresses at which they let people subscribe to a feed, and whether they read
# JSON Feed as well.
_READERS = (
    ("Feedly", "https://feedly.com/i/subscription/feed/{}", False),
    ("Inoreader", "https://www.inoreader.com/?add_feed={}", True),
    ("NewsBlur", "https://www.newsblur.com/?url={}", True),
    ("Feedbin", "https://feedbin.com/?subscribe={}", True),
    ("The Old Reader", "https://theoldreader.com/feeds/subscribe?url={}", False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listed:
    """A feed with its addresses, one for each format."""

    title: str
    description: str
    lang: str
    dir: str
    links: tuple[Link, ...]


def article_page(entry: Entry, site: Site) -> bytes:
    """Return the page of one article: UTF-8 HTML, `lang` and `dir` those of the article."""
    article = shown(entry, site)
    return written("article.html", site, lang=article.lang or site.language, article=article)


def landing_page(
    site: Site, feeds: Sequence[FeedSpec], periodicals: Sequence[Periodical] = ()
) -> bytes:
    """Return the page that lists all `feeds` in all formats, with autodiscovery links.

    Those of one group stand next to each other, and below a heading of their own; below them all
    stand the `periodicals`, each with its list of issues.
    """
    groups = [
        (group, [_listed(feed, site) for feed in members])
        for group, members in groupby(feeds, lambda feed: feed.group)
    ]
    opml = Link("OPML", f"{site.url}/feeds.opml", OPML_TYPE)
    return written(
        "landing.html",
        site,
        lang=site.language,
        groups=groups,
        opml=opml,
        periodicals=[listed_periodical(one, site) for one in periodicals],
    )


def feed_page(
    spec: FeedSpec, site: Site, form: Format, entries: Iterable[Entry], *, personal: bool = False
) -> bytes:
    """Return what a person sees at the address of a feed: what it is, and what is in it.

    Needs no script; with one, a button copies the address. The newest `entries` are listed. That
    of a `personal` feed says that its address is a secret.
    """
    newest = sorted(entries, key=lambda entry: entry.sort_key)[:LATEST]
    listed = _listed(spec, site)
    this = listed.links[list(Format).index(form)]
    return written(
        "feed.html",
        site,
        lang=listed.lang or site.language,
        scripts=(read("copy.js"),),
        feed=listed,
        this=this,
        others=[link for link in listed.links if link is not this],
        readers=_readers(this.url, form),
        articles=[shown(entry, site) for entry in newest],
        personal=personal,
    )


def archive_page(
    spec: FeedSpec, site: Site, form: Format, entries: Iterable[Entry], previous: str
) -> bytes:
    """Return what a person sees at the address of an archive document: all its articles.

    With links to the live feed and to the archive named `previous`, if there is one before it.
    """
    listed = _listed(spec, site)
    return written(
        "archive.html",
        site,
        lang=listed.lang or site.language,
        feed=listed,
        live=listed.links[list(Format).index(form)].url,
        earlier=site.feed_url(spec.name, form, previous) if previous else "",
        articles=[shown(one, site) for one in sorted(entries, key=lambda entry: entry.sort_key)],
    )


def _listed(feed: FeedSpec, site: Site) -> _Listed:
    return _Listed(
        title=feed.title,
        description=feed.description,
        lang=feed.language,
        dir=direction_of(feed.title) or direction(feed.language or site.language),
        links=links_of(feed, site),
    )


def _readers(url: str, form: Format) -> list[Link]:
    """Return the links that open a reader with the feed: first whatever this machine has."""
    web = [
        Link(name, address.format(quote(url, safe="")))
        for name, address, reads_json in _READERS
        if reads_json or form is not Format.JSON
    ]
    return [Link("An app on this device", f"feed:{url}"), *web]
