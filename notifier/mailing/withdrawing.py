"""Withdrawing: what an operator took back leaves the issues that are on their way.

An issue says less then, or nothing. Messages that may have been taken already keep their words, and
are not sent again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from feeds import Entry
from notifier.delivery.edition import Edition
from notifier.delivery.successors import Standing
from notifier.digest.lane import schedule_of
from notifier.errors import InvalidMessage, TemplateError
from notifier.mailing.composing import compose
from notifier.mailing.desk import Desk
from notifier.mailing.turns import Turn, specs_of

_RUN = 500  # articles read together


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenOut:
    """An issue that says less now, and to how many readers; `reason` says why not, if it failed."""

    digest: str
    slot: str
    timezone: str
    language: str
    topics: tuple[str, ...]
    readers: int
    articles: int
    reason: str = ""


async def take_out(desk: Desk, now: datetime) -> list[TakenOut]:
    """Take withdrawn articles out of what is open; cheap where nothing has changed since."""
    change = (await desk.store.marks()).change
    if change == desk.looked.change:
        return []
    standing = await desk.successors.standing()
    gone = await withdrawn_among(desk, {article for one in standing for article in one.articles})
    done = [
        await _take_out(desk, one, gone, now)
        for one in standing
        if not gone.isdisjoint(one.articles)
    ]
    desk.looked.change = change
    return done


async def withdrawn_among(desk: Desk, articles: Collection[str]) -> set[str]:
    """Return those of `articles`, by id, that are withdrawn."""
    ids = sorted(articles)
    gone: set[str] = set()
    for start in range(0, len(ids), _RUN):
        entries = await desk.store.entries(ids[start : start + _RUN])
        gone |= {entry.article.id for entry in entries if entry.withdrawn_at is not None}
    return gone


async def _take_out(
    desk: Desk, standing: Standing, gone: Collection[str], now: datetime
) -> TakenOut:
    key = standing.lane.key
    left = [article for article in standing.articles if article not in gone]
    by_id = {entry.article.id: entry for entry in await desk.store.entries(left)} if left else {}
    entries = [by_id[article] for article in left if article in by_id]
    reason, successor = "", None
    if entries:
        try:
            successor = await asyncio.to_thread(_successor, desk, standing, entries, now)
        except (TemplateError, InvalidMessage) as error:
            reason = str(error)
    readers = await desk.successors.replace(standing, successor, now)
    return TakenOut(
        digest=key.digest,
        slot=standing.due.slot.identity,
        timezone=key.timezone,
        language=key.language,
        topics=key.topics,
        readers=readers,
        articles=len(entries) if successor else 0,
        reason=reason,
    )


def _successor(
    desk: Desk, standing: Standing, entries: Sequence[Entry], now: datetime
) -> Edition | None:
    """Compose what is left; nothing for a digest that is not declared any more."""
    spec = specs_of(desk).get(standing.lane.key.digest)
    if spec is None:
        return None
    due = standing.due
    turn = Turn(standing.lane, spec, schedule_of(spec, standing.lane.key), due)
    return compose(desk, turn, entries, now, due.spans_from, public=standing.public)
