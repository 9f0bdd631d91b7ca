"""The sections about digests: what is sent, when, and what readers may choose."""

from __future__ import annotations

from typing import ClassVar

from notifier.configuration.models.feeds import Selection
from notifier.configuration.models.section import Section, setting
from notifier.configuration.models.values import (
    DigestZone,
    Duration,
    Filled,
    Hold,
    Hours,
    Language,
    Line,
    Many,
    Name,
    Schedules,
    ScheduleText,
    UpTo1000,
    UpToAMillion,
    WelcomeWord,
)
from notifier.digest.spec import SUBJECT, TEMPLATE


class TopicSection(Section):
    """A part of a digest that a reader may pick."""

    title: Filled = setting("what readers see", "", inherits="name")
    select: Selection = setting("a selection")


class ArticlesSection(Section):
    """How many articles an issue has."""

    min: UpTo1000 = setting("with fewer, the next issue has them too", 1)
    max: UpTo1000 = setting(
        "what is beyond counts as delivered: it is on the page of the issue", 20
    )
    longest_wait: Duration | None = setting(
        "what `min` holds over goes out once its oldest article has waited so long",
        None,
        said="for ever",
    )
    fuse: UpToAMillion | None = setting(
        "an issue of more articles is held until `paperround send --release NAME`",
        None,
        said="five times the usual",
    )


class ChoicesSection(Section):
    """The schedules among which readers may choose."""

    schedules: Schedules = setting("a list of schedules", (), said="none")
    hours: Hours = setting(
        "hours from 0 to 23 to which each of these schedules, and the digest's own, may be moved"
        " if it has one time a day; `any`: all of them",
        frozenset(),
        said="none",
    )


class DigestSection(Section):
    """A digest."""

    stand_in: ClassVar[dict[str, object]] = {"schedule": "at once"}

    schedule: ScheduleText = setting("when, such as `every weekday at 07:30`")
    title: Filled = setting("what readers see", "", inherits="name")
    description: Line = setting("one line", "")
    select: Selection = setting("a selection", {}, said="everything")
    feeds: Many = setting(
        "names of feeds: articles that at least one of them admits, and `select` too", ()
    )
    timezone: DigestZone = setting(
        "a zone, or `subscriber`: each reader's own", "", inherits="site.timezone"
    )
    language: Language = setting("a language tag", "", inherits="site.language")
    subject: Filled = setting("a template on one line; needs quotes", SUBJECT)
    template: Name = setting(
        "`digest` is `digest.html` and `digest.txt`, in `templates/` beside this file or built in",
        TEMPLATE,
    )
    articles: ArticlesSection = setting("how many", {})
    welcome: WelcomeWord = setting(
        "a reader's first issue reaches back one period of the schedule; `none`: it begins with"
        " what comes",
        "period",
    )
    topics: dict[Name, TopicSection] = setting("what a reader may pick, by name", {}, said="none")
    choices: ChoicesSection | None = setting(
        "among which schedules readers may choose", None, said="none"
    )
    hold: Hold = setting(
        "`at once` only: how long an article waits, so that a slip can be taken back; `0s`: not"
        " at all",
        "2m",
    )
    limit: UpTo1000 = setting(
        "`at once` only: at most so many messages an hour; what is beyond comes together in one", 6
    )
    late: Duration | None = setting(
        "how late a missed issue is still sent", None, said="half a period, at most 12 h"
    )
    expires: Duration | None = setting(
        "how long delivery is tried", None, said="the next issue, at most 48 h"
    )
    spread: Duration | None = setting(
        "over which time a big issue is sent, some readers after the others: at most half of what"
        " is left until it expires",
        None,
        said="as fast as it goes",
    )
