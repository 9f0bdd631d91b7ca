"""RSS 2.0 and Atom 1.0 (RFC 4287) through feedgen and one extension of ours.

The only importer of feedgen. feedgen's faults stay inside: it writes entries' links
without `rel`, dates that are *now*, RSS dates by way of the process's locale, no `dc:creator`, no
language of an entry. Each entry is built by itself and may raise; a document of entries does not.

Who wrote an RSS item stands in `dc:creator`, once for each author, and never in `author`: that one
is an address first, is allowed once, and beside `dc:creator` draws a warning from validators; the
profile recommends `dc:creator` for a name. Addresses of authors are nobody's to collect.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import format_datetime

from feedgen.entry import FeedEntry
from feedgen.feed import FeedGenerator
from lxml import etree

from feeds.feed import Format
from feeds.render.addresses import fits_rss_enclosure
from feeds.render.elements import (
    HISTORY,
    MEDIA,
    Element,
    declare_text,
    enclosure_link,
    put_atom_source,
    put_image,
    put_media,
    put_plain,
    put_relations,
    tell_names,
)
from feeds.render.item import GENERATOR, Channel, Item

ATOM = "http://www.w3.org/2005/Atom"
DC = "http://purl.org/dc/elements/1.1/"
_CONTENT = "http://purl.org/rss/1.0/modules/content/"
# The prefixes that a document declares for all its entries.
_RSS_NAMES = {"dc": DC, "media": MEDIA, "atom": ATOM, "content": _CONTENT}
_ATOM_NAMES = {None: ATOM, "media": MEDIA}
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def written_in_xml(item: Item) -> tuple[bytes, bytes]:
    """Return `item` as an RSS item and as an Atom entry (RFC 4287, 4.1.2), to stand in a document.

    Raises ValueError or TypeError for text that XML cannot hold.
    """
    entry = _feedgen_entry(item)
    rss = etree.SubElement(etree.Element("rss", nsmap=_RSS_NAMES), "channel")
    rss.append(entry.rss_entry())
    atom = etree.Element(f"{{{ATOM}}}feed", nsmap=_ATOM_NAMES)
    atom.append(_named(entry.atom_entry()))
    return _cut(rss.getparent(), b"  <channel>\n", b"  </channel>"), _cut(atom, b">\n", b"</feed>")


def atom_document(channel: Channel, entries: Sequence[bytes]) -> bytes:
    """Return the Atom feed of `entries`."""
    feed = _feedgen_feed(channel, Format.ATOM)
    feed.register_extension("paperround", _AtomFeed, rss=False)
    feed.paperround.channel = channel
    feed.id(channel.id)
    feed.updated(channel.updated)
    feed.author(name=channel.publisher, uri=channel.home)
    if channel.description:
        feed.subtitle(channel.description)
    head, end, tail = bytes(feed.atom_str(pretty=True)).rpartition(b"</feed>")
    return b"".join((head, *entries, end, tail))


def rss_document(channel: Channel, items: Sequence[bytes]) -> bytes:
    """Return the RSS channel of `items`, by the profile of the RSS Advisory Board."""
    feed = _feedgen_feed(channel, Format.RSS)
    feed.register_extension("paperround", _RssChannel, atom=False)
    feed.paperround.channel = channel
    feed.updated(_Unsaid(1970, 1, 1, tzinfo=UTC))
    feed.description(channel.description or channel.title)
    head, end, tail = bytes(feed.rss_str(pretty=True)).rpartition(b"  </channel>")
    return b"".join((head, *items, end, tail))


def rfc822(at: datetime) -> str:
    """Return `at` (UTC) as RSS writes dates, in English whatever the locale."""
    return format_datetime(at, usegmt=True)


class _Unsaid(datetime):
    """A date that feedgen takes for none, and so does not write by way of the locale."""

    def __bool__(self) -> bool:
        return False


class _AtomFeed:
    """The Atom feed's part of our extension."""

    channel: Channel

    def extend_ns(self) -> dict[str, str]:
        return {"media": MEDIA} | _history(self.channel)

    def extend_atom(self, feed: Element) -> None:
        for name in ("title", "subtitle"):
            declare_text(feed.find(name))
        tell_names(feed)
        put_relations(feed, "link", self.channel, Format.ATOM)


