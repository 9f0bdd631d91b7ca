"""Rule 8: a change of cadence moves the reader, and an edited schedule moves the lane."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from notifier.digest.spec import Welcome
from notifier.schedule.language import parse_schedule
from tests.notifier.model.relay import Mood
from tests.notifier.model.world import a_plain_digest
from tests.notifier.rules.conftest import Found

SLOT = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
DAILY = a_plain_digest("morning", "every day at 07:30")


async def test_an_operator_who_moves_a_digest_after_its_slot_sends_no_second_one(
    found: Found,
) -> None:
    paper = await found(SLOT - HOUR, DAILY)
    await paper.tell("one")
    await paper.round(SLOT)
    await paper.edit(replace(DAILY, schedule=parse_schedule("every day at 08:00")))
    await paper.tell("two", at=SLOT + MINUTE)
    await paper.round(SLOT + HOUR / 2, SLOT + 2 * HOUR)
    assert paper.told() == ["one"]
    await paper.round(SLOT + DAY, SLOT + DAY + HOUR / 2)
    assert paper.told() == ["one", "two"]


async def test_an_operator_who_moves_a_digest_before_its_slot_moves_it(found: Found) -> None:
    paper = await found(SLOT - HOUR, DAILY)
    await paper.tell("one")
    paper.now = SLOT - MINUTE
    await paper.edit(replace(DAILY, schedule=parse_schedule("every day at 08:00")))
    await paper.round(SLOT, SLOT + 29 * MINUTE)
    assert paper.told() == []
    await paper.round(SLOT + HOUR / 2)
    assert paper.told() == ["one"]


async def test_an_operator_who_moves_a_digest_back_sends_no_second_one(found: Found) -> None:
    paper = await found(SLOT - HOUR, DAILY)
    await paper.tell("one")
    await paper.round(SLOT)
    for clock in ("08:00", "07:30", "09:00"):
        await paper.edit(replace(DAILY, schedule=parse_schedule(f"every day at {clock}")))
        await paper.tell(f"after-{clock[:2]}", at=paper.now + MINUTE)
        await paper.round(SLOT + 3 * HOUR)
    assert paper.told() == ["one"]


async def test_who_comes_while_an_issue_waits_for_release_gets_nothing_from_before(
    found: Found,
) -> None:
    digest = a_plain_digest("morning", "every day at 07:30", fuse=1, welcome=Welcome.NONE)
    paper = await found(SLOT - HOUR, digest)
    await paper.tell("one", "two")
    await paper.round(SLOT)
    await paper.tell("before", at=SLOT + HOUR)
    paper.now = SLOT + 2 * HOUR
    await paper.subscribe("ada", "ben")
    await paper.release()
    await paper.deliver()
    await paper.tell("after", at=SLOT + 3 * HOUR)
    await paper.round(SLOT + DAY)
    await paper.release()
    await paper.deliver()
    assert paper.told("ada") == ["one two", "after before"]
    assert paper.told("ben") == ["after"]


@pytest.mark.slow
async def test_a_window_returned_while_an_opening_lies_broken_is_not_passed_over(
    found: Found,
) -> None:
    """The rows of the second issue were written before the first one expired."""
    digest = a_plain_digest("often", "every 15 minutes", expires=16 * MINUTE)
    paper = await found(SLOT - HOUR, digest)
    await paper.round(SLOT - 15 * MINUTE)
    await paper.tell("one")
    await paper.round(SLOT, mood=Mood.LATER)
    await paper.tell("two")
    for transactions in range(3, 9):
        paper.database.die(transactions, after=True)
        paper.now = SLOT + 14 * MINUTE
        await paper.round(SLOT + 15 * MINUTE, mood=Mood.LATER)
        paper.database.survive()
    await paper.tell("three", at=SLOT + 50 * MINUTE)
    await paper.round(*(SLOT + n * HOUR for n in range(1, 4)))
    assert sorted(" ".join(paper.told()).split()) == ["one", "three", "two"]
