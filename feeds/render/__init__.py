"""Feeds as bytes: RSS 2.0, Atom 1.0 and JSON Feed 1.1 of the same items.

Pure: the same arguments give the same bytes in any process, zone, locale and hash seed. One bad
article never costs a feed: each entry is rendered by itself, in all formats or in none.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from feeds.article import Entry
from feeds.feed import Chain, FeedSpec, Format, Rendering, Site
from feeds.render.item import Channel, Item, channel_of, item_of, whole_seconds
from feeds.render.jsonfeed import json_document, json_item
from feeds.render.syndication import Element, atom_document, elements_of, rss_document

__all__ = ["RENDERING", "render"]

RENDERING = 1  # raised whenever the same articles come out as other bytes


_ALONE = Chain()


def render(
    spec: FeedSpec,
    site: Site,
    entries: Sequence[Entry],
    *,
    changed_at: datetime,
    chain: Chain = _ALONE,
) -> dict[Format, Rendering]:
    """Return a document of `spec` with `entries` in every format, newest entry first.

    `chain` says whether it is the live feed or an archive, and what it is linked with.
    `changed_at` is the last real change of this feed, an aware instant: its `modified`, and the
    `updated` of a feed without entries. An entry that cannot be rendered, or repeats the id of a
    newer one, is left out of all formats and named by its article's id.
    """
    built: list[_Built] = []
    left_out: list[str] = []
    for entry in entries:
        try:
            built.append(_build(entry, spec, site))
        except Exception:  # noqa: BLE001 - whatever is wrong with one entry, the others appear
            left_out.append(_name(entry))
    kept = _newest_of_each_id(built)
    left_out += [one.name for one in set(built).difference(kept)]
    updated = max((one.item.updated for one in kept), default=changed_at)
    bodies = _documents(channel_of(spec, site, updated, chain), kept)
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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Built:
    """One entry, written in every format."""

    name: str
    order: tuple[float, int, int, str]
    item: Item
    rss: Element
    atom: Element
    json: bytes


def _build(entry: Entry, spec: FeedSpec, site: Site) -> _Built:
    item = item_of(entry, spec, site)
    date, position, arrival = entry.sort_key
    rss, atom = elements_of(item)
    return _Built(
        name=_name(entry),
        order=(float(date), int(position), int(arrival), item.id),
        item=item,
        rss=rss,
        atom=atom,
        json=json_item(item),
    )


def _newest_of_each_id(built: Iterable[_Built]) -> list[_Built]:
    """Return `built` in order, of two with one id the later updated (RFC 4287, 4.1.1)."""
    newest: dict[str, _Built] = {}
    for one in sorted(built, key=lambda one: one.order):
        known = newest.get(one.item.id)
        if known is None or known.item.updated < one.item.updated:
            newest[one.item.id] = one
    return sorted(newest.values(), key=lambda one: one.order)


def _documents(channel: Channel, built: Sequence[_Built]) -> dict[Format, bytes]:
    return {
        Format.RSS: rss_document(channel, [one.rss for one in built]),
        Format.ATOM: atom_document(channel, [one.atom for one in built]),
        Format.JSON: json_document(channel, [one.json for one in built]),
    }


def _name(entry: Entry) -> str:
    """Return the article's id, even of an entry that is not what it should be."""
    return str(getattr(getattr(entry, "article", None), "id", "") or "unknown")
