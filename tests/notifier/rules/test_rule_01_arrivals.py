"""Rule 1: a window is arrivals, not dates: nothing late is lost, and nothing comes twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tests.notifier.model.world import a_plain_digest, an_article_named
from tests.notifier.rules.builders import dated
from tests.notifier.rules.conftest import Found

DAILY = a_plain_digest("morning", "every day at 07:30")
SLOT = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)  # 07:30 in Berlin
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


async def test_an_article_back_dated_by_a_year_comes_with_the_next_issue(found: Found) -> None:
    paper = await found(SLOT - HOUR, DAILY)
    await paper.tell("one")
    await paper.round(SLOT)
    await paper.tell("late", at=SLOT + HOUR, published=dated(SLOT - 365 * DAY))
    await paper.round(SLOT + DAY, SLOT + 2 * DAY)
    assert paper.told() == ["one", "late"]


async def test_an_article_dated_in_the_future_comes_when_its_time_has_come(found: Found) -> None:
    paper = await found(SLOT - HOUR, DAILY)
    await paper.tell("now")
    await paper.tell("embargoed", published=dated(SLOT + HOUR))
    await paper.round(SLOT, SLOT + DAY)
    assert paper.told() == ["now", "embargoed"]


async def test_an_embargo_that_ends_before_the_slot_is_in_its_issue(found: Found) -> None:
    paper = await found(SLOT - HOUR, DAILY)
    await paper.tell("embargoed", published=dated(SLOT - HOUR / 2))
    await paper.round(SLOT)
    assert paper.told() == ["embargoed"]


async def test_an_article_that_is_edited_comes_once(found: Found) -> None:
    paper = await found(SLOT - HOUR, DAILY)
    await paper.tell("one")
    await paper.round(SLOT)
    await paper.tell("one", at=SLOT + HOUR, text="Quite other words, and more of them than before.")
    await paper.round(SLOT + DAY)
    assert paper.told() == ["one"]


async def test_an_article_that_is_published_again_comes_again(found: Found) -> None:
    paper = await found(SLOT - HOUR, DAILY)
    await paper.tell("one")
    await paper.round(SLOT)
    again = an_article_named("of one", "one-again", "news", resend=True)
    paper.now = SLOT + HOUR
    await paper.ingest(again)
    await paper.ingest(again)
    await paper.round(SLOT + DAY, SLOT + 2 * DAY)
    assert paper.told() == ["one", "one-again"]


async def test_one_published_again_before_it_was_sent_comes_once(found: Found) -> None:
    paper = await found(SLOT - HOUR, DAILY)
    await paper.tell("one")
    await paper.ingest(an_article_named("of one", "one-again", "news", resend=True))
    await paper.round(SLOT, SLOT + DAY)
    assert paper.told() == ["one-again"]


async def test_a_teaser_that_becomes_its_article_after_it_was_sent_comes_once(
    found: Found,
) -> None:
    paper = await found(SLOT - HOUR, DAILY)
    teaser = an_article_named("teaser", "one", "news", excerpt=True)
    full = replace(
        an_article_named("full", "one", "news"),
        text=teaser.text + " And here is all the rest of what there is to say of it.",
    )
    await paper.ingest(teaser)
    await paper.round(SLOT)
    paper.now = SLOT + HOUR
    await paper.ingest(replace(full, fingerprint=""))
    await paper.round(SLOT + DAY)
    assert len(await paper.arrivals()) == 1
    assert paper.told() == ["one"]


async def test_an_article_that_is_withdrawn_before_its_slot_does_not_come(found: Found) -> None:
    paper = await found(SLOT - HOUR, DAILY)
    await paper.tell("kept", "slip")
    await paper.ingest(an_article_named("of slip", "slip", "news", withdrawn=True))
    await paper.round(SLOT)
    assert paper.told() == ["kept"]
