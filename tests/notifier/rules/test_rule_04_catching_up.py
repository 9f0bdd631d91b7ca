"""Rule 4: slots that were missed are caught up by one issue, or folded into the next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.notifier.model.world import a_plain_digest
from tests.notifier.rules.conftest import Found

SLOT = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)  # a Monday
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
SPAN = "{% for a in articles %}[{{ a.title }}]\n{% endfor %}\nspan ({{ span }})\n"


async def test_an_outage_of_a_week_is_one_issue_that_says_its_span(found: Found) -> None:
    paper = await found(SLOT - HOUR, a_plain_digest("morning", "every day at 07:30"))
    (paper.settings.templates / "plain.txt").write_text(SPAN)
    await paper.close()
    await paper.open()
    await paper.tell("one")
    await paper.round(SLOT)
    for day in range(1, 4):
        await paper.tell(f"day{day}", at=SLOT + 2 * day * DAY)
    await paper.round(SLOT + 7 * DAY + HOUR)
    assert paper.told() == ["one", "day1 day2 day3"]
    first, second = (offer.letter.content.decode() for offer in paper.relay.offers)
    assert "span ()" in first
    said = second.partition("span (")[2].partition(")")[0]
    assert "23" in said
    assert "30" in said


async def test_a_slot_that_is_too_late_is_folded_into_the_next(found: Found) -> None:
    paper = await found(SLOT - HOUR, a_plain_digest("morning", "every day at 07:30"))
    await paper.tell("one")
    await paper.round(SLOT + 13 * HOUR)
    assert paper.reasons() == ["too late: its articles go into the next issue"]
    await paper.tell("two")
    await paper.round(SLOT + DAY)
    assert paper.told() == ["one two"]


async def test_a_digest_may_say_how_late_it_may_be(found: Found) -> None:
    digest = a_plain_digest("morning", "every day at 07:30", late=2 * HOUR)
    paper = await found(SLOT - HOUR, digest)
    await paper.tell("one")
    await paper.round(SLOT + 2 * HOUR + MINUTE)
    assert paper.told() == []
    await paper.tell("two")
    await paper.round(SLOT + DAY + 2 * HOUR - MINUTE)
    assert paper.told() == ["one two"]


async def test_a_quarterly_digest_catches_up_by_one_issue(found: Found) -> None:
    paper = await found(SLOT - HOUR, a_plain_digest("often", "every 15 minutes"))
    await paper.round(SLOT)
    for number in range(4):
        await paper.tell(f"q{number}", at=SLOT + number * 15 * MINUTE + MINUTE)
    await paper.round(SLOT + HOUR)
    assert paper.told() == ["q0 q1 q2 q3"]
