"""What servers' words mean, and how long a deferred letter waits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.delivery.delivery import Phase, Verdict, classify, next_attempt, unanswered

NOW = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
BEFORE_THE_DOT = [phase for phase in Phase if phase is not Phase.ANSWER]


@pytest.mark.parametrize(
    ("code", "text", "phase", "verdict"),
    [
        (250, "2.0.0 Taken", Phase.ANSWER, Verdict.ACCEPTED),
        (554, "5.7.1 No mail from you", Phase.CONNECT, Verdict.HALT),
        (535, "5.7.8 Wrong credentials", Phase.LOGIN, Verdict.HALT),
        (530, "5.7.0 Authentication required", Phase.SENDER, Verdict.HALT),
        (530, "5.7.0 Authentication required", Phase.RECIPIENT, Verdict.HALT),
        (550, "5.7.1 Not your address", Phase.SENDER, Verdict.HALT),
        (550, "5.1.8 Sender's domain not found", Phase.RECIPIENT, Verdict.HALT),
        (552, "5.3.4 Message too big", Phase.SENDER, Verdict.FAILED),
        (553, "5.6.7 Non-ASCII address", Phase.SENDER, Verdict.FAILED),
        (550, "5.1.1 No such user", Phase.RECIPIENT, Verdict.DEAD_ADDRESS),
        (550, "5.1.2 No such domain", Phase.RECIPIENT, Verdict.DEAD_ADDRESS),
        (551, "5.1.6 Has moved", Phase.RECIPIENT, Verdict.DEAD_ADDRESS),
        (556, "5.1.10 Domain takes no mail", Phase.RECIPIENT, Verdict.DEAD_ADDRESS),
        (550, "No such user", Phase.RECIPIENT, Verdict.FAILED),
        (550, "5.1.100 Unheard of", Phase.RECIPIENT, Verdict.FAILED),
        (550, "5.7.1 said of 5.1.1", Phase.RECIPIENT, Verdict.FAILED),
        (550, "4.1.1 contradicts itself", Phase.RECIPIENT, Verdict.FAILED),
        (450, "5.1.1 contradicts itself", Phase.RECIPIENT, Verdict.DEFERRED),
        (552, "5.2.2 Mailbox full", Phase.RECIPIENT, Verdict.FAILED),
        (550, "5.1.1 No such user", Phase.ANSWER, Verdict.FAILED),
        (552, "5.3.4 Message too big", Phase.ANSWER, Verdict.FAILED),
        (554, "5.6.0 Not a message", Phase.BODY, Verdict.FAILED),
        (354, "again?", Phase.ANSWER, Verdict.IN_DOUBT),
        (250, "Ok", Phase.DATA, Verdict.DEFERRED),
        (-1, "nonsense", Phase.CONNECT, Verdict.DEFERRED),
    ],
)
def test_a_reply_means_what_its_code_and_its_moment_say(
    code: int, text: str, phase: Phase, verdict: Verdict
) -> None:
    answer = classify(code, text, phase)
    assert (answer.verdict, answer.phase, answer.code) == (verdict, phase, code)


@given(st.integers(400, 499), st.text(max_size=40), st.sampled_from(Phase))
def test_a_temporary_refusal_never_costs_a_reader_anything(
    code: int, text: str, phase: Phase
) -> None:
    assert classify(code, text, phase).verdict is Verdict.DEFERRED


@given(st.integers(0, 999), st.text(max_size=40), st.sampled_from(BEFORE_THE_DOT))
def test_nothing_is_accepted_or_in_doubt_before_the_final_dot(
    code: int, text: str, phase: Phase
) -> None:
    assert classify(code, text, phase).verdict not in {Verdict.ACCEPTED, Verdict.IN_DOUBT}


def test_the_enhanced_code_is_told_apart_from_the_words() -> None:
    assert classify(550, "5.1.1 <x@a.example> 5.7.1", Phase.RECIPIENT).enhanced == "5.1.1"
    assert classify(550, "host 5.1.1.1 says no", Phase.RECIPIENT).enhanced == ""
    assert classify(550, "5.1.1.1 is an address", Phase.RECIPIENT).enhanced == ""


def test_a_servers_flood_of_words_is_cut() -> None:
    assert len(classify(550, "x" * 10_000, Phase.RECIPIENT).text) == 500


@pytest.mark.parametrize("phase", Phase)
def test_silence_is_doubt_only_after_the_final_dot(phase: Phase) -> None:
    doubt = unanswered(phase, "lost").verdict is Verdict.IN_DOUBT
    assert doubt == (phase is Phase.ANSWER)


@given(st.text(max_size=20))
def test_a_deferred_letter_waits_longer_each_time(seed: str) -> None:
    waits = [next_attempt(attempts, NOW, seed) - NOW for attempts in range(1, 8)]
    assert waits == sorted(set(waits))
    nominal = [timedelta(minutes=m) for m in (1, 5, 15, 30, 60, 120, 240)]
    for wait, middle in zip(waits, nominal, strict=True):
        assert 0.79 * middle <= wait <= 1.21 * middle


def test_the_longest_wait_is_about_four_hours() -> None:
    assert next_attempt(1000, NOW, "x") - NOW <= timedelta(minutes=288)


def test_waits_are_spread_over_deliveries_and_repeatable_for_one() -> None:
    drawn = {next_attempt(3, NOW, f"issue:{n}") for n in range(100)}
    assert len(drawn) > 90
    assert next_attempt(3, NOW, "issue:7") == next_attempt(3, NOW, "issue:7")


def test_no_wait_goes_beyond_the_end_of_an_issue() -> None:
    end = NOW + timedelta(minutes=10)
    assert next_attempt(7, NOW, "x", expires=end) == end
    assert next_attempt(1, NOW, "x", expires=end) < end
