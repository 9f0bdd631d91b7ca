"""What becomes of an address: the second dead answer on another day, and a fuse."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.returns.attribution import About, How
from notifier.returns.policy import DEAD, Standing, Step, decide, on_dead
from notifier.returns.reading import read
from notifier.returns.returned import Kind, Recipient, Returned
from tests.laws import law
from tests.notifier.issues import SLOT
from tests.notifier.returns.builders import DAY, FIRST, a_bounce

PROVEN = About(how=How.VERP, subscriber=1, issue=1)
NAMED = About(how=How.ADDRESS, subscriber=1)
BEFORE = Standing(first_at=SLOT - 2 * DAY)


def step(raw: bytes, standing: Standing = BEFORE, about: About = PROVEN) -> Step:
    return decide(read(raw), about, FIRST, standing, SLOT)


def came(kind: Kind, original: str = "") -> Returned:
    return Returned(kind=kind, digest="x", recipients=(Recipient(original=original),))


@pytest.mark.parametrize("status", sorted(DEAD))
def test_no_such_address_on_another_day_suppresses(status: str) -> None:
    assert step(a_bounce(status=status)) is Step.SUPPRESSED


@pytest.mark.parametrize(
    "status", ["4.1.1", "5.2.1", "5.2.2", "4.2.2", "5.7.1", "5.4.4", "5.1.3", "5.1.7", "5.0.0"]
)
def test_nothing_else_does(status: str) -> None:
    assert step(a_bounce(status=status)) is Step.COUNTED


@pytest.mark.parametrize("about", [PROVEN, NAMED])
def test_the_first_answer_is_noted_only(about: About) -> None:
    assert step(a_bounce(), Standing(), about) is Step.NOTED


def test_the_same_day_says_nothing_new() -> None:
    for hours, expected in ((0, Step.COUNTED), (23.9, Step.COUNTED), (24, Step.SUPPRESSED)):
        first = SLOT - timedelta(hours=hours)
        assert on_dead(Standing(first_at=first), SLOT) is expected


def test_an_answer_of_long_ago_is_forgotten() -> None:
    assert on_dead(Standing(first_at=SLOT - 91 * DAY), SLOT) is Step.NOTED


@pytest.mark.parametrize(
    ("dead", "readers", "expected"),
    [
        (8, 9, Step.SUPPRESSED),
        (9, 10, Step.FUSED),
        (9, 100, Step.FUSED),
        (9, 101, Step.SUPPRESSED),
        (500, 10_000, Step.SUPPRESSED),
    ],
)
def test_a_provider_that_loses_its_addresses_is_not_believed(
    dead: int, readers: int, expected: Step
) -> None:
    assert on_dead(replace(BEFORE, dead=dead, readers=readers), SLOT) is expected


def test_another_address_in_the_report_is_not_the_readers() -> None:
    assert step(a_bounce("old@elsewhere.example")) is Step.COUNTED
    assert step(a_bounce("first@elsewhere.example")) is Step.COUNTED


def test_a_server_may_write_the_address_its_own_way() -> None:
    assert step(a_bounce("FIRST@Readers.Example")) is Step.SUPPRESSED
    assert step(a_bounce("f.reader@mail.readers.example")) is Step.SUPPRESSED


def test_of_several_recipients_only_the_one_that_is_named_counts() -> None:
    other = "second@readers.example"
    two = f"5.1.1\n\nFinal-Recipient: rfc822; {other}\nAction: failed\nStatus: 5.1.1"
    assert step(a_bounce(FIRST, status=two)) is Step.SUPPRESSED
    assert step(a_bounce("third@readers.example", status=two)) is Step.COUNTED


def test_a_complaint_suppresses_at_once_if_it_is_about_our_message() -> None:
    complaint = came(Kind.COMPLAINT, original=FIRST)
    assert decide(complaint, PROVEN, FIRST, Standing(), SLOT) is Step.SUPPRESSED
    assert decide(complaint, NAMED, FIRST, Standing(), SLOT) is Step.COUNTED


def test_a_wish_to_leave_needs_the_readers_own_address_for_it() -> None:
    wish = came(Kind.UNSUBSCRIBE)
    assert decide(wish, replace(PROVEN, subscription=1), FIRST, Standing(), SLOT) is Step.LEFT
    assert decide(wish, replace(NAMED, subscription=1), FIRST, Standing(), SLOT) is Step.COUNTED


@law(60)
@given(
    kind=st.sampled_from(Kind),
    status=st.from_regex(r"[245]\.[0-9]{1,2}\.[0-9]{1,2}", fullmatch=True),
    failed=st.booleans(),
    how=st.sampled_from(How),
)
def test_nobody_who_was_not_found_is_touched(
    kind: Kind, status: str, failed: bool, how: How
) -> None:
    told = Returned(
        kind=kind, digest="x", recipients=(Recipient(final=FIRST, status=status, failed=failed),)
    )
    assert decide(told, About(how=how), FIRST, BEFORE, SLOT) is Step.COUNTED
    full = status.endswith(".2.2") or not failed
    if full and kind is Kind.FAILURE:
        assert decide(told, PROVEN, FIRST, BEFORE, SLOT) is Step.COUNTED
