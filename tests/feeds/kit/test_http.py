"""Validators, preferences and lifetimes: the arithmetic of HTTP."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.kit.http import LEAST_AGE, MOST_AGE, codings, manipulations, max_age, paced, tags_of


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        (None, ["identity"]),
        ("", ["identity"]),
        ("gzip, deflate, br, zstd", ["br", "gzip", "identity"]),
        ("gzip", ["gzip", "identity"]),
        ("x-gzip", ["gzip", "identity"]),
        ("GZIP;Q=1", ["gzip", "identity"]),
        ("gzip;q=1.0, br;q=0.5", ["gzip", "br", "identity"]),
        ("gzip;q=0.5, identity", ["identity", "gzip"]),
        ("br;q=0, gzip", ["gzip", "identity"]),
        ("*", ["br", "gzip", "identity"]),
        ("*;q=0, br", ["br"]),
        ("identity;q=0, gzip", ["gzip"]),
        ("identity;q=0", []),
        ("*;q=0", []),
        ("*;q=0, identity;q=0.2", ["identity"]),
        ("zstd, identity;q=0", []),
        ("gzip;q=nonsense, br ; q = 0.8", ["br", "identity"]),
        (";,;;q=1,,", ["identity"]),
        ("gzip" + ", gzip" * 200, ["gzip", "identity"]),
    ],
)
def test_codings_are_chosen_by_weight_then_by_size(
    accepted: str | None, expected: list[str]
) -> None:
    assert list(codings(accepted)) == expected


@given(st.text(alphabet='gzipbrx*identy;q=01.,"\\ \t', max_size=60))
def test_any_preference_can_be_read(accepted: str) -> None:
    chosen = codings(accepted)
    assert set(chosen) <= {"br", "gzip", "identity"}
    assert len(set(chosen)) == len(chosen)


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ('"a"', ["a"]),
        ('W/"a", "b,c" ,"d"', ["a", "b,c", "d"]),
        ('"a-gzip"', ["a"]),
        ('W/"a;gzip"', ["a"]),
        ('"a--gzip", "a-br", "a-zstd"', ["a", "a", "a"]),
        ('"a-gzip-x"', ["a-gzip-x"]),
        ("a", ["a"]),
        ("", []),
    ],
)
def test_tags_are_read_weak_or_not_and_without_what_proxies_add(
    field: str, expected: list[str]
) -> None:
    assert list(tags_of(field)) == expected


def test_manipulations_are_those_with_a_weight() -> None:
    assert manipulations("feed, gzip;q=0.5") == {"feed", "gzip"}
    assert manipulations("feed;q=0, vcdiff") == {"vcdiff"}


@given(st.lists(st.floats(0, 1e9), max_size=30))
def test_a_copy_may_always_be_used_for_a_minute_and_never_for_more_than_a_quarter_of_an_hour(
    gaps: list[float],
) -> None:
    pace = 0
    for gap in gaps:
        pace = paced(pace, gap)
    assert LEAST_AGE <= max_age(pace) <= MOST_AGE


def after(*gaps: int) -> int:
    pace = 0
    for gap in gaps:
        pace = paced(pace, gap)
    return max_age(pace)


def test_what_changes_often_is_asked_for_often() -> None:
    minute, hour, day = 60, 3600, 86400
    assert after(*[minute] * 5) == LEAST_AGE
    assert after(*[hour] * 5) == 360
    assert after(*[day] * 5) == MOST_AGE
    assert after() == 300  # nobody knows yet
    assert after(*[day] * 5, *[minute] * 12) < 120  # it has woken up
    assert after(*[20 * minute] * 20, day) < 3 * after(*[20 * minute] * 20)  # one quiet night
