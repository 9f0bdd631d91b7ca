"""Feeds in one line: searches, combinations, a feed for each tag; and the names they had."""

from __future__ import annotations

from pathlib import Path

import pytest

from feeds import Body, ForEach, Kind, Query
from tests.notifier.configuration.builders import read, settings, told

SPORT, GOAL = Query(sections=("sport",)), Query(words=("goal",))
A_AND_B = "a: {select: {sections: sport}}, b: {words: goal}"


def _selects(folder: Path, text: str) -> dict[str, Query]:
    return {feed.name: feed.select for feed in settings(folder, x=text).feeds}


def test_a_search_is_one_line_and_titled_with_its_words(tmp_path: Path) -> None:
    text = """
feeds:
  ferries: {words: [ferry, "river crossing"]}
  boats: {words: boat, title: Boats, select: {sections: harbour}}
"""
    ferries, boats = settings(tmp_path, x=text).feeds
    assert ferries.select == Query(words=("ferry", "river crossing"))
    assert ferries.title == "ferry, river crossing"
    assert boats.select == Query(sections=("harbour",), words=("boat",))
    assert boats.title == "Boats"


def test_a_combination_has_what_one_of_its_feeds_has(tmp_path: Path) -> None:
    text = f"feeds: {{both: {{feeds: [a, b]}}, one: {{feeds: a}}, {A_AND_B}}}"
    found = _selects(tmp_path, text)
    assert found["both"] == Query(any=(SPORT, GOAL))
    assert found["one"] == SPORT


def test_a_combination_is_narrowed_by_its_own_selection(tmp_path: Path) -> None:
    text = f"feeds: {{both: {{feeds: [a, b], select: {{tags: t}}, words: w}}, {A_AND_B}}}"
    assert _selects(tmp_path, text)["both"] == Query(tags=("t",), words=("w",), any=(SPORT, GOAL))


def test_combinations_are_made_of_combinations_in_any_order(tmp_path: Path) -> None:
    text = f"feeds: {{top: {{feeds: [both, c]}}, c: {{}}, both: {{feeds: [b, a]}}, {A_AND_B}}}"
    assert _selects(tmp_path, text)["top"] == Query()
    text = text.replace("c: {}", "c: {words: c}")
    both = Query(any=(GOAL, SPORT))
    assert _selects(tmp_path, text)["top"] == Query(any=(both, Query(words=("c",))))


def test_a_digest_names_combined_feeds(tmp_path: Path) -> None:
    text = f"feeds: {{both: {{feeds: [a, b]}}, {A_AND_B}}}\n"
    text += (
        "digests: {m: {schedule: at once, feeds: both}, n: {schedule: at once, feeds: [both, a]}}"
    )
    m, n = settings(tmp_path, x=text).digests
    assert m.select == Query(any=(SPORT, GOAL))
    assert n.select == Query(any=(m.select, SPORT))


def test_a_broken_file_may_have_the_feeds_that_it_speaks_of_and_no_others(tmp_path: Path) -> None:
    loaded = read(tmp_path, x="feeds: {a: {feeds: [perhaps, per]}}", y="feeds: [perhaps: {}")
    assert [problem.headline.rpartition("/")[2] for problem in loaded.problems] == [
        "x.yaml:1:30: there is no feed `per`",
        "y.yaml:2:1: expected `,` or `]`; the list that begins in line 1 is not closed",
    ]


def test_a_combination_that_grows_without_end_is_refused(tmp_path: Path) -> None:
    lines = [f"  f{n}: {{words: w{n}, feeds: [f{n - 1}, g{n - 1}]}}\n" for n in range(1, 40)]
    lines += [f"  g{n}: {{words: v{n}, feeds: [f{n - 1}, g{n - 1}]}}\n" for n in range(1, 40)]
    loaded = read(tmp_path, x="feeds:\n  f0: {words: a}\n  g0: {words: b}\n" + "".join(lines))
    assert {problem.message for problem in loaded.problems} == {
        "these feeds are themselves combined of too many"
    }


def test_a_chain_of_thousands_of_feeds_is_refused_in_words(tmp_path: Path) -> None:
    lines = [f"  f{n}: {{words: w{n}, feeds: f{n - 1}}}\n" for n in range(1, 3000)]
    loaded = read(tmp_path, x="feeds:\n  f0: {words: a}\n" + "".join(lines))
    assert loaded.problems[0].message == "these feeds are themselves combined of too many"
    assert loaded.problems[0].line == 23


def test_a_long_circle_is_told_in_short(tmp_path: Path) -> None:
    lines = [f"  f{n}: {{feeds: f{(n + 1) % 3000}}}\n" for n in range(3000)]
    loaded = read(tmp_path, x="feeds:\n" + "".join(lines))
    shown = " > ".join(f"`f{n}`" for n in range(6))
    assert told(loaded) == [f"x.yaml:2:15: the feeds go round in a circle: {shown} > … > `f0`"]


def test_earlier_names_and_names_that_are_gone(tmp_path: Path) -> None:
    found = settings(
        tmp_path,
        x="feeds: {a: {was: b}, c: {was: [d, News, tag-économie]}}\ngone: [e]\n",
        y="gone: f\n",
    )
    assert [feed.was for feed in found.feeds] == [("b",), ("d", "News", "tag-économie")]
    assert found.gone == ("e", "f")


def test_a_name_is_one_thing_in_all_files(tmp_path: Path) -> None:
    loaded = read(tmp_path, x="feeds: {a: {}}", y="gone: [a]", z="feeds: {b: {was: a}}")
    assert told(loaded) == [
        "y.yaml:1:8: `a` is a feed already, in x.yaml:1:9",
        "z.yaml:1:18: `a` is a feed already, in x.yaml:1:9",
    ]


@pytest.mark.parametrize("written", ["[tag, author]", "{tag: , author: {}}"])
def test_a_feed_for_each_is_declared_by_kind(tmp_path: Path, written: str) -> None:
    found = settings(tmp_path, x=f"feeds_for_each: {written}")
    assert found.for_each == (ForEach(kind=Kind.TAG), ForEach(kind=Kind.AUTHOR))
    assert settings(tmp_path, x="feeds_for_each: source").for_each[0].kind is Kind.SOURCE


def test_a_feed_for_each_says_how_it_is(tmp_path: Path) -> None:
    text = "feeds_for_each: {tag: {title: 'On {name}', items: 30, content: summary}}"
    expected = ForEach(kind=Kind.TAG, title="On {name}", items=30, body=Body.SUMMARY)
    assert settings(tmp_path, x=text).for_each == (expected,)


def test_a_plural_is_not_a_kind(tmp_path: Path) -> None:
    expected = "`sections` is not one of the choices | did you mean `section`?"
    assert told(read(tmp_path, x="feeds_for_each: [tag, sections]")) == [f"x.yaml:1:23: {expected}"]


def test_a_declared_feed_takes_the_place_of_a_generated_one(tmp_path: Path) -> None:
    loaded = read(tmp_path, x="feeds_for_each: tag\nfeeds: {tag-sport: {}, author-a: {}}\n")
    assert [problem.headline.rpartition("/")[2] for problem in loaded.problems] == [
        "x.yaml:2:9: warning: this feed takes the place of one that `feeds_for_each` makes"
    ]
    assert [feed.name for feed in loaded.settings_or_raise().feeds] == ["tag-sport", "author-a"]
