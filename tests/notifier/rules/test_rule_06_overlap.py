"""Rule 6: an article at most once per reader, over all digests, and who comes first."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from notifier.digest.spec import Welcome
from notifier.subscriber import Choice
from tests.notifier.model.relay import Mood
from tests.notifier.model.world import a_plain_digest
from tests.notifier.rules.conftest import Found

SLOT = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)  # Monday, 07:30 in Berlin
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
DAILY = "every day at 07:30"
SPORT = a_plain_digest("sport", DAILY, "sport")
ALL = a_plain_digest("all", DAILY)


async def test_of_two_digests_at_one_instant_the_first_in_the_file_has_the_article(
    found: Found,
) -> None:
    paper = await found(SLOT - HOUR, SPORT, ALL)
    await paper.tell("s", section="sport")
    await paper.tell("n")
    await paper.round(SLOT)
    assert (paper.told(digest="sport"), paper.told(digest="all")) == (["s"], ["n"])


async def test_the_order_in_the_file_decides(found: Found) -> None:
    paper = await found(SLOT - HOUR, ALL, SPORT)
    await paper.tell("s", section="sport")
    await paper.tell("n")
    await paper.round(SLOT)
    assert (paper.told(digest="sport"), paper.told(digest="all")) == ([], ["n s"])


async def test_the_earlier_slot_goes_before_the_order_in_the_file(found: Found) -> None:
    later = a_plain_digest("later", "every day at 07:45")
    paper = await found(SLOT - HOUR, later, SPORT)
    await paper.tell("s", section="sport")
    await paper.tell("n")
    await paper.round(SLOT + HOUR)  # both are late
    assert (paper.told(digest="sport"), paper.told(digest="later")) == (["s"], ["n"])


async def test_a_weekly_digest_has_what_the_daily_one_has_not_told(found: Found) -> None:
    weekly = a_plain_digest("weekly", "every sunday at 09:00")
    paper = await found(SLOT - HOUR, SPORT, weekly)
    for day in range(3):
        await paper.tell(f"s{day}", at=SLOT + day * DAY - HOUR, section="sport")
        await paper.tell(f"n{day}")
        await paper.round(SLOT + day * DAY)
    await paper.round(SLOT + 6 * DAY + 2 * HOUR)
    assert paper.told(digest="sport") == [f"s{day}" for day in range(3)]
    assert paper.told(digest="weekly") == ["n0 n1 n2"]


async def test_a_claim_is_released_when_the_delivery_fails(found: Found) -> None:
    later = a_plain_digest("later", "every day at 08:00")
    paper = await found(SLOT - HOUR, SPORT, later)
    await paper.tell("s", section="sport")
    await paper.round(SLOT, mood=Mood.REFUSES)
    await paper.round(SLOT + HOUR)
    assert (paper.told(digest="sport"), paper.told(digest="later")) == ([], ["s"])


async def test_a_claim_is_released_when_the_issue_expires(found: Found) -> None:
    quick = a_plain_digest("quick", DAILY, "sport", expires=20 * MINUTE)
    later = a_plain_digest("later", "every day at 08:00")
    paper = await found(SLOT - HOUR, quick, later)
    await paper.tell("s", section="sport")
    await paper.round(SLOT, mood=Mood.LATER)
    await paper.round(SLOT + 30 * MINUTE)
    assert (paper.told(digest="quick"), paper.told(digest="later")) == ([], ["s"])
    await paper.round(SLOT + DAY)
    assert paper.told() == ["s"]


LATER = a_plain_digest("later", "every day at 08:00")


async def test_what_fails_after_another_digest_passed_it_over_comes_with_that_one(
    found: Found,
) -> None:
    paper = await found(SLOT - HOUR, SPORT, LATER)
    await paper.tell("s", section="sport")
    await paper.round(SLOT, SLOT + 30 * MINUTE, mood=Mood.LATER)  # later has had nothing to say
    await paper.round(SLOT + 3 * HOUR, mood=Mood.REFUSES)
    assert [row.state for row in await paper.rows()] == ["failed"]
    await paper.round(SLOT + DAY, SLOT + DAY + HOUR)
    assert (paper.told(digest="sport"), paper.told(digest="later")) == ([], ["s"])


async def test_who_leaves_a_digest_before_it_is_sent_has_its_articles_by_another(
    found: Found,
) -> None:
    paper = await found(SLOT - HOUR, SPORT, LATER)
    await paper.tell("s", section="sport")
    await paper.tell("n")
    await paper.round(SLOT, mood=Mood.LATER)
    await paper.round(SLOT + 30 * MINUTE, mood=Mood.HALTS)
    await paper.leave("ada", "sport")
    await paper.round(SLOT + 3 * HOUR, SLOT + DAY, SLOT + DAY + HOUR)
    assert (paper.told(digest="sport"), paper.told(digest="later")) == ([], ["n", "s"])


async def test_what_came_before_a_subscription_is_not_owed_by_it_when_another_fails(
    found: Found,
) -> None:
    paper = await found(SLOT - HOUR, SPORT, replace(LATER, welcome=Welcome.NONE), readers=())
    await paper.subscribe("ada", digests={"sport": Choice()})
    await paper.tell("old", section="sport")
    await paper.round(SLOT, mood=Mood.LATER)
    await paper.subscribe("ada")
    await paper.tell("new")
    paper.now = SLOT + 30 * MINUTE
    await paper.look()
    paper.relay.be([Mood.REFUSES], Mood.TAKES)  # what was deferred goes first
    await paper.deliver()
    await paper.round(SLOT + DAY, SLOT + DAY + HOUR)
    assert (paper.told(digest="sport"), paper.told(digest="later")) == ([], ["new"])


async def test_a_claim_is_kept_when_in_doubt(found: Found) -> None:
    later = a_plain_digest("later", "every day at 08:00")
    paper = await found(SLOT - HOUR, SPORT, later)
    await paper.tell("s", section="sport")
    await paper.round(SLOT, SLOT + 5 * MINUTE, mood=Mood.LOST_TAKEN)
    await paper.round(SLOT + HOUR, SLOT + DAY, SLOT + DAY + HOUR)
    assert paper.told() == ["s"]
    assert [row.state for row in await paper.rows()] == ["in_doubt"]


async def test_what_was_to_be_resent_and_is_not_in_time_stays_in_doubt(found: Found) -> None:
    """The first copy may have been taken: giving its articles again would give them twice."""
    quick = a_plain_digest("quick", DAILY, expires=20 * MINUTE)
    paper = await found(SLOT - HOUR, quick)
    await paper.tell("one")
    await paper.round(SLOT, mood=Mood.LOST_TAKEN)
    await paper.tell("two", at=SLOT + HOUR)
    await paper.round(SLOT + DAY)
    assert paper.told() == ["one", "two"]
    assert [(row.state, row.reason) for row in await paper.rows()] == [
        ("in_doubt", "not resent in time"),
        ("accepted", ""),
    ]


async def test_what_is_refused_when_it_is_resent_stays_in_doubt(found: Found) -> None:
    later = a_plain_digest("later", "every day at 08:00")
    paper = await found(SLOT - HOUR, SPORT, later)
    await paper.tell("s", section="sport")
    await paper.round(SLOT, mood=Mood.LOST_TAKEN)
    await paper.round(SLOT + 5 * MINUTE, mood=Mood.REFUSES)
    await paper.round(SLOT + HOUR)
    assert paper.told() == ["s"]


async def test_who_pauses_before_something_is_resent_does_not_get_it_twice(found: Found) -> None:
    paper = await found(SLOT - HOUR, ALL)
    await paper.tell("one")
    await paper.round(SLOT, mood=Mood.LOST_TAKEN)
    await paper.pause("ada", "all", until=SLOT + 2 * DAY)
    await paper.round(SLOT + 5 * MINUTE)
    await paper.tell("two", at=SLOT + 3 * DAY)
    await paper.round(SLOT + 4 * DAY)
    assert paper.told() == ["one", "two"]
