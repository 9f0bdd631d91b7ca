"""Archive documents: rendered when they are asked for, from the manifest and the members."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from feeds.article import Entry
from feeds.feed import Chain, FeedSpec, Format, Rendering
from feeds.kit.instants import EPOCH
from feeds.library.press import Press
from feeds.render import render
from feeds.render.page import archive_page


@dataclass(frozen=True, slots=True)
class _Opened:
    """An archive document before it is written in any form."""

    entries: Sequence[Entry]
    changed_at: datetime
    previous: str


async def archive(press: Press, spec: FeedSpec, name: str) -> Mapping[Format, Rendering] | None:
    """Return the archive document `name` of `spec` in every format; None if there is none."""
    opened = await _opened(press, spec, name)
    if opened is None:
        return None
    return await asyncio.to_thread(
        render,
        spec,
        press.site,
        opened.entries,
        changed_at=opened.changed_at,
        chain=Chain(archive=name, previous=opened.previous),
        kept=press.kept,
    )


async def archive_page_of(press: Press, spec: FeedSpec, form: Format, name: str) -> bytes:
    """Return the page for people of an archive document; one that is not there has no articles."""
    opened = await _opened(press, spec, name) or _Opened((), EPOCH, "")
    return await asyncio.to_thread(
        archive_page, spec, press.site, form, opened.entries, opened.previous
    )


async def _opened(press: Press, spec: FeedSpec, name: str) -> _Opened | None:
    number = _number(spec, name)
    found = await press.archives.get(spec.name, number) if number else None
    if found is None:
        return None
    entries = await press.index.arrived(spec.name, found.after, found.upto)
    previous = spec.archive_name(number - 1) if number > 1 else ""
    return _Opened(entries, found.changed_at, previous)


def _number(spec: FeedSpec, name: str) -> int:
    """Return the number in an archive's name; 0 if it names none of this selection."""
    digits = name.rpartition("-")[2]
    number = int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 10 else 0
    return number if spec.archive_name(number) == name else 0
