"""At once: each article by itself after a short hold, and no more than so many an hour."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.notifier.model.relay import Mood
from tests.notifier.model.world import a_plain_digest, an_article_named
from tests.notifier.rules.conftest import Found

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
ALERTS = a_plain_digest("alerts", "at once", "news")


async def test_an_article_is_held_two_minutes_and_sent_by_itself(found: Found) -> None:
    paper = await found(NOON, ALERTS)
    await paper.tell("one", at=NOON + MINUTE)
    await paper.tell("two", at=NOON + 2 * MINUTE)
    await paper.round(NOON + 2 * MINUTE)
    assert paper.told() == []
    await paper.round(NOON + 3 * MINUTE, NOON + 4 * MINUTE)
    assert paper.told() == ["one", "two"]


async def test_a_slip_that_is_taken_back_within_the_hold_is_never_sent(found: Found) -> None:
    paper = await found(NOON, ALERTS)
    await paper.tell("slip", "right", at=NOON + MINUTE)
    await paper.round(NOON + 2 * MINUTE)
    await paper.ingest(an_article_named("of slip", "slip", "news", withdrawn=True))
    await paper.round(NOON + 5 * MINUTE)
    assert paper.told() == ["right"]


async def test_past_the_limit_of_an_hour_the_rest_goes_together(found: Found) -> None:
    paper = await found(NOON, a_plain_digest("alerts", "at once", "news", limit=3))
    await paper.tell(*"abcde", at=NOON + MINUTE)
    await paper.round(NOON + 5 * MINUTE)
    assert paper.told() == ["a", "b", "c d e"]
    await paper.tell("f", "g", at=NOON + 10 * MINUTE)
    await paper.round(NOON + HOUR)
    assert len(paper.told()) == 3
    await paper.round(NOON + HOUR + 6 * MINUTE)
    assert paper.told() == ["a", "b", "c d e", "f", "g"]


async def test_what_expired_is_sent_with_the_next_article(found: Found) -> None:
    paper = await found(NOON, ALERTS)
    await paper.tell("one", at=NOON + MINUTE)
    await paper.round(NOON + 5 * MINUTE, mood=Mood.LATER)
    await paper.tell("two", at=NOON + 50 * HOUR)
    await paper.round(NOON + 51 * HOUR)
    assert paper.told() == ["one two"]


async def test_what_a_digest_at_once_has_sent_is_not_in_the_daily_one(found: Found) -> None:
    daily = a_plain_digest("daily", "every day at 18:00")
    paper = await found(NOON, daily, ALERTS)
    await paper.tell("alert", at=NOON + MINUTE)
    await paper.tell("calm", section="culture")
    await paper.round(NOON + 5 * MINUTE, NOON + 6 * HOUR)
    assert (paper.told(digest="alerts"), paper.told(digest="daily")) == (["alert"], ["calm"])
