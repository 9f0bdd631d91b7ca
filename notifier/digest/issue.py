"""Lanes and issues: who shares a cursor, which slot is due, what an issue covers.

Pure; standard library only. Decides with the time that it is told, and writes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from feeds import Query, Site
from notifier.digest.spec import SUBSCRIBER_ZONE, DigestSpec
from notifier.schedule.language import Schedule
from notifier.schedule.slots import Slot, last_slot, next_slot
from notifier.subscriber import Choice, Declaration

LATE_AT_MOST = timedelta(hours=12)
EXPIRES_AT_MOST = timedelta(hours=48)


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneKey:
    """What the subscriptions of a lane share; `selection` names the topics, sorted."""

    digest: str
    schedule: str
    timezone: str
    language: str
    selection: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A slot that is to become an issue now, or is too late and folded into the next.

    `spans_from` is where the issue's period begins when it catches up on more than one.
    """

    slot: Slot
    expires: datetime
    spans_from: datetime | None = None
    folded: bool = False


def lane_of(spec: DigestSpec, choice: Choice, reader: Declaration, site: Site) -> LaneKey:
    """Return the lane in which `reader` gets the digest `spec` with these choices."""
    zone = spec.timezone
    if zone == SUBSCRIBER_ZONE:
        zone = reader.timezone or site.timezone
    schedule = choice.schedule or spec.schedule
    return LaneKey(
        digest=spec.name,
        schedule=schedule.canonical,
        timezone=zone,
        language=reader.language or spec.language or site.language,
        selection=tuple(sorted(set(choice.topics) & spec.topics.keys())),
    )


def selection_of(spec: DigestSpec, topics: tuple[str, ...]) -> Query:
    """Return what a lane admits: the digest's selection, narrowed to the topics if there are."""
    chosen = tuple(spec.topics[name].select for name in topics if name in spec.topics)
    return _both(spec.select, chosen) if chosen else spec.select


def due(
    spec: DigestSpec,
    schedule: Schedule,
    zone: str,
    *,
    served_at: datetime,
    covered_to: datetime,
    now: datetime,
) -> Due | None:
    """Decide which slot after `served_at` is due at `now`; several missed ones are one issue.

    `covered_to` is the instant up to which the lane's articles have been sent.
    """
    slot = last_slot(schedule, zone, now)
    if slot is None or slot.instant <= served_at:
        return None
    before = last_slot(schedule, zone, slot.instant - timedelta(microseconds=1))
    catches_up = before is not None and covered_to < before.instant
    return Due(
        slot=slot,
        expires=expiry(spec, schedule, zone, slot.instant),
        spans_from=covered_to if catches_up else None,
        folded=now - slot.instant > lateness(spec, schedule),
    )


def lateness(spec: DigestSpec, schedule: Schedule) -> timedelta:
    """Return how late an issue may open: the digest's own word, or half a period up to 12 h."""
    return spec.late if spec.late is not None else min(schedule.period / 2, LATE_AT_MOST)


def expiry(spec: DigestSpec, schedule: Schedule, zone: str, instant: datetime) -> datetime:
    """Return when an issue of `instant` is stale: at the next slot, at most after 48 h."""
    limit = instant + (spec.expires or EXPIRES_AT_MOST)
    following = next_slot(schedule, zone, instant)
    return min(limit, following.instant) if following else limit


def _both(base: Query, topics: tuple[Query, ...]) -> Query:
    """Admit what `base` admits and any of `topics` does too: not (not base)."""
    return Query(any=topics, exclude=Query(exclude=base))
