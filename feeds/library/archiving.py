"""Archive documents: rendered when they are asked for, from the manifest and the members."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from feeds.feed import Chain, FeedSpec, Format, Rendering
from feeds.library.press import Press
from feeds.render import render


async def archive(press: Press, spec: FeedSpec, name: str) -> Mapping[Format, Rendering] | None:
    """Return the archive document `name` of `spec` in every format; None if there is none."""
    number = _number(spec, name)
    found = await press.archives.get(spec.name, number) if number else None
    if found is None:
        return None
    entries = await press.index.arrived(spec.name, found.after, found.upto)
    previous = spec.archive_name(number - 1) if number > 1 else ""
    return await asyncio.to_thread(
        render,
        spec,
        press.site,
        entries,
        changed_at=found.changed_at,
        chain=Chain(archive=name, previous=previous),
        kept=press.kept,
    )


def _number(spec: FeedSpec, name: str) -> int:
    """Return the number in an archive's name; 0 if it names none of this selection."""
    digits = name.rpartition("-")[2]
    number = int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 10 else 0
    return number if spec.archive_name(number) == name else 0
