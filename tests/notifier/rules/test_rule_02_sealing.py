"""Rule 2: an issue ends with the last arrival at its slot, however late or often it is built."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.notifier.model.world import a_plain_digest
from tests.notifier.rules.builders import dated
from tests.notifier.rules.conftest import Found

DAILY = a_plain_digest("morning", "every day at 07:30")
SLOT = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
MINUTE, TICK = timedelta(minutes=1), timedelta(microseconds=1)


async def test_what_arrives_at_the_instant_of_the_slot_is_in_and_what_comes_after_is_not(
    found: Found,
) -> None:
    paper = await found(SLOT - HOUR, DAILY)
    await paper.tell("in", at=SLOT)
    await paper.tell("out", at=SLOT + TICK)
    await paper.round(SLOT + 5 * MINUTE)
    assert paper.told() == ["in"]
    await paper.round(SLOT + DAY)
    assert paper.told() == ["in", "out"]


async def test_what_arrives_after_an_issue_was_built_is_in_the_next_whatever_the_clock_says(
    found: Found,
) -> None:
    paper = await found(SLOT - HOUR, DAILY)
    await paper.tell("one")
    await paper.round(SLOT)
    await paper.tell("two", at=SLOT - HOUR / 2)  # set back
    await paper.round(SLOT, SLOT + DAY)
    assert paper.told() == ["one", "two"]


async def test_the_clock_set_back_an_hour_sends_nothing_again(found: Found) -> None:
    paper = await found(SLOT - HOUR, DAILY)
    await paper.tell("one")
    await paper.round(SLOT + MINUTE)
    await paper.round(*(SLOT - HOUR + n * 20 * MINUTE for n in range(6)))
    await paper.tell("two", at=SLOT + HOUR)
    await paper.round(SLOT + DAY)
    assert paper.told() == ["one", "two"]


async def test_the_clock_set_back_before_a_slot_brings_it_once(found: Found) -> None:
    paper = await found(SLOT - 2 * HOUR, DAILY)
    await paper.tell("one", at=SLOT - MINUTE)
    await paper.round(SLOT - MINUTE)
    await paper.tell("two", at=SLOT - HOUR)
    await paper.round(*(SLOT - HOUR + n * 20 * MINUTE for n in range(6)))
    assert paper.told() == ["one two"]


async def test_an_embargo_that_is_revealed_late_goes_to_the_next_issue(found: Found) -> None:
    paper = await found(SLOT - HOUR, DAILY)
    await paper.tell("one")
    await paper.round(SLOT)
    # Its time came before the slot, but it was taken in only after the slot was sealed.
    await paper.tell("revealed", at=SLOT + MINUTE, published=dated(SLOT - MINUTE))
    await paper.round(SLOT + 2 * MINUTE, SLOT + DAY)
    assert paper.told() == ["one", "revealed"]
