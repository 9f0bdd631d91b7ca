"""Feeds as bytes: RSS 2.0, Atom 1.0 and JSON Feed 1.1 of the same items.

Pure: the same arguments give the same bytes in any process, zone, locale and hash seed. One bad
article never costs a feed: each entry is rendered by itself, in all formats or in none.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime

from feeds.article import Entry
from feeds.feed import Chain, FeedSpec, Format, Rendering, Site
from feeds.render.addresses import link_of
from feeds.render.item import Channel, channel_of, whole_seconds
from feeds.render.jsonfeed import json_document
from feeds.render.syndication import atom_document, rss_document
from feeds.render.written import Kept, Written, write

__all__ = ["RENDERING", "Kept", "Written", "link_of", "render"]

RENDERING = 2  # raised whenever the same articles come out as other bytes


_ALONE = Chain()


def render(
    spec: FeedSpec,
    site: Site,
    entries: Sequence[Entry],
    *,
    changed_at: datetime,
    chain: Chain = _ALONE,
    kept: Kept | None = None,
    written: Sequence[Written] = (),
) -> dict[Format, Rendering]:
    """Return a document of `spec` with `entries` in every format, newest entry first.

    `kept` spares writing an entry again that another document, or an earlier one, has; `written`
    are those of it that the document has besides `entries`.
    `chain` says whether it is the live feed or an archive, and what it is linked with.
    `changed_at` is the last real change of this feed, an aware instant: its `modified`, and the
    `updated` of a feed without entries. An entry that cannot be rendered, or repeats the id of a
    newer one, is left out of all formats and named by its article's id.
    """
    placed = list(written)
    left_out: list[str] = []
    for entry in entries:
        try:
            placed.append(kept.written(entry, spec, site) if kept else write(entry, spec, site))
        except Exception:  # noqa: BLE001 - whatever is wrong with one entry, the others appear
            left_out.append(_name(entry))
    items = _newest_of_each_id(placed)
    left_out += [one.name for one in set(placed).difference(items)]
    updated = max((item.updated for item in items), default=changed_at)
    bodies = _documents(channel_of(spec, site, updated, chain), items)
    return {
        form: Rendering(
            feed=spec.name,
            format=form,
            body=body,
            etag=hashlib.sha256(body).hexdigest()[:32],
            modified=whole_seconds(changed_at),
            left_out=tuple(sorted(left_out)),
        )
        for form, body in bodies.items()
    }


def _newest_of_each_id(placed: Iterable[Written]) -> list[Written]:
    """Return `placed` in order, of two with one id the later updated (RFC 4287, 4.1.1)."""
    newest: dict[str, Written] = {}
    for one in sorted(placed, key=lambda one: one.order):
        known = newest.get(one.id)
        if known is None or known.updated < one.updated:
            newest[one.id] = one
    return sorted(newest.values(), key=lambda one: one.order)


def _documents(channel: Channel, items: Sequence[Written]) -> dict[Format, bytes]:
    return {
        Format.RSS: rss_document(channel, [item.rss for item in items]),
        Format.ATOM: atom_document(channel, [item.atom for item in items]),
        Format.JSON: json_document(channel, [item.json for item in items]),
    }


def _name(entry: Entry) -> str:
    """Return the article's id, even of an entry that is not what it should be."""
    return str(getattr(getattr(entry, "article", None), "id", "") or "unknown")
