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


async def test_what_expired_waits_for_no_other_article(found: Found) -> None:
    paper = await found(NOON, ALERTS, readers=("ada", "bea"))
    await paper.tell("one", at=NOON + MINUTE)
    paper.now = NOON + 5 * MINUTE
    await paper.look()
    paper.relay.be([], Mood.LATER)
    await paper.deliver()
    await paper.round(NOON + 49 * HOUR, NOON + 50 * HOUR)
    assert (paper.told(), paper.told("bea")) == (["one"], ["one"])
    assert paper.relay.offers[-1].letter.content.count(b"[one]") >= 1


async def test_what_expires_again_and_again_comes_when_the_relay_is_back(found: Found) -> None:
    paper = await found(NOON, ALERTS)
    await paper.tell("one", at=NOON + MINUTE)
    for days in range(0, 8, 2):
        await paper.round(NOON + days * 25 * HOUR + 5 * MINUTE, mood=Mood.LATER)
    await paper.round(NOON + 300 * HOUR, NOON + 301 * HOUR)
    assert paper.told() == ["one"]


async def test_an_import_is_held_whole_and_nothing_of_it_goes_before(found: Found) -> None:
    paper = await found(NOON, a_plain_digest("alerts", "at once", "news", limit=3, fuse=5))
    await paper.tell(*"abcdefgh", at=NOON + MINUTE)
    await paper.round(NOON + 5 * MINUTE, NOON + 6 * MINUTE, NOON + 2 * HOUR)
    await paper.tell("i")
    await paper.round(NOON + 3 * HOUR)
    assert paper.told() == []
    await paper.release()
    await paper.round(NOON + 3 * HOUR + MINUTE)
    assert paper.told() == ["a b c d e f g h i"]


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
