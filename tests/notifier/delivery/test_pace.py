"""How fast a relay is written to, as a law: never too fast, never nothing, slower when asked."""

from __future__ import annotations

from bisect import bisect_left
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.delivery.delivery import Answer, Phase, Verdict, classify, unanswered
from notifier.delivery.pace import Limits, Pace, asks_for_less
from tests.laws import law

TAKEN = classify(250, "2.0.0 Taken", Phase.ANSWER)
LATER = classify(451, "4.3.2 Later", Phase.SENDER)
REFUSED = classify(550, "5.7.1 Never", Phase.ANSWER)

answers = st.sampled_from([TAKEN, TAKEN, TAKEN, LATER, REFUSED])
seconds = st.floats(0, 30, allow_nan=False)
limits = st.builds(
    Limits,
    connections=st.integers(1, 100),
    rate=st.sampled_from([0.0, 0.1, 1.0, 30.0, 1000.0]),
    warm_up=st.sampled_from([0.0, 1 / 6, 5.0]),
)


def after_many(pace: Pace, answer: Answer, times: int, *, every: float = 1.0) -> Pace:
    for number in range(1, times + 1):
        pace = pace.after(answer, number * every, number * every)
    return pace


@law(60)
@given(limits, st.lists(st.tuples(seconds, answers), max_size=60))
def test_there_is_always_a_moment_and_never_more_than_is_allowed(
    limits: Limits, history: list[tuple[float, Answer]]
) -> None:
    pace, now = Pace(limits=limits), 0.0
    longest = 60 + max(60, 1 / pace.rate)
    for wait, answer in history:
        when, pace = pace.reserve(now)
        now = when + wait
        pace = pace.after(answer, when, now)
        assert 1 <= pace.connections <= limits.connections
        assert 0 < pace.rate <= (limits.rate or float("inf"))
        soonest, _ = pace.reserve(now)
        assert soonest <= now + longest


@law(60)
@given(
    st.integers(1, 50),
    st.lists(st.tuples(st.floats(0, 0.3, allow_nan=False), answers), min_size=1, max_size=200),
)
def test_no_window_of_time_has_more_than_its_rate(
    rate: int, asked: list[tuple[float, Answer]]
) -> None:
    pace, now, granted = Pace(limits=Limits(rate=float(rate))), 0.0, []
    for wait, answer in asked:
        now += wait
        when, pace = pace.reserve(now)
        granted.append(when)
        pace = pace.after(answer, now, now)
    assert all(a <= b for a, b in pairwise(granted))
    for number, first in enumerate(granted):
        within = bisect_left(granted, first + 1 - 1e-6) - number
        assert within <= rate


@law(40)
@given(limits, st.lists(answers, max_size=40))
def test_after_any_trouble_everything_comes_back(limits: Limits, history: list[Answer]) -> None:
    pace = Pace(limits=limits)
    for number, answer in enumerate(history, 1):
        pace = pace.after(answer, float(number), float(number))
    for number in range(100, 300):
        pace = pace.after(TAKEN, number * 5.0, number * 5.0)
    assert pace.share == 1.0
    if not limits.rate and not limits.warm_up:
        assert pace.connections == limits.connections
        assert pace.reserve(10_000.0) == (10_000.0, pace)


@law(50)
@given(limits, st.lists(answers, max_size=5))
def test_what_is_accepted_changes_nothing_where_the_pace_is_settled(
    limits: Limits, history: list[Answer]
) -> None:
    pace = Pace(limits=limits)
    for second, answer in enumerate(history):
        if pace.is_settled:
            assert pace.after(TAKEN, second, second + 0.5) is pace
            assert pace.free_at < second
        _, pace = pace.reserve(second)
        pace = pace.after(answer, second, second + 0.5)
    assert not (limits.warm_up and pace.is_settled)


def test_trouble_halves_connections_and_rate_and_rests_longer_each_time() -> None:
    pace = Pace(limits=Limits(connections=10, rate=8.0))
    told = []
    for now in (10.0, 100.0, 200.0):
        pace = pace.after(LATER, now, now)
        told.append((pace.connections, pace.rate, pace.reserve(now)[0] - now))
    assert told == [(5, 4.0, 1.0), (2, 2.0, 2.0), (1, 1.0, 4.0)]


def test_letters_that_went_together_slow_down_once() -> None:
    pace = Pace(limits=Limits(connections=16))
    for _ in range(10):
        pace = pace.after(LATER, began=5.0, now=6.0)
    assert pace.connections == 8
    assert pace.after(TAKEN, began=5.0, now=60.0) == pace
    assert pace.after(LATER, began=6.5, now=7.0).connections == 4


def test_it_comes_back_step_by_step() -> None:
    pace = Pace(limits=Limits(connections=16)).after(LATER, 1.0, 1.0)
    told = []
    for now in range(2, 60):
        pace = pace.after(TAKEN, float(now), float(now))
        told.append(pace.connections)
    assert set(told) == set(range(8, 17))
    assert told == sorted(told)


def test_a_new_address_begins_slowly_and_rises_with_what_is_taken() -> None:
    limits = Limits(connections=10, rate=100.0, warm_up=10 / 60)
    pace = Pace(limits=limits)
    assert (pace.connections, pace.rate) == (1, 10 / 60)
    assert after_many(pace, TAKEN, 600).rate == pytest.approx(20 / 60)
    assert after_many(pace, REFUSED, 600).rate == 10 / 60
    assert Pace(limits=limits, taken=10_000_000).rate == 100.0


@pytest.mark.parametrize(
    ("answer", "less"),
    [
        (TAKEN, False),
        (REFUSED, False),
        (LATER, True),
        (classify(421, "4.3.2 Bye", Phase.DATA), True),
        (classify(452, "4.2.2 Mailbox full", Phase.RECIPIENT), False),
        (classify(450, "4.1.1 Who?", Phase.RECIPIENT), False),
        (classify(450, "4.7.1 Greylisted", Phase.RECIPIENT), True),
        (unanswered(Phase.CONNECT, "refused"), True),
        (unanswered(Phase.RECIPIENT, "lost"), False),
        (unanswered(Phase.ANSWER, "lost"), True),
        (Answer(verdict=Verdict.HALT, phase=Phase.LOGIN, code=535), False),
    ],
)
def test_what_asks_for_less(answer: Answer, less: bool) -> None:
    assert asks_for_less(answer) is less
