"""A digest as declared: selection, schedule, template. Pure values; standard library only."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from feeds import Query
from notifier.digest.choices import Choices
from notifier.schedule.language import Schedule

SUBSCRIBER_ZONE = "subscriber"
SUBJECT = "{{ site.name }}: {{ articles[0].title }}"
TEMPLATE = "digest"  # the built-in one


class Welcome(enum.StrEnum):
    """How far a reader's first issue reaches back."""

    PERIOD = "period"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A part of a digest that a reader may pick."""

    name: str
    title: str
    select: Query


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestSpec:
    """A declared selection, schedule and template.

    `select` is complete, with the feeds that a digest names. `timezone` is an IANA name or
    `subscriber`. `minimum` may hold articles over, but not longer than `longest_wait`; past
    `maximum` an article counts as delivered; an issue of more than `fuse` waits for the operator's
    word. `late`, `expires` and `fuse` default to what schedule and habit imply when None. `hold`
    and `limit` (messages an hour) are for a schedule `at once`. A big issue is sent over the time
    `spread`. `choices` is None where none are declared.
    """

    name: str
    title: str
    schedule: Schedule
    select: Query = field(default_factory=Query)
    description: str = ""
    timezone: str = "UTC"
    language: str = ""
    subject: str = SUBJECT
    template: str = TEMPLATE
    minimum: int = 1
    maximum: int = 20
    longest_wait: timedelta | None = None
    fuse: int | None = None
    hold: timedelta = timedelta(minutes=2)
    limit: int = 6
    welcome: Welcome = Welcome.PERIOD
    topics: Mapping[str, Topic] = field(default_factory=dict)
    late: timedelta | None = None
    expires: timedelta | None = None
    spread: timedelta = timedelta(0)
    choices: Choices | None = None

    def offers(self, schedule: Schedule) -> bool:
        """Tell whether readers may choose `schedule`."""
        return (self.choices or Choices()).offers(self.schedule, schedule)

    @property
    def offered(self) -> str:
        """The schedules that readers may choose, for people."""
        return (self.choices or Choices()).told(self.schedule)
