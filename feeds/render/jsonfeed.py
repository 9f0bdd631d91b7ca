"""JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/): an item, and the document of many.

The feed that an item was taken from, for which the standard has no name, is `source` in the
extension object `_paperround`. Refuses what is no UTF-8 or no JSON number, as an exception, item
by item.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from feeds.document import Enclosure, SourceFeed
from feeds.feed import Format
from feeds.render.item import Channel, Item

VERSION = "https://jsonfeed.org/version/1.1"


def json_item(item: Item) -> bytes:
    """Return one item as a JSON object on one line."""
    content = {"content_html": item.html} if item.html else {"content_text": item.summary}
    return _written(
        {
            "id": item.id,
            "url": item.link,
            "title": item.title,
            **content,
            "summary": item.summary,
            "image": item.image,
            "date_published": item.published.isoformat() if item.published else "",
            "date_modified": item.updated.isoformat(),
            "authors": [_present({"name": a.name, "url": a.url}) for a in item.authors],
            "tags": list(item.tags),
            "language": item.language,
            "attachments": [_attachment(enclosure) for enclosure in item.enclosures],
            "_paperround": {"source": _source(item.source)} if item.source else None,
        }
    )


def json_document(channel: Channel, items: Iterable[bytes]) -> bytes:
    """Return the document of `items`, each as `json_item` wrote it, one to a line."""
    related = dict(channel.related)
    hubs = [addresses[Format.JSON] for name, addresses in channel.related if name == "hub"]
    head = _written(
        {
            "version": VERSION,
            "title": channel.title,
            "home_page_url": channel.home,
            "feed_url": channel.links[Format.JSON],
            "next_url": related.get("prev-archive", {}).get(Format.JSON, ""),
            "hubs": [{"type": "WebSub", "url": hub} for hub in hubs],
            "description": channel.description,
            "authors": [{"name": channel.publisher, "url": channel.home}],
            "language": channel.language,
        }
    )
    listed = b",\n".join(items)
    return head[:-1] + b', "items": [' + (b"\n" + listed + b"\n" if listed else b"") + b"]}\n"


def _source(source: SourceFeed) -> dict[str, object]:
    return _present(
        {
            "id": source.id,
            "title": source.title,
            "feed_url": source.url,
            "date_modified": source.updated.isoformat() if source.updated else "",
        }
    )


def _attachment(enclosure: Enclosure) -> dict[str, object]:
    return _present(
        {
            "url": enclosure.url,
            "mime_type": enclosure.type,
            "title": enclosure.title,
            "size_in_bytes": enclosure.length,
            "duration_in_seconds": enclosure.duration,
        }
    )


def _written(fields: Mapping[str, object]) -> bytes:
    return json.dumps(_present(fields), ensure_ascii=False, allow_nan=False).encode()


def _present(fields: Mapping[str, object]) -> dict[str, object]:
    """Leave out what is not known: JSON Feed has no empty values."""
    return {key: value for key, value in fields.items() if value not in ("", None, [])}
