"""The digests: each with a complete selection, its topics, and a schedule."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from feeds import Query, can_match
from notifier.configuration.files import Item
from notifier.configuration.models import DigestSection
from notifier.configuration.problems import Report, did_you_mean
from notifier.configuration.readers import Readers
from notifier.configuration.scalars import NAMES, is_name
from notifier.configuration.sections import Sections, Unread
from notifier.configuration.selections import check_selection, query, why_never, within
from notifier.configuration.validation import Part, check
from notifier.digest.choices import Choices
from notifier.digest.lane import selection_of
from notifier.digest.spec import DigestSpec, Topic, Welcome


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What digests may refer to, and what they inherit."""

    environ: Mapping[str, str]
    feeds: Mapping[str, Query]
    sources: Collection[str]
    timezone: str
    unread: Unread = field(default_factory=Unread)


def digests(sections: Sections, world: World, report: Report) -> tuple[DigestSpec, ...]:
    """Return the digests in the order of the files."""
    found = []
    for name, item in sections.digests.items():
        if not is_name(name):
            report.error(item.key(), f"`{name[:60]}` cannot be a name", NAMES)
        part = check(DigestSection, item, world.environ, report)
        if part is not None:
            _check(part, world, report)
            spec = _digest(name, part.values, world)
            if part.sound:
                _check_reach(spec, item, report)
            found.append(spec)
    return tuple(found)


def topic_names(sections: Sections) -> dict[str, tuple[str, ...]]:
    """Return the names of the topics of each digest, also of a broken one."""
    found: dict[str, tuple[str, ...]] = {}
    for name, item in sections.digests.items():
        topics = item.value.get("topics") if isinstance(item.value, dict) else None
        found[name] = tuple(topics) if isinstance(topics, dict) else ()
    return found


def check_readers(
    digests: Sequence[DigestSpec],
    readers: Readers,
    sections: Sections,
    report: Report,
) -> None:
    """Warn of digests that none of the declared readers gets, where readers are declared at all.

    Not of those that offer choices, for their readers come by themselves, nor of those that some
    reader may have meant.
    """
    wanted = readers.wanted(spec.name for spec in digests)
    if not readers.found:
        return
    for spec in digests:
        if spec.choices is not None or spec.name in wanted:
            continue
        if not sections.unread.may_say(spec.name):  # where its readers may be
            message = f"none of the declared readers gets the digest `{spec.name}`"
            hint = "readers come with `paperround subscribers add` too; `choices: {}` says so here"
            report.warning(sections.digests[spec.name].key(), message, hint)


def _check(part: Part[DigestSection], world: World, report: Report) -> None:
    values, item = part.values, part.item
    for number, feed in enumerate(values.feeds):
        if feed not in world.feeds and not world.unread.may_say(feed):
            hint = did_you_mean(feed, world.feeds)
            message = f"there is no feed {part.quoted(feed, 'feeds', number)}"
            report.error(item.at("feeds", number), message, hint)
    if values.articles.min > values.articles.max:
        message = f"`min` ({values.articles.min}) is more than `max` ({values.articles.max})"
        report.error(item.at("articles", "min"), message)
    check_selection(values.select, part, ("select",), world.sources, report)
    if values.spread and values.expires and values.spread > values.expires / 2:
        message = "`spread` is more than half of `expires`, and is cut to that"
        hint = "what fails near the end of it needs time to be tried again"
        report.warning(item.at("spread"), message, hint)
    for name, topic in values.topics.items():
        path = ("topics", name, "select")
        check_selection(topic.select, part, path, world.sources, report)


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
        longest_wait=values.articles.longest_wait,
        fuse=values.articles.fuse,
        hold=values.hold,
        limit=values.limit,
        welcome=Welcome(values.welcome),
        topics=topics,
        late=values.late,
        expires=values.expires,
        spread=values.spread or timedelta(0),
        choices=_choices(values),
    )


def _choices(values: DigestSection) -> Choices | None:
    if values.choices is None:
        return None
    return Choices(schedules=values.choices.schedules, hours=values.choices.hours)


def _check_reach(spec: DigestSpec, item: Item, report: Report) -> None:
    """Warn of selections that no article can ever match."""
    if not can_match(spec.select):
        where = item.at("select") if _says(item, "select") else item.key()
        message = f"no article can ever be in the digest `{spec.name}`"
        report.warning(where, message, why_never(spec.select))
        return
    for name, topic in spec.topics.items():
        if not can_match(topic.select):
            spot = item.at("topics", name, "select")
            message = f"no article can ever be in the topic `{name}`"
            report.warning(spot, message, why_never(topic.select))
        elif not can_match(selection_of(spec, (name,))):
            message = f"no article of the digest `{spec.name}` can ever be in the topic `{name}`"
            hint = "a topic is a part of its digest: `select` of the two leaves nothing in common"
            report.warning(item.at("topics", name, "select"), message, hint)


def _says(item: Item, key: str) -> bool:
    return isinstance(item.value, dict) and key in item.value
