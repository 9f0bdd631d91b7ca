"""The chosen value wins, per setting; what is kept of it reads back; what is exported, too."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from feeds import Query
from notifier.cli.subscribers.files import rows_of
from notifier.configuration.csv_file import COLUMNS
from notifier.configuration.entry import Imported
from notifier.digest.choices import EVERY_HOUR, Choices
from notifier.digest.spec import Topic
from notifier.enrolment import (
    Enrolment,
    Held,
    Rules,
    declare,
    next_for,
    resumes_at,
    settle,
    state_of,
    wished,
)
from notifier.plain import (
    declaration_from_plain,
    declaration_to_plain,
    profile_from_plain,
    profile_to_plain,
    terms_from_plain,
    terms_to_plain,
)
from notifier.preferences import NOT_PAUSED, Profile, Terms, Wish, choice_of, said_by
from notifier.roster import Entry
from notifier.schedule.language import parse_schedule
from notifier.subscriber import Choice, Declaration
from tests.laws import law
from tests.notifier.builders import SITE, a_digest, a_reader, some_settings

NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
SCHEDULES = ("every sunday at 09:00", "every day at 18:00")
TOPICS = {name: Topic(name=name, title=name, select=Query()) for name in ("sport", "arts")}
CHOICES = Choices(schedules=tuple(map(parse_schedule, SCHEDULES)))
SPECS = {
    name: a_digest(name, topics=TOPICS if name == "morning" else {}, choices=CHOICES)
    for name in ("morning", "evening", "weekly")
}
RULES = Rules(SPECS, SITE)

days = st.sampled_from([date(2026, 12, 24), date(2027, 1, 10)])
topics = st.sampled_from([(), ("sport",), ("arts", "sport")])
words = st.sampled_from([(), ("Rhine",), ("river crossing", "fähre, neue", 'so-called "island"')])
schedules = st.sampled_from([parse_schedule(text) for text in SCHEDULES])
zones = st.sampled_from(["", "Asia/Tokyo"])
names = st.sampled_from(["", "Ada", "Reader, First", 'The "Other"'])
languages = st.sampled_from(["", "de-AT"])


def a_choice(name: str) -> st.SearchStrategy[Choice]:
    return st.builds(
        Choice,
        topics=topics if name == "morning" else st.just(()),
        words=words,
        schedule=st.none() | schedules,
        pause_until=st.none() | days,
    )


declarations = st.builds(
    Declaration,
    email=st.just("ada@readers.example"),
    name=names,
    timezone=zones,
    language=languages,
    digests=st.fixed_dictionaries({}, optional={name: a_choice(name) for name in SPECS}),
)
profiles = st.builds(
    Profile,
    name=st.none() | names,
    timezone=st.none() | zones,
    language=st.none() | languages,
)
terms = st.builds(
    Terms,
    topics=st.none() | topics,
    words=st.none() | words,
    schedule=st.none() | st.sampled_from(["", *SCHEDULES]),
    pause_until=st.none() | days | st.just(NOT_PAUSED),
)
wishes = st.builds(
    Wish,
    profile=profiles,
    digests=st.fixed_dictionaries({}, optional={"morning": terms, "weekly": terms}),
    joins=st.just(True),
)


@given(declarations, profiles, terms)
@law(60)
def test_what_is_kept_reads_back(declared: Declaration, chosen: Profile, of_one: Terms) -> None:
    kept = json.loads(json.dumps(declaration_to_plain(declared)))
    assert declaration_from_plain(kept) == declared
    assert profile_from_plain(json.loads(json.dumps(profile_to_plain(chosen)))) == chosen
    assert terms_from_plain(json.loads(json.dumps(terms_to_plain(of_one)))) == of_one


@given(declarations, wishes)
@law(60)
def test_a_wish_holds_whatever_is_declared_and_can_be_taken_back(
    declared: Declaration, wish: Wish
) -> None:
    plain = settle(declare(None, declared), RULES)
    chosen = settle(wished(plain, "ada@readers.example", wish, RULES), RULES)
    for name in ("name", "timezone", "language"):
        asked = getattr(wish.profile, name)
        was = getattr(plain.reader, name)
        assert getattr(chosen.reader, name) == (was if asked is None else asked)
    everything = frozenset({"name", "timezone", "language", "topics", "words", "schedule"})
    back = Wish(digests=dict.fromkeys(wish.digests, Terms()), unset=everything | {"pause_until"})
    again = settle(wished(chosen, "ada@readers.example", back, RULES), RULES)
    assert again.reader == plain.reader
    lanes = {name: held.lane for name, held in again.held.items() if name in plain.held}
    assert lanes == {name: held.lane for name, held in plain.held.items()}


@given(declarations, wishes)
@law(60)
def test_a_reload_does_not_touch_what_was_chosen(declared: Declaration, wish: Wish) -> None:
    before = settle(wished(None, "ada@readers.example", wish, RULES), RULES)
    after = settle(declare(before, declared), RULES)
    assert after.chosen == before.chosen
    assert {n: after.held[n].chosen for n in before.held} == {
        n: one.chosen for n, one in before.held.items()
    }
    assert settle(declare(after, declared), RULES) == after


@given(declarations, wishes)
@law(40)
def test_what_is_exported_is_imported_as_it_was(declared: Declaration, wish: Wish) -> None:
    settings = some_settings("sqlite:///x.db", Path(), digests=tuple(SPECS.values()))
    start = declare(None, declared)
    reader = settle(wished(start, "ada@readers.example", wish, RULES), RULES)
    rows = rows_of(Entry(reader), settings, NOW)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "readers.csv"
        with path.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows([COLUMNS, *rows])
        imported = Imported(path, settings.digests)
        copy: Enrolment | None = None
        for entered, _ in imported.rows():
            asked = replace(said_by(entered, SPECS), joins=True, news_only=True)
            copy = settle(wished(copy, entered.email, asked, RULES), RULES)
            # Importing into the store that it came from changes nothing.
            assert settle(wished(reader, entered.email, asked, RULES), RULES) == reader
    assert imported.problems == ()
    assert rows == (rows_of(Entry(copy), settings, NOW) if copy else [])
    if copy:
        assert {n: one.lane for n, one in copy.held.items()} == {
            n: one.lane for n, one in reader.held.items()
        }


def test_only_what_is_offered_may_be_chosen() -> None:
    own = parse_schedule("every weekday at 07:30")
    hours = Choices(schedules=(parse_schedule(SCHEDULES[0]),), hours=frozenset({6, 18}))
    offered = {
        text: hours.offers(own, parse_schedule(text))
        for text in (
            "every weekday at 07:30",
            "every weekday at 06:00",
            "every sunday at 18:00",
            "every weekday at 07:00",
            "every weekday at 06:30",
            "every day at 06:00",
            "every weekday at 06:00 and 18:00",
            "every hour",
        )
    }
    assert list(offered.values()) == [True, True, True, False, False, False, False, False]
    assert hours.told(own).endswith("`every sunday at 09:00`, also at 06:00, 18:00")
    anything = Choices(hours=EVERY_HOUR)
    assert anything.told(own) == "`every weekday at 07:30`, at any full hour"
    assert not anything.offers(parse_schedule("at once"), parse_schedule("every hour"))


def test_a_choice_that_is_offered_no_more_falls_back_to_what_is_declared() -> None:
    declared = Choice(schedule=parse_schedule(SCHEDULES[1]))
    gone = replace(SPECS["morning"], choices=None)
    assert choice_of(gone, declared, Terms(schedule=SCHEDULES[0])).schedule == declared.schedule


def test_a_pause_ends_where_the_day_begins_for_the_reader() -> None:
    assert resumes_at(date(2026, 12, 24), "Asia/Tokyo") == datetime(2026, 12, 23, 15, tzinfo=UTC)
    gap = resumes_at(date(2026, 4, 24), "Africa/Cairo")  # midnight does not exist
    assert gap == datetime(2026, 4, 23, 22, tzinfo=UTC)


def test_states_and_the_next_slot() -> None:
    spec = SPECS["morning"]
    reader = settle(declare(None, a_reader(timezone="Asia/Tokyo")), RULES)
    held = reader.held["morning"]
    assert state_of(held, "", NOW) == "active"
    assert state_of(held, "no such address", NOW) == "suppressed"
    assert state_of(replace(held, left_at=NOW), "", NOW) == "left"
    assert state_of(Held(), "", NOW) == "removed"
    slot = next_for(held, spec, NOW)
    assert slot is not None
    assert slot.identity == "2026-11-24T07:30 Asia/Tokyo"
    slot = next_for(held, spec, NOW, date(2026, 11, 24))
    assert slot is not None
    assert slot.identity == "2026-11-25T07:30 Asia/Tokyo"
    paused = replace(held, paused_until=resumes_at(date(2026, 12, 24), "Asia/Tokyo"))
    assert state_of(paused, "", NOW) == "paused"
    slot = next_for(paused, spec, NOW)
    assert slot is not None
    assert slot.identity == "2026-12-24T07:30 Asia/Tokyo"
    assert next_for(replace(held, left_at=NOW), spec, NOW) is None
