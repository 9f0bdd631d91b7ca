"""A reader's own feed: the selection of their digests, behind a link that nobody can guess."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from feeds import FeedSpec, Query, Site
from notifier.digest.lane import selection_of
from notifier.digest.spec import DigestSpec
from notifier.roster import Reader, Roster
from notifier.tokens import FEED, SecretKey, make_token, proves, read_token


@dataclass(frozen=True, slots=True)
class Found:
    """Whose feed a token names; `rotated` if it did so until another took its place."""

    reader: Reader
    rotated: bool = False


async def reader_of(token: str, roster: Roster, keys: Sequence[SecretKey]) -> Found | None:
    """Return whose feed `token` is; None for one that never was."""
    claim = read_token(token)
    reader = await roster.reader(claim.subject) if claim else None
    if claim is None or reader is None:
        return None
    for key in keys:
        if proves(claim, key, FEED, reader.generation):
            return Found(reader)
        if any(proves(claim, key, FEED, earlier) for earlier in range(1, reader.generation)):
            return Found(reader, rotated=True)
    return None


def feed_token(reader: Reader, key: SecretKey) -> str:
    """Return the token of the reader's feed as it is now."""
    return make_token(key, FEED, reader.id, reader.generation)


def feed_of(reader: Reader, token: str, digests: Sequence[DigestSpec], site: Site) -> FeedSpec:
    """Return the feed of everything that the reader's digests would have."""
    specs = {spec.name: spec for spec in digests}
    selections = tuple(
        selection_of(specs[digest], *chosen)
        for digest, chosen in sorted(reader.digests.items())
        if digest in specs
    )
    nothing = Query(exclude=Query())
    return FeedSpec(
        name=f"reader-{reader.id}",
        title=f"{site.name} for {reader.name or 'you'}",
        select=Query(any=selections) if selections else nothing,
        address=f"my/{token}",
    )
