"""The sections about subscribers."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import BeforeValidator

from notifier.configuration import scalars
from notifier.configuration.models.section import Section, setting
from notifier.configuration.models.values import (
    Address,
    Day,
    Filled,
    Language,
    Line,
    Many,
    Phrases,
    ScheduleText,
    Zone,
)

_FORM = "how a reader wants a digest stands below its name: `digests: {morning: {topics: [sport]}}`"


def _by_name(value: object) -> object:
    """`[morning, weekly]` is short for `{morning: {}, weekly: {}}`."""
    if isinstance(value, dict):
        if value and not any(inner is None or isinstance(inner, dict) for inner in value.values()):
            scalars.wrong("expected the names of digests", kind="a map of digests", hint=_FORM)
        return {name: {} if inner is None else inner for name, inner in value.items()}
    if isinstance(value, list):
        if any(isinstance(name, dict) for name in value):
            scalars.wrong("a list has names only", kind="a list of names", hint=_FORM)
        return {scalars.text(name): {} for name in value}
    return {scalars.text(value): {}}


class ChoiceSection(Section):
    """How one reader wants one digest."""

    example: ClassVar[str] = "{topics: [sport]}"

    topics: Many = setting(
        "names of its topics: articles of one of them", (), said="the whole digest"
    )
    words: Phrases = setting(
        "words and phrases of the reader's own, as in a selection: articles of the digest with one"
        " of them, beside those of the topics",
        (),
        said="none",
    )
    schedule: ScheduleText | None = setting("one that the digest offers", None, said="the digest's")
    pause_until: Day | None = setting("a date", None, said="the reader's")


_Names = Filled | list[Filled] | dict[str, ChoiceSection | None]


class SubscriberSection(Section):
    """A reader."""

    stand_in: ClassVar[dict[str, object]] = {"email": "nobody@reader.example"}
    example: ClassVar[str] = "{email: first@readers.example, digests: [morning]}"
    elsewhere: ClassVar[dict[str, str]] = dict.fromkeys(("topics", "words", "schedule"), _FORM)

    email: Address = setting("the address; two spellings that differ in case are one reader")
    name: Line = setting("whom messages greet", "")
    digests: Annotated[
        dict[str, ChoiceSection], BeforeValidator(_by_name, json_schema_input_type=_Names)
    ] = setting("names, or a map of names with what is below", {}, said="none")
    timezone: Zone = setting(
        "for digests with `timezone: subscriber`, and for nothing else",
        "",
        inherits="site.timezone",
    )
    language: Language = setting("a language tag", "", said="the digest's")
    pause_until: Day | None = setting(
        "a date such as `2027-01-10`: nothing is sent before it. It begins at midnight where the"
        " reader is; the first issue from then on has everything",
        None,
    )
