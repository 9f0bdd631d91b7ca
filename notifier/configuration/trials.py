"""Tests of a configuration, as operators write them: articles, readers, a clock, what is expected.

Read with the same words for mistakes, and the same places, as the configuration itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import PlainValidator

from notifier.configuration import files, scalars
from notifier.configuration.files import Item
from notifier.configuration.load import Loaded
from notifier.configuration.models.section import Section, setting
from notifier.configuration.models.values import Address, Filled, Language, Line, Many, Text
from notifier.configuration.problems import ConfigProblem, Report, Spot, did_you_mean
from notifier.configuration.validation import Part, check
from notifier.settings import Settings
from notifier.subscriber import Declaration


def _moment(value: object) -> datetime:
    found = scalars.text(value).strip()
    try:
        return datetime.fromisoformat(found)
    except ValueError:
        hint = "write it like `2026-11-23 07:30` or `2026-10-25 02:30+01:00`"
        scalars.wrong(f"`{found[:60]}` is not a time", kind="a time", hint=hint)


def _names(value: object) -> tuple[str, ...]:
    found = value if isinstance(value, list) else [value]
    return tuple(scalars.text(one) for one in found)


Moment = Annotated[datetime, PlainValidator(_moment)]
Names = Annotated[tuple[str, ...], PlainValidator(_names)]


class ArticleSection(Section):
    """An article that arrives."""

    at: Moment | None = setting("when it arrives", None, said="at the beginning")
    title: Line = setting("its title", "", said="its name")
    text: Text = setting("its text", "")
    summary: Line = setting("its summary", "")
    section: Line = setting("its section", "")
    tags: Many = setting("its tags", (), said="none")
    authors: Many = setting("its authors", (), said="none")
    language: Language = setting("its language", "")


class MessageSection(Section):
    """A message that is expected."""

    to: Address = setting("who gets it")
    digest: Filled = setting("of which digest")
    at: Moment = setting("when")
    articles: Names = setting("the names of its articles, in their order")
    subject: Line = setting("its subject", "", said="any")


class TrialSection(Section):
    """One test."""

    begin: Moment = setting("when it begins", alias="from")
    until: Moment = setting("when it ends")
    articles: dict[str, ArticleSection] = setting("what arrives, by a name", {}, said="nothing")
    readers: list[dict[str, object]] | None = setting("who there is", None, said="as declared")
    messages: list[MessageSection] | None = setting("all messages", None, said="not looked at")
    feeds: dict[str, Names] = setting("what feeds show in the end", {}, said="not looked at")


@dataclass(frozen=True, slots=True)
class Arrival:
    """An article by its name, as a document of JSON has it, and when it arrives."""

    name: str
    at: datetime
    document: Mapping[str, object]


@dataclass(frozen=True, slots=True, order=True)
class Message:
    """A message: when, to whom, of which digest, with which articles; "" for any subject."""

    at: datetime
    to: str
    digest: str
    articles: tuple[str, ...]
    subject: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One test; `messages` is None where they are not looked at. Times are in UTC."""

    name: str
    spot: Spot
    begin: datetime
    until: datetime
    arrivals: tuple[Arrival, ...]
    readers: tuple[Declaration, ...]
    messages: tuple[Message, ...] | None
    feeds: Mapping[str, tuple[str, ...]]


def read_trials(
    path: Path, order: int, loaded: Loaded, environ: Mapping[str, str]
) -> tuple[list[Trial], tuple[ConfigProblem, ...]]:
    """Return the tests in a file, and all that is wrong with it.

    Times without an offset are where the site is; one that occurs twice is the first.
    """
    report, found = Report(), list[Trial]()
    settings = loaded.settings_or_raise()
    file = files.read(path, order, report)
    if file is None or file.document is None:
        return [], report.problems()
    value = file.document.value
    tests = value.get("tests") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(tests, dict) or len(value) != 1:
        report.error(file.spot(1, 1), "expected one section `tests:` with a name for each test")
        return [], report.problems()
    for name, inner in tests.items():
        item = Item(file, ("tests", name), inner)
        part = check(TrialSection, item, environ, report)
        if part is not None and part.sound:
            found.append(_trial(str(name), part, loaded, settings, report))
    return found, report.problems()


def _trial(
    name: str, part: Part[TrialSection], loaded: Loaded, settings: Settings, report: Report
) -> Trial:
    values, item = part.values, part.item
    zone = ZoneInfo(settings.site.timezone)
    _check_names(values, item, settings, report)
    readers = tuple(settings.subscribers)
    if values.readers is not None and loaded.places is not None:
        listed = [
            Item(item.file, (*item.path, "readers", number), one)
            for number, one in enumerate(values.readers)
        ]
        readers = loaded.places.readers(listed, report)
    begin, until = _utc(values.begin, zone), _utc(values.until, zone)
    if until < begin:
        report.error(item.at("until"), "this is before it begins")
    messages = None
    if values.messages is not None:
        messages = tuple(
            Message(_utc(one.at, zone), one.to, one.digest, one.articles, one.subject)
            for one in values.messages
        )
    return Trial(
        name=name,
        spot=item.key(),
        begin=begin,
        until=until,
        arrivals=tuple(
            Arrival(each, _utc(one.at, zone) if one.at else begin, _document(each, one))
            for each, one in values.articles.items()
        ),
        readers=readers,
        messages=messages,
        feeds=values.feeds,
    )


def _check_names(values: TrialSection, item: Item, settings: Settings, report: Report) -> None:
    digests = [spec.name for spec in settings.digests]
    feeds = [spec.name for spec in settings.feeds]

    def known(name: str, names: list[str], what: str, *path: str | int) -> None:
        if name not in names:
            report.error(
                item.at(*path), f"there is no {what} `{name[:60]}`", did_you_mean(name, names)
            )

    for number, one in enumerate(values.messages or ()):
        known(one.digest, digests, "digest", "messages", number, "digest")
        for place, name in enumerate(one.articles):
            known(name, [*values.articles], "article", "messages", number, "articles", place)
    for feed, names in values.feeds.items():
        if not feed.startswith(tuple(f"{one.kind}-" for one in settings.for_each)):
            known(feed, feeds, "feed", "feeds", feed)
        for place, name in enumerate(names):
            known(name, [*values.articles], "article", "feeds", feed, place)


def _document(name: str, one: ArticleSection) -> dict[str, object]:
    title = one.title or name
    return {
        "id": name,
        "title": title,
        "content_text": one.text or title,
        "summary": one.summary,
        "section": one.section,
        "tags": list(one.tags),
        "authors": [{"name": author} for author in one.authors],
        "language": one.language,
    }


def _utc(moment: datetime, zone: ZoneInfo) -> datetime:
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
