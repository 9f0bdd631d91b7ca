"""What readers may choose, and what operators say about issues, arrives as it was written."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from notifier.digest.choices import EVERY_HOUR, Choices
from notifier.schedule.language import parse_schedule
from notifier.subscriber import Choice
from tests.notifier.configuration.builders import read, settings, told

SUNDAYS = parse_schedule("every sunday at 09:00")


def test_a_digest_says_how_many_articles_how_long_and_how_often(tmp_path: Path) -> None:
    text = """\
digests:
  morning:
    schedule: at once
    articles: {min: 2, longest_wait: 3d, fuse: 200}
    hold: 0s
    limit: 12
"""
    [spec] = settings(tmp_path, x=text).digests
    assert (spec.minimum, spec.longest_wait, spec.fuse) == (2, timedelta(days=3), 200)
    assert (spec.hold, spec.limit, spec.choices) == (timedelta(0), 12, None)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("{}", Choices()),
        ("{schedules: every sunday at 09:00}", Choices(schedules=(SUNDAYS,))),
        ("{hours: any}", Choices(hours=EVERY_HOUR)),
        ("{hours: [6, 18, 6]}", Choices(hours=frozenset({6, 18}))),
        ("{hours: 7}", Choices(hours=frozenset({7}))),
    ],
)
def test_choices_are_schedules_and_hours(tmp_path: Path, written: str, expected: Choices) -> None:
    text = f"digests: {{morning: {{schedule: every day at 07:30, choices: {written}}}}}\n"
    assert settings(tmp_path, x=text).digests[0].choices == expected


def test_a_reader_has_words_and_a_pause(tmp_path: Path) -> None:
    text = """\
digests: {morning: {schedule: at once}, weekly: {schedule: every sunday at 09:00}}
subscribers:
  - email: first@readers.example
    pause_until: 2027-01-10
    digests: {morning: {words: [ferry]}, weekly: {pause_until: 2027-02-01}}
"""
    [reader] = settings(tmp_path, x=text).subscribers
    assert reader.digests == {
        "morning": Choice(words=("ferry",), pause_until=date(2027, 1, 10)),
        "weekly": Choice(pause_until=date(2027, 2, 1)),
    }


def test_a_row_has_words_and_a_pause_for_all_of_its_digests(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text(
        "email,digests,words,pause_until\n"
        "first@readers.example,morning weekly,ferry; river crossing,2027-01-10\n"
    )
    text = """\
digests: {morning: {schedule: at once}, weekly: {schedule: every sunday at 09:00}}
subscribers_file: r.csv
"""
    [reader] = settings(tmp_path, x=text).subscribers
    both = Choice(words=("ferry", "river crossing"), pause_until=date(2027, 1, 10))
    assert reader.digests == {"morning": both, "weekly": both}


def test_a_digest_that_no_declared_reader_gets_is_told_once_readers_are_declared(
    tmp_path: Path,
) -> None:
    digests = """\
digests:
  morning: {schedule: at once}
  weekly: {schedule: every sunday at 09:00}
  choosy: {schedule: at once, choices: {}}
"""
    assert told(read(tmp_path, x=digests)) == []
    readers = "subscribers: [{email: first@readers.example, digests: morning}]\n"
    assert told(read(tmp_path, x=digests + readers)) == [
        "x.yaml:3:3: warning: none of the declared readers gets the digest `weekly` | readers come"
        " with `paperround subscribers add` too; `choices: {}` says so here"
    ]


def test_without_choices_a_declared_reader_may_have_any_schedule(tmp_path: Path) -> None:
    text = """\
digests: {morning: {schedule: every day at 07:30}}
subscribers:
  - {email: first@readers.example, digests: {morning: {schedule: every hour}}}
"""
    assert settings(tmp_path, x=text).subscribers[0].digests["morning"].schedule is not None
