"""The rules of RFC 4287, RSS 2.0 with the Advisory Board's profile, and JSON Feed 1.1, as checks.

Each returns the faults it finds, as text. Written from the specifications, and independent of how
the feeds are made; what validators warn of besides is in `warned`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any
from xml.etree import ElementTree as ET

import html5lib

from tests.feeds.render.warned import (
    warned_of_date,
    warned_of_html,
    warned_of_id,
    warned_of_language,
    warned_of_link,
    warned_of_name,
    warned_of_text,
)

ATOM = "{http://www.w3.org/2005/Atom}"
DC = "{http://purl.org/dc/elements/1.1/}"
MEDIA = "{http://search.yahoo.com/mrss/}"
ENCODED = "{http://purl.org/rss/1.0/modules/content/}encoded"

_URI = re.compile(r"[a-zA-Z][\w+.-]*:(//)?[\w;/?:@&=+$.!~*'()%,#-]+\Z", re.ASCII)
_BARE_PERCENT = re.compile("%(?![0-9A-Fa-f]{2})")
_WEB = re.compile(r"https?://([\w-]+\.)+[\w-]+(:\d+)?(/|\Z)", re.ASCII)
_MIME = re.compile(r"[\w.+-]+/[\w.+-]+\Z", re.ASCII)
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)\Z", re.ASCII)
_RFC822 = re.compile(r"\w{3}, \d\d? \w{3} \d{4} \d\d:\d\d:\d\d (GMT|[+-]\d{4})\Z", re.ASCII)


def faults_of_atom(body: bytes) -> list[str]:
    lines = body.decode().splitlines()
    return [*_atom(ET.fromstring(body)), *_plain_names(lines)]  # noqa: S314 - our own document


def faults_of_rss(body: bytes) -> list[str]:
    lines = body.decode().splitlines()
    return [*_rss(ET.fromstring(body)), *_plain_lines(lines)]  # noqa: S314 - our own document


def faults_of_json(body: bytes) -> list[str]:
    return list(_json_feed(json.loads(body.decode("utf-8"))))


def _atom(feed: ET.Element) -> Iterator[str]:
    if feed.tag != f"{ATOM}feed":
        yield "no feed"
    yield from _once(feed, ATOM, ("id", "title", "updated"), ("subtitle", "generator"))
    links = {link.get("rel"): link.get("href", "") for link in feed.findall(f"{ATOM}link")}
    if {"self", "alternate"} - links.keys():
        yield "self or alternate link is missing"
    for name in ("id", "updated"):
        values = [entry.findtext(f"{ATOM}{name}") for entry in feed.findall(f"{ATOM}entry")]
        if len(set(values)) < len(values):
            yield f"two entries with one {name}"
    has_author = feed.find(f"{ATOM}author") is not None
    for entry in feed.findall(f"{ATOM}entry"):
        yield from _once(
            entry, ATOM, ("id", "title", "updated"), ("published", "content", "summary")
        )
        if not has_author and entry.find(f"{ATOM}author") is None:
            yield "an entry without author"
        alternates = [x for x in entry.findall(f"{ATOM}link") if x.get("rel") == "alternate"]
        content, summary = entry.find(f"{ATOM}content"), entry.find(f"{ATOM}summary")
        if len(alternates) != 1 or (content is None and summary is None):
            yield "neither content nor summary, or not one alternate link"
        if content is not None:
            yield from _html(content.text or "", content.get("type") == "html")
    for element in feed.iter():
        yield from _atom_element(element)
        yield from _every_element(element)


def _atom_element(element: ET.Element) -> Iterator[str]:
    name, text = element.tag.removeprefix(ATOM), element.text or ""
    if name in {"updated", "published"}:
        yield from _rfc3339(text)
    yield from {"id": warned_of_id, "name": warned_of_name}.get(name, _nothing)(text)
    if name in {"name", "title", "id"} and not text.strip():
        yield f"empty {element.tag}"
    if name in {"title", "summary", "subtitle"}:
        yield from _declared(text, element.get("type", "text"))
    if name == "uri":
        yield from _uri(text)
    if name == "email" and not re.match(r".+@.+\Z", text):
        yield f"no address: {text}"
    if name == "link":
        yield from _atom_link(element)
    if name == "source":
        yield from _once(element, ATOM, ("id", "title", "updated", "link"), ())
    if element.tag == f"{MEDIA}content":
        yield from _media(element)


def _atom_link(link: ET.Element) -> Iterator[str]:
    yield from _uri(link.get("href", ""))
    yield from warned_of_link(link.get("href", ""))
    yield from _declared(link.get("title", ""), "text")
    if link.get("rel") == "enclosure" and not _MIME.match(link.get("type", "")):
        yield "an enclosure without type"
    if not re.match(r"\d*\Z", link.get("length", "")):
        yield "a length that is none"


def _rss(rss: ET.Element) -> Iterator[str]:
    channel = rss.find("channel")
    if rss.get("version") != "2.0" or channel is None:
        yield "no RSS 2.0"
        return
    yield from _once(channel, "", ("title", "link", "description", "language", "lastBuildDate"), ())
    own = channel.find(f"{ATOM}link")
    if own is None or own.get("rel") != "self" or not own.get("href"):
        yield "no atom:link rel=self"
    yield from _uri(channel.findtext("link", ""))
    yield from _rfc822(channel.findtext("lastBuildDate", ""))
    items = channel.findall("item")
    if list(channel)[len(channel) - len(items) :] != items:
        yield "channel elements after items"
    guids = [item.findtext("guid") for item in items]
    if len(set(guids)) < len(guids):
        yield "two items with one guid"
    for item in items:
        yield from _rss_item(item)
    yield from warned_of_language(channel.findtext("language", ""))
    for name in ("title", "description"):
        yield from warned_of_name(channel.findtext(name, ""))
    for element in rss.iter():
        yield from _every_element(element)


def _rss_item(item: ET.Element) -> Iterator[str]:
    yield from _once(
        item,
        "",
        ("title", "link", "description", "guid"),
        ("pubDate", "enclosure", "author", "source", ENCODED, f"{DC}language", f"{ATOM}updated"),
    )
    tags = [child.tag for child in item]
    if "author" in tags and f"{DC}creator" in tags:
        yield "author and dc:creator"
    if ENCODED in tags and tags.index(ENCODED) < tags.index("description"):
        yield "content before description"
    yield from _uri(item.findtext("link", ""))
    yield from warned_of_link(item.findtext("link", ""))
    yield from _guid(item)
    yield from _rss_item_names(item)
    if item.find("pubDate") is not None:
        yield from _rfc822(item.findtext("pubDate", ""))
    yield from _rfc3339(item.findtext(f"{ATOM}updated", ""))
    for part in ("description", ENCODED):
        yield from _html(item.findtext(part) or "", True)
    for source in item.findall("source"):
        yield from _uri(source.get("url", ""))
        yield from warned_of_link(source.get("url", ""))
        if not (source.text or "").strip():
            yield "a source without title"
    for enclosure in item.findall("enclosure"):
        yield from _enclosure(enclosure)
    for media in item.findall(f"{MEDIA}content"):
        yield from _media(media)


def _rss_item_names(item: ET.Element) -> Iterator[str]:
    for name in ("title", "category", "source"):
        for named in item.findall(name):
            yield from warned_of_name(named.text or "")
    yield from warned_of_language(item.findtext(f"{DC}language", "en"))


def _nothing(_: str) -> Iterator[str]:
    return iter(())


def _guid(item: ET.Element) -> Iterator[str]:
    guid = item.find("guid")
    yield from warned_of_id(item.findtext("guid", ""))
    permalink = guid is not None and guid.get("isPermaLink") != "false"
    if permalink and item.findtext("guid") != item.findtext("link"):
        yield "a guid that is no permalink"


def _enclosure(element: ET.Element) -> Iterator[str]:
    yield from _uri(element.get("url", ""))
    if not _WEB.match(element.get("url", "")):
        yield f"an enclosure that is nowhere: {element.get('url')}"
    if not re.match(r"\d+\Z", element.get("length", "")):
        yield "an enclosure without length"
    if not _MIME.match(element.get("type", "")):
        yield "an enclosure without type"


def _plain_lines(lines: list[str]) -> Iterator[str]:
    """Plain text with markup in it is declared as such by hexadecimal references (profile)."""
    for line in lines:
        match = re.match(r"\s*<(title|category|dc:creator|source)\b[^>]*>(.*)</\1>", line)
        if match and re.search("&(amp|lt);", match[2]):
            yield f"ambiguous text: {line}"


def _plain_names(lines: list[str]) -> Iterator[str]:
    """The same of names in Atom, where only what would be a reference to HTML is ambiguous."""
    for line in lines:
        match = re.match(r"\s*<name>(.*)</name>", line)
        if match and re.search(r"&amp;(amp|lt|nbsp|copy|#|\d)", match[1]):
            yield f"ambiguous name: {line}"


def _media(element: ET.Element) -> Iterator[str]:
    yield from _uri(element.get("url", ""))
    yield from warned_of_link(element.get("url", ""))
    if element.get("medium") not in {"image", "audio", "video", "document", "executable"}:
        yield "an unknown medium"
    for title in element.findall(f"{MEDIA}title"):
        yield from _declared(title.text or "", "html" if title.get("type") == "html" else "text")
    if element.get("type") and not _MIME.match(element.get("type", "")):
        yield "no media type"
    if not re.match(r"[1-9]\d*\Z", element.get("fileSize", "1")):
        yield "no size"
    if not re.match(r"\d+(\.\d+)?\Z", element.get("duration", "1")):
        yield "no duration"


_TEXT, _URL, _DATE = "text", "url", "date"
_FEED_KEYS = {
    "version": _URL,
    "title": _TEXT,
    "home_page_url": _URL,
    "next_url": _URL,
    "hubs": list,
    "feed_url": _URL,
    "description": _TEXT,
    "language": _TEXT,
    "authors": list,
    "items": list,
}
_ITEM_KEYS = {
    "id": _TEXT,
    "url": _URL,
    "title": _TEXT,
    "content_html": _TEXT,
    "content_text": _TEXT,
    "summary": _TEXT,
    "image": _URL,
    "date_published": _DATE,
    "date_modified": _DATE,
    "authors": list,
    "tags": list,
    "language": _TEXT,
    "attachments": list,
    "_paperround": dict,
}
_SOURCE_KEYS = {"id": _TEXT, "title": _TEXT, "feed_url": _URL, "date_modified": _DATE}
_AUTHOR_KEYS = {"name": _TEXT, "url": _URL}
_ATTACHMENT_KEYS = {
    "url": _URL,
    "mime_type": _TEXT,
    "title": _TEXT,
    "size_in_bytes": int,
    "duration_in_seconds": float,
}


def _json_feed(feed: Any) -> Iterator[str]:
    yield from _object(feed, _FEED_KEYS, {"version", "title", "items", "feed_url"})
    if feed["version"] != "https://jsonfeed.org/version/1.1":
        yield "not version 1.1"
    ids = [item["id"] for item in feed["items"]]
    if len(set(ids)) < len(ids):
        yield "two items with one id"
    for item in feed["items"]:
        yield from _object(item, _ITEM_KEYS, {"id", "url", "title", "date_modified"})
        yield from warned_of_id(item["id"])
        yield from warned_of_link(item["url"])
        yield from warned_of_language(item.get("language", "en"))
        if not {"content_html", "content_text"} & item.keys():
            yield "an item without content"
        yield from _html(item.get("content_html", ""), True)
        for tag in item.get("tags", []):
            yield from _value("tag", tag, _TEXT)
        yield from _json_parts(item)
    for author in [
        *feed["authors"],
        *(a for item in feed["items"] for a in item.get("authors", [])),
    ]:
        yield from _object(author, _AUTHOR_KEYS, set())
        if not author:
            yield "an empty author"


def _json_parts(item: dict[str, Any]) -> Iterator[str]:
    for source in item.get("_paperround", {}).values():
        yield from _object(source, _SOURCE_KEYS, set(_SOURCE_KEYS))
    for attachment in item.get("attachments", []):
        yield from _object(attachment, _ATTACHMENT_KEYS, {"url", "mime_type"})
        if not _MIME.match(attachment["mime_type"]):
            yield "an attachment without type"


def _object(value: Any, keys: dict[str, Any], needed: set[str]) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"no object: {value!r}"
        return
    if needed - value.keys() or value.keys() - keys.keys():
        yield f"keys: {sorted(value)}"
    for key, given in value.items():
        yield from _value(key, given, keys.get(key))


def _value(key: str, given: Any, kind: Any) -> Iterator[str]:
    if isinstance(kind, type):
        accepted: Any = (int, float) if kind is float else kind
        if not isinstance(given, accepted) or isinstance(given, bool) or given == 0:
            yield f"{key}: {given!r}"
    elif not isinstance(given, str) or not given.strip():
        yield f"{key}: {given!r}"
    elif kind == _URL:
        yield from _uri(given)
    elif kind == _DATE:
        yield from _rfc3339(given)
    if isinstance(given, str):
        yield from warned_of_text(given)


def _once(
    parent: ET.Element, prefix: str, needed: tuple[str, ...], allowed: tuple[str, ...]
) -> Iterator[str]:
    for name in needed + allowed:
        count = len(parent.findall(f"{prefix}{name}"))
        if count > 1 or (count == 0 and name in needed):
            yield f"{count} times {name} in {parent.tag}"


def _declared(text: str, kind: str) -> Iterator[str]:
    """Plain text with an end tag or a character reference in it passes for undeclared HTML."""
    if kind == "text" and re.search(r"</\w+>|&(amp|lt|nbsp|copy|#)", text):
        yield f"undeclared HTML: {text[:60]}"


def _every_element(element: ET.Element) -> Iterator[str]:
    for text in (element.text or "", *element.attrib.values()):
        yield from warned_of_text(text)
    language = element.get("{http://www.w3.org/XML/1998/namespace}lang")
    if language is not None:
        yield from warned_of_language(language)


def _rfc3339(text: str) -> Iterator[str]:
    if not _RFC3339.match(text):
        yield f"no RFC 3339 date: {text}"
    else:
        yield from warned_of_date(datetime.fromisoformat(text))


def _uri(text: str) -> Iterator[str]:
    if not _URI.match(text) or _BARE_PERCENT.search(text):
        yield f"no URI: {text}"


def _rfc822(text: str) -> Iterator[str]:
    if not _RFC822.match(text):
        yield f"no RFC 822 date: {text}"
        return
    at: datetime = parsedate_to_datetime(text)
    if at.strftime("%a") != text[:3]:
        yield f"another day of the week: {text}"
    yield from warned_of_date(at)


def _html(text: str, declared: bool) -> Iterator[str]:
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    tree = parser.parseFragment(text)
    if not declared or parser.errors:
        yield f"not HTML: {parser.errors[:1]} {text[:60]}"
    yield from warned_of_html(text, tree)
    for element in tree.iter():
        for name in ("href", "src"):
            if not re.match(r"\w+:", element.get(name, "x:")):
                yield f"a relative address: {element.get(name)}"