class _RssChannel:
    """The RSS channel's part of our extension: what feedgen leaves out or gets wrong."""

    channel: Channel

    def extend_ns(self) -> dict[str, str]:
        return {"dc": DC, "media": MEDIA} | _history(self.channel)

    def extend_rss(self, rss: Element) -> None:
        channel = rss.find("channel")
        put_plain(channel.find("title"), self.channel.title)
        put_plain(channel.find("description"), self.channel.description or self.channel.title)
        built = etree.Element("lastBuildDate")
        built.text = rfc822(self.channel.updated)
        channel.find("language").addnext(built)
        put_relations(channel, f"{{{ATOM}}}link", self.channel, Format.RSS)


class _Entry:
    """An entry's part of our extension: what feedgen leaves out or gets wrong."""

    item: Item

    def extend_atom(self, entry: Element) -> None:
        item = self.item
        if item.language:
            entry.set(_LANG, item.language)
        for name in ("title", "summary"):
            declare_text(entry.find(name))
        tell_names(entry)
        if item.published:
            published = etree.Element("published")
            published.text = item.published.isoformat()
            entry.find("updated").addprevious(published)
        for link in entry.findall("link"):
            entry.remove(link)
        etree.SubElement(entry, "link", rel="alternate", href=item.link)
        for enclosure in item.enclosures:
            etree.SubElement(entry, "link", enclosure_link(enclosure))
        if item.source:
            put_atom_source(entry, item.source)
        put_image(entry, item)

    def extend_rss(self, entry: Element) -> None:
        item = self.item
        put_plain(entry.find("title"), item.title)
        if item.summary:
            entry.find("description").text = html.escape(item.summary, quote=False)
        if item.published:
            etree.SubElement(entry, "pubDate").text = rfc822(item.published)
        etree.SubElement(entry, f"{{{ATOM}}}updated").text = item.updated.isoformat()
        for author in item.authors:
            put_plain(etree.SubElement(entry, f"{{{DC}}}creator"), author.name)
        for category, tag in zip(entry.findall("category"), item.tags, strict=True):
            put_plain(category, tag)
        if item.language:
            etree.SubElement(entry, f"{{{DC}}}language").text = item.language
        if item.source:
            put_plain(etree.SubElement(entry, "source", url=item.source.url), item.source.title)
        for enclosure in item.enclosures[_has_rss_enclosure(item) :]:
            put_media(entry, enclosure)
        put_image(entry, item)


def _feedgen_feed(channel: Channel, form: Format) -> FeedGenerator:
    feed = FeedGenerator()
    feed.title(channel.title)
    feed.language(channel.language)
    feed.generator(GENERATOR)
    # The last link becomes the channel's own in RSS, whatever its rel.
    feed.link(href=channel.links[form], rel="self", type=form.media_type)
    feed.link(href=channel.home, rel="alternate", type="text/html")
    return feed


def _named(entry: Element) -> Element:
    """Put an entry that feedgen made without a namespace into Atom's, with all that is in it."""
    for element in entry.iter("*"):
        if not element.tag.startswith("{"):
            element.tag = f"{{{ATOM}}}{element.tag}"
    return entry


def _cut(root: Element, after: bytes, before: bytes) -> bytes:
    """Return what a document has between its first `after` and its last `before`."""
    whole: bytes = etree.tostring(root, pretty_print=True, encoding="UTF-8")
    return whole.partition(after)[2].rpartition(before)[0]


def _feedgen_entry(item: Item) -> FeedEntry:
    entry = FeedEntry()
    entry.register_extension("paperround", _Entry)
    entry.paperround.item = item
    entry.guid(item.id, permalink=item.id == item.link)
    entry.title(item.title)
    entry.updated(item.updated)
    entry.link(href=item.link, rel="alternate")
    entry.category([{"term": tag} for tag in item.tags])
    for author in item.authors:
        entry.author(name=author.name, uri=author.url)
    if item.html:
        entry.content(item.html, type="html")
    if item.summary:
        entry.summary(item.summary)
    if _has_rss_enclosure(item):
        first = item.enclosures[0]
        entry.enclosure(first.url, first.length or 0, first.type)
    return entry


def _has_rss_enclosure(item: Item) -> bool:
    """Tell whether the first enclosure can be the one that RSS has a place for."""
    return bool(item.enclosures) and fits_rss_enclosure(item.enclosures[0].url)


def _history(channel: Channel) -> dict[str, str]:
    return {"fh": HISTORY} if channel.is_archive else {}
