"""Rule 10: what expires comes late and is never lost; the fuse; the books."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

from tests.notifier.model.relay import Mood
from tests.notifier.model.world import a_plain_digest
from tests.notifier.rules.conftest import Found

SLOT = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
DAILY = a_plain_digest("morning", "every day at 07:30")
MANY = tuple(f"many{number:02}" for number in range(12))


async def test_what_expires_while_the_mail_server_is_down_comes_with_the_next(
    found: Found,
) -> None:
    paper = await found(SLOT - HOUR, DAILY)
    for day in range(3):
        await paper.tell(f"day{day}", at=SLOT + day * DAY - HOUR)
        hours = [SLOT + day * DAY + hour * HOUR for hour in (0, 6)]
        await paper.round(*hours, mood=Mood.TAKES if day == 2 else Mood.LOST_BEFORE)
    assert paper.told() == ["day0 day1 day2"]
    books = Counter(row.state for row in await paper.rows())
    assert books == {"expired": 2, "accepted": 1}


async def test_a_weekly_issue_expires_after_two_days_and_comes_a_week_late(found: Found) -> None:
    paper = await found(SLOT - HOUR, a_plain_digest("weekly", "every monday at 07:30"))
    await paper.tell("one")
    await paper.round(SLOT, SLOT + 2 * DAY - HOUR, mood=Mood.LATER)
    await paper.round(SLOT + 2 * DAY, SLOT + 3 * DAY)
    assert paper.told() == []
    await paper.tell("two")
    await paper.round(SLOT + 7 * DAY)
    assert paper.told() == ["one two"]


async def test_far_more_than_usual_is_held_until_it_is_released(found: Found) -> None:
    paper = await found(SLOT - HOUR, a_plain_digest("morning", "every day at 07:30", fuse=10))
    await paper.tell(*MANY)
    await paper.round(SLOT, SLOT + HOUR)
    assert paper.told() == []
    assert "paperround send --release morning" in paper.reasons()[0]
    await paper.tell("next", at=SLOT + 2 * HOUR)
    await paper.release()
    await paper.deliver()
    assert paper.told() == [" ".join(MANY)]
    await paper.round(SLOT + DAY)
    assert paper.told() == [" ".join(MANY), "next"]


async def test_what_is_held_for_days_is_released_as_one(found: Found) -> None:
    paper = await found(SLOT - HOUR, a_plain_digest("morning", "every day at 07:30", fuse=5))
    await paper.tell(*MANY)
    await paper.round(SLOT)
    await paper.tell("next", at=SLOT + HOUR)
    await paper.round(SLOT + DAY)
    await paper.release()
    await paper.deliver()
    await paper.round(SLOT + 2 * DAY)
    assert paper.told() == [" ".join((*MANY, "next"))]


async def test_the_fuse_holds_though_everybody_is_owed_an_earlier_window(found: Found) -> None:
    digest = a_plain_digest("morning", "every day at 07:30", fuse=5)
    paper = await found(SLOT - HOUR, digest, timezone="Asia/Tokyo")
    await paper.tell("one")
    await paper.round(SLOT + 16 * HOUR, mood=Mood.LATER)
    await paper.tell(*MANY)
    await paper.round(SLOT + 16 * HOUR + DAY)
    assert paper.told() == []
    await paper.release()
    await paper.deliver()
    assert paper.told() == [" ".join((*MANY, "one"))]


async def test_an_issue_released_late_does_not_cost_what_came_after_it(found: Found) -> None:
    """Meanwhile the lane went on, for the operator took the fuse out."""
    digest = a_plain_digest("morning", "every day at 07:30", fuse=5)
    paper = await found(SLOT - HOUR, digest)
    await paper.tell(*MANY)
    await paper.round(SLOT)
    await paper.edit(a_plain_digest("morning", "every day at 07:30", fuse=100))
    await paper.tell("next", at=SLOT + HOUR)
    await paper.round(SLOT + DAY, mood=Mood.LATER)
    await paper.tell("last", at=SLOT + DAY + HOUR)
    await paper.round(SLOT + 2 * DAY, mood=Mood.LATER)
    await paper.release()
    await paper.round(SLOT + 2 * DAY + HOUR, SLOT + 3 * DAY, SLOT + 4 * DAY)
    assert sorted(" ".join(paper.told()).split()) == ["last", *MANY, "next"]
