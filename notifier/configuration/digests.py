"""The digests: each with a complete selection, its topics, and a schedule."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from feeds import Query
from notifier.configuration.models import DigestSection
from notifier.configuration.problems import Report, did_you_mean
from notifier.configuration.scalars import NAMES, is_name
from notifier.configuration.sections import Sections
from notifier.configuration.selections import check_sources, query, within
from notifier.configuration.validation import Part, check
from notifier.digest.spec import DigestSpec, Topic, Welcome


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What digests may refer to, and what they inherit; `whole` if that is known completely."""

    environ: Mapping[str, str]
    feeds: Mapping[str, Query]
    sources: Collection[str]
    timezone: str
    whole: bool = True


def digests(sections: Sections, world: World, report: Report) -> tuple[DigestSpec, ...]:
    """Return the digests in the order of the files."""
    found = []
    for name, item in sections.digests.items():
        if not is_name(name):
            report.error(item.key(), f"`{name[:60]}` cannot be a name", NAMES)
        part = check(DigestSection, item, world.environ, report)
        if part is not None:
            _check(part, world, report)
            found.append(_digest(name, part.values, world))
    return tuple(found)


def topic_names(sections: Sections) -> dict[str, tuple[str, ...]]:
    """Return the names of the topics of each digest, also of a broken one."""
    found: dict[str, tuple[str, ...]] = {}
    for name, item in sections.digests.items():
        topics = item.value.get("topics") if isinstance(item.value, dict) else None
        found[name] = tuple(topics) if isinstance(topics, dict) else ()
    return found


def _check(part: Part[DigestSection], world: World, report: Report) -> None:
    values, item = part.values, part.item
    for number, feed in enumerate(values.feeds):
        if world.whole and feed not in world.feeds:
            hint = did_you_mean(feed, world.feeds)
            message = f"there is no feed {part.quoted(feed, 'feeds', number)}"
            report.error(item.at("feeds", number), message, hint)
    if values.articles.min > values.articles.max:
        message = f"`min` ({values.articles.min}) is more than `max` ({values.articles.max})"
        report.error(item.at("articles", "min"), message)
    check_sources(values.select, part, ("select",), world.sources, report)
    for name, topic in values.topics.items():
        path = ("topics", name, "select")
        check_sources(topic.select, part, path, world.sources, report)


def _digest(name: str, values: DigestSection, world: World) -> DigestSpec:
    admitted = [world.feeds[feed] for feed in values.feeds if feed in world.feeds]
    topics = {
        key: Topic(name=key, title=topic.title or key, select=query(topic.select))
        for key, topic in values.topics.items()
    }
    return DigestSpec(
        name=name,
        title=values.title or name,
        schedule=values.schedule,
        select=within(query(values.select), admitted),
        description=values.description,
        timezone=values.timezone or world.timezone,
        language=values.language,
        subject=values.subject,
        template=values.template,
        minimum=values.articles.min,
        maximum=values.articles.max,
        welcome=Welcome(values.welcome),
        topics=topics,
        late=values.late,
        expires=values.expires,
    )
