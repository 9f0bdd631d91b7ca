"""Elements that feedgen does not write, or not as they should be: links, media, plain text.

One of the two importers of lxml. Puts what it is given into an element; looks at no article.
"""

from __future__ import annotations

import html
import re
from html.entities import name2codepoint
from typing import Any, TypeAlias

from lxml import etree

from feeds.document import Enclosure, SourceFeed
from feeds.feed import Format
from feeds.render.item import Channel, Item
from feeds.render.mediatypes import medium

Element: TypeAlias = Any  # an lxml element; lxml brings no types

HISTORY = "http://purl.org/syndication/history/1.0"
MEDIA = "http://search.yahoo.com/mrss/"
_MARKUP = re.compile("([&<])")
_END_TAG = re.compile(r"</\w+>")
_REFERENCE = re.compile(r"&(#?\w+)")
_NAMED = name2codepoint.keys() | {"apos"}


def put_relations(head: Element, name: str, channel: Channel, form: Format) -> None:
    """Write the links to the hub and to the other documents of the feed, and what this one is."""
    for relation, addresses in channel.related:
        link = etree.SubElement(head, name, rel=relation, href=addresses[form])
        if relation != "hub":
            link.set("type", form.media_type)
    if channel.is_archive:
        etree.SubElement(head, f"{{{HISTORY}}}archive")


def enclosure_link(enclosure: Enclosure) -> dict[str, str]:
    """The attributes of an Atom link to an enclosure (RFC 4287, 4.2.7)."""
    given = {"rel": "enclosure", "href": enclosure.url, "type": enclosure.type}
    if enclosure.length:
        given["length"] = str(enclosure.length)
    if enclosure.title and not _looks_like_html(enclosure.title):
        given["title"] = enclosure.title
    return given


def put_atom_source(entry: Element, source: SourceFeed) -> None:
    """Write the feed that an entry was taken over from (RFC 4287, 4.2.11)."""
    element = etree.SubElement(entry, "source")
    etree.SubElement(element, "id").text = source.id
    title = etree.SubElement(element, "title")
    title.text = source.title
    declare_text(title)
    if source.updated:
        etree.SubElement(element, "updated").text = source.updated.isoformat()
    etree.SubElement(element, "link", rel="self", href=source.url)


def put_media(entry: Element, enclosure: Enclosure) -> None:
    """Write a further enclosure, of which RSS allows one (Media RSS 1.5.1)."""
    given = {"url": enclosure.url, "type": enclosure.type, "medium": medium(enclosure.type)}
    if enclosure.length:
        given["fileSize"] = str(enclosure.length)
    if enclosure.duration:
        given["duration"] = f"{enclosure.duration:.10g}"
    element = etree.SubElement(entry, f"{{{MEDIA}}}content", given)
    if enclosure.title:
        title = etree.SubElement(element, f"{{{MEDIA}}}title")
        if _looks_like_html(enclosure.title):  # the module has a type for it (title, 1.5.1)
            title.set("type", "html")
            title.text = html.escape(enclosure.title, quote=False)
        else:
            put_plain(title, enclosure.title)


def put_image(entry: Element, item: Item) -> None:
    """Write the picture of an item (Media RSS 1.5.1)."""
    if item.image:
        etree.SubElement(entry, f"{{{MEDIA}}}content", url=item.image, medium="image")


def declare_text(element: Element | None) -> None:
    """Declare plain text that looks like HTML, so that nobody has to guess (RFC 4287, 3.1.1)."""
    if element is not None and _looks_like_html(element.text or ""):
        element.set("type", "html")
        element.text = html.escape(element.text, quote=False)


def tell_names(parent: Element) -> None:
    """Tell authors' names that look like HTML from markup: they are plain, and declare nothing."""
    for name in parent.iterfind("author/name"):
        if _looks_like_html(name.text):
            put_plain(name, name.text)


def _looks_like_html(text: str) -> bool:
    """Tell whether `text` has an end tag or a character reference, as validators look for them."""
    references = _REFERENCE.findall(text)
    return bool(_END_TAG.search(text)) or any(x in _NAMED or not x.isalpha() for x in references)


def put_plain(element: Element, text: str) -> None:
    """Write plain `text` where readers may expect HTML: `&` and `<` as character references.

    The encoding by which the Advisory Board's profile tells plain text from escaped markup.
    """
    first, *rest = _MARKUP.split(text)
    element.text = first
    for mark, after in zip(rest[::2], rest[1::2], strict=True):
        reference = etree.Entity(f"#x{ord(mark):X}")
        reference.tail = after
        element.append(reference)
