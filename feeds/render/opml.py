"""OPML 2.0 (http://opml.org/spec2.opml): a list of feeds that readers import at once."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from xml.etree import ElementTree as ET

from feeds.feed import FeedSpec, Format, Site
from feeds.kit.text import clean

MEDIA_TYPE = "text/x-opml"


def opml_document(site: Site, feeds: Sequence[FeedSpec]) -> bytes:
    """Return the outline of `feeds` in the given order, each with its Atom address.

    Those of one group stand next to each other, and in an outline of their own.
    """
    root = ET.Element("opml", version="2.0")
    head = ET.SubElement(root, "head")
    ET.SubElement(head, "title").text = clean(site.name)
    ET.SubElement(head, "docs").text = "http://opml.org/spec2.opml"
    body = ET.SubElement(root, "body")
    for group, members in groupby(feeds, lambda feed: feed.group):
        above = ET.SubElement(body, "outline", text=group, title=group) if group else body
        for feed in members:
            ET.SubElement(above, "outline", _outline(site, feed))
    ET.indent(root)
    written: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return written + b"\n"


def _outline(site: Site, feed: FeedSpec) -> dict[str, str]:
    title = clean(feed.title)
    outline = {
        "type": "rss",
        "text": title,
        "title": title,
        "xmlUrl": site.feed_url(feed.name, Format.ATOM),
        "htmlUrl": site.url,
    }
    if feed.description:
        outline["description"] = clean(feed.description)
    return outline
