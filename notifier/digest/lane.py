"""Lanes: which subscriptions share a cursor, and what each of them admits.

Pure; standard library only. Refuses nothing: topics that a digest has no more are passed over.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from feeds import Query, Site
from notifier.digest.spec import SUBSCRIBER_ZONE, DigestSpec, Welcome
from notifier.schedule.language import Schedule, parse_schedule
from notifier.schedule.rules import WallClock
from notifier.subscriber import Choice, Declaration


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneKey:
    """What the subscriptions of a lane share.

    `schedule` is "" for the digest's own: when an operator edits that, the lane moves with it,
    cursor and all. `topics` and `words` are sorted.
    """

    digest: str
    schedule: str
    timezone: str
    language: str
    topics: tuple[str, ...] = ()
    words: tuple[str, ...] = ()

    @property
    def selection(self) -> str:
        """Topics and words as one text, "" where the reader takes the digest as it is."""
        if not (self.topics or self.words):
            return ""
        return json.dumps([self.topics, self.words], ensure_ascii=False)


def chosen_in(selection: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the topics and words of a lane from the text that stands for them."""
    topics, words = json.loads(selection) if selection else ((), ())
    return tuple(topics), tuple(words)


def lane_of(spec: DigestSpec, choice: Choice, reader: Declaration, site: Site) -> LaneKey:
    """Return the lane in which `reader` gets the digest `spec` with these choices."""
    zone = spec.timezone
    if zone == SUBSCRIBER_ZONE:
        zone = reader.timezone or site.timezone
    return LaneKey(
        digest=spec.name,
        schedule=choice.schedule.canonical if choice.schedule else "",
        timezone=zone,
        language=reader.language or spec.language or site.language,
        topics=tuple(sorted(set(choice.topics) & spec.topics.keys())),
        words=tuple(sorted(set(choice.words))),
    )


def public_lane(spec: DigestSpec, site: Site) -> LaneKey:
    """Return the lane whose issues anybody may read: the digest as it is, where the site is."""
    nobody = Declaration(email="")
    return lane_of(spec, Choice(), nobody, site)


def schedule_of(spec: DigestSpec, lane: LaneKey) -> Schedule:
    """Return when `lane` is due."""
    return follows(spec, lane.schedule)


def follows(spec: DigestSpec, schedule: str) -> Schedule:
    """Return the schedule that a lane's own text stands for; "" is that of the digest."""
    return _parsed(schedule) if schedule else spec.schedule


@lru_cache(maxsize=1024)
def _parsed(schedule: str) -> Schedule:
    return parse_schedule(schedule)  # thousands of lanes follow a few


def selection_of(
    spec: DigestSpec, topics: tuple[str, ...] = (), words: tuple[str, ...] = ()
) -> Query:
    """Return what a lane admits: the digest's selection, or the topics and words of it chosen."""
    chosen = [spec.topics[name].select for name in topics if name in spec.topics]
    if words:
        chosen.append(Query(words=words))
    if not chosen:
        return spec.select
    # Both: not (not the digest's), and any of the chosen.
    return Query(any=tuple(chosen), exclude=Query(exclude=spec.select))


def welcome_since(spec: DigestSpec, schedule: Schedule, now: datetime) -> datetime:
    """Return the instant after which a newcomer's first issue takes articles."""
    return now - schedule.period if spec.welcome is Welcome.PERIOD else now


def is_daily_at_most(schedule: Schedule) -> bool:
    """Tell whether `schedule` has one slot on a local date at most."""
    return isinstance(schedule, WallClock) and len(schedule.times) == 1
