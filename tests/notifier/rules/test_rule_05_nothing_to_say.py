"""Rule 5: a slot with nothing to say is recorded; `min` holds articles over and drops none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from notifier.tables import issues
from tests.notifier.model.world import a_plain_digest, an_article_named
from tests.notifier.rules.conftest import Found

SLOT = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
DAILY = "every day at 07:30"


async def test_a_slot_without_articles_is_skipped_with_the_reason(found: Found) -> None:
    paper = await found(SLOT - HOUR, a_plain_digest("morning", DAILY))
    await paper.round(SLOT, SLOT + HOUR)
    async with paper.database.read() as connection:
        rows = (await connection.execute(select(issues.c.state, issues.c.reason))).all()
    assert [tuple(row) for row in rows] == [("skipped", "no new articles")]


async def test_too_few_wait_until_there_are_enough(found: Found) -> None:
    paper = await found(SLOT - HOUR, a_plain_digest("morning", DAILY, minimum=3))
    for day, name in enumerate(("one", "two", "three")):
        await paper.tell(name, at=SLOT + day * DAY - HOUR)
        await paper.round(SLOT + day * DAY)
    assert paper.told() == ["one three two"]


async def test_too_few_wait_no_longer_than_they_may(found: Found) -> None:
    digest = a_plain_digest("morning", DAILY, minimum=3, longest_wait=36 * HOUR)
    paper = await found(SLOT - HOUR, digest)
    await paper.tell("one")
    await paper.round(SLOT, SLOT + DAY)
    assert paper.told() == []
    await paper.round(SLOT + 2 * DAY)
    assert paper.told() == ["one"]


async def test_who_is_held_over_keeps_their_place_while_others_are_served(found: Found) -> None:
    """Ada has had one of the three from the first digest, so two are too few for her."""
    first = a_plain_digest("first", DAILY, "sport")
    second = a_plain_digest("second", "every day at 08:00", minimum=3)
    paper = await found(SLOT - HOUR, first, second, readers=("ada", "ben"))
    await paper.leave("ben", "first")
    await paper.tell("a", "b")
    await paper.tell("s", section="sport")
    await paper.round(SLOT, SLOT + HOUR)
    assert paper.told("ben") == ["a b s"]
    assert paper.told("ada") == ["s"]
    await paper.tell("c")
    await paper.round(SLOT + DAY, SLOT + DAY + HOUR)
    assert paper.told("ada") == ["s", "a b c"]


async def test_who_is_paused_is_owed_what_came_while_there_was_nobody_else(found: Found) -> None:
    paper = await found(SLOT - HOUR, a_plain_digest("morning", DAILY), timezone="Asia/Tokyo")
    await paper.tell("one")
    await paper.round(SLOT + 18 * HOUR)
    await paper.pause("ada", "morning", until=SLOT + 10 * DAY)
    await paper.tell("two", at=SLOT + 2 * DAY)
    await paper.round(*(SLOT + day * DAY for day in range(3, 6)))
    assert paper.told() == ["one"]
    await paper.tell("three", at=SLOT + 11 * DAY)
    await paper.round(SLOT + 12 * DAY)
    assert paper.told() == ["one", "three two"]


async def test_who_is_paused_is_owed_what_all_others_had_from_another_digest(
    found: Found,
) -> None:
    first = a_plain_digest("first", DAILY)
    second = a_plain_digest("second", "every day at 08:00")
    paper = await found(SLOT - HOUR, first, second, readers=("ada", "ben"), timezone="Asia/Tokyo")
    await paper.tell("one")
    await paper.round(SLOT + 18 * HOUR)
    await paper.leave("ada", "first")
    await paper.pause("ada", "second", until=SLOT + 3 * DAY)
    await paper.tell("two")
    await paper.round(SLOT + 18 * HOUR + DAY)
    assert paper.told("ben") == ["one", "two"]
    await paper.tell("three", at=SLOT + 4 * DAY)
    await paper.round(SLOT + 4 * DAY + 18 * HOUR)
    assert paper.told("ada") == ["one", "three two"]


async def test_an_article_withdrawn_while_its_issue_lies_broken_costs_nobody_a_place(
    found: Found,
) -> None:
    paper = await found(SLOT - HOUR, a_plain_digest("morning", DAILY))
    await paper.tell("slip")
    paper.now = SLOT
    paper.database.die(1, after=True)
    assert await paper.look()
    await paper.ingest(an_article_named("of slip", "slip", "news", withdrawn=True))
    await paper.tell("two", at=SLOT + HOUR)
    await paper.round(SLOT + HOUR, SLOT + DAY)
    assert paper.told() == ["two"]
