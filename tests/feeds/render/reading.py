"""Reads a rendered feed back, in any format, into the same plain values."""

from __future__ import annotations

import calendar
import html
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import feedparser

from feeds import Format, Rendering


@dataclass(frozen=True, kw_only=True)
class Seen:
    """An item as a reader sees it; instants in UTC, lengths 0 if unknown.

    `source` is the address and the title of the feed that it was taken from.
    """

    id: str
    link: str
    title: str
    published: datetime | None
    updated: datetime
    authors: tuple[str, ...]
    tags: tuple[str, ...]
    enclosures: tuple[tuple[str, str, int], ...]
    image: str
    language: str
    content: str
    source: tuple[str, str] | None


def items_of(rendering: Rendering) -> list[Seen]:
    """Return the items of `rendering`; fails where a reader would stumble."""
    if rendering.format is Format.JSON:
        return [_from_json(item) for item in json.loads(rendering.body)["items"]]
    parsed = feedparser.parse(rendering.body, sanitize_html=False, resolve_relative_uris=False)
    assert not parsed.bozo, parsed.get("bozo_exception")
    assert parsed.version == {Format.RSS: "rss20", Format.ATOM: "atom10"}[rendering.format]
    is_atom = rendering.format is Format.ATOM
    return [_from_xml(entry, parsed.feed, is_atom) for entry in parsed.entries]


def _from_xml(entry: Any, feed: Any, is_atom: bool) -> Seen:
    enclosures = [(e.href, e.type, int(e.get("length") or 0)) for e in entry.enclosures]
    media = entry.get("media_content", [])
    enclosures += [(m["url"], m["type"], int(m.get("filesize", 0))) for m in media if m.get("type")]
    language = entry.get("language") or entry.title_detail.get("language") or ""
    content = entry.content[0].value if "content" in entry else entry.summary
    if is_atom and "content" not in entry:
        content = _plain(entry.summary_detail)
    return Seen(
        id=entry.id,
        link=entry.link,
        title=_plain(entry.title_detail) if is_atom else entry.title,
        published=_at(entry.published_parsed) if "published" in entry else None,
        updated=datetime.fromisoformat(entry.updated),
        authors=tuple(author.name for author in entry.get("authors", ()) if author),
        tags=tuple(tag.term for tag in entry.get("tags", ())),
        enclosures=tuple(enclosures),
        image=next((m["url"] for m in media if not m.get("type")), ""),
        language="" if language == feed.get("language", feed.title_detail.language) else language,
        content=content,
        source=_source(entry.source) if "source" in entry else None,
    )


def _source(source: Any) -> tuple[str, str]:
    if "links" not in source:  # RSS
        return (source.href, source.title)
    return (source.links[0].href, _plain(source.title_detail))


def _plain(construct: Any) -> str:
    """A text of Atom as plain text: it declares which it is (RFC 4287, 3.1)."""
    text = str(construct.value)
    return html.unescape(text) if construct.type == "text/html" else text


def _from_json(item: dict[str, Any]) -> Seen:
    published = item.get("date_published")
    source = item.get("_paperround", {}).get("source")
    return Seen(
        id=item["id"],
        link=item["url"],
        title=item["title"],
        published=datetime.fromisoformat(published) if published else None,
        updated=datetime.fromisoformat(item["date_modified"]),
        authors=tuple(author["name"] for author in item.get("authors", ())),
        tags=tuple(item.get("tags", ())),
        enclosures=tuple(
            (a["url"], a["mime_type"], a.get("size_in_bytes", 0))
            for a in item.get("attachments", ())
        ),
        image=item.get("image", ""),
        language=item.get("language", ""),
        content=item.get("content_html") or item["content_text"],
        source=(source["feed_url"], source["title"]) if source else None,
    )


def _at(parsed: Any) -> datetime:
    return datetime.fromtimestamp(calendar.timegm(parsed), UTC)
