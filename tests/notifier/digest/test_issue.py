"""What is due, how late it may be, and who shares a lane."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from feeds import Query
from notifier.digest.issue import Due, due, expiry, lateness
from notifier.digest.lane import lane_of, selection_of
from notifier.digest.spec import Topic
from notifier.schedule.language import parse_schedule
from notifier.subscriber import Choice
from tests.feeds.builders import an_article
from tests.notifier.builders import SITE, a_digest, a_reader

DAILY = parse_schedule("every day at 07:30")
PARIS = "Europe/Paris"
SLOT = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)  # 07:30 in Paris
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


def at(
    now: datetime, served_at: datetime = SLOT - DAY, covered_to: datetime = SLOT - DAY
) -> Due | None:
    spec = a_digest()
    return due(spec, DAILY, PARIS, served_at=served_at, covered_to=covered_to, now=now)


def test_nothing_is_due_before_the_slot() -> None:
    assert at(SLOT - MINUTE) is None


def test_a_slot_is_due_at_its_instant_and_not_again() -> None:
    found = at(SLOT)
    assert found is not None
    assert found.slot.identity == "2026-11-23T07:30 Europe/Paris"
    assert (found.folded, found.spans_from) == (False, None)
    assert at(SLOT + MINUTE, served_at=SLOT) is None


def test_an_outage_of_a_week_is_one_issue_that_says_its_span() -> None:
    found = at(SLOT + MINUTE, served_at=SLOT - 7 * DAY, covered_to=SLOT - 7 * DAY)
    assert found is not None
    assert found.slot.instant == SLOT
    assert found.spans_from == SLOT - 7 * DAY


def test_a_slot_that_is_too_late_is_folded_into_the_next() -> None:
    assert lateness(a_digest(), DAILY) == timedelta(hours=12)
    late = at(SLOT + timedelta(hours=12, minutes=1))
    assert late is not None
    assert late.folded


def test_a_folded_window_shows_in_the_span_of_the_next_issue() -> None:
    following = at(SLOT + DAY, served_at=SLOT, covered_to=SLOT - DAY)
    assert following is not None
    assert following.spans_from == SLOT - DAY


def test_an_issue_expires_at_the_next_slot_at_most_after_two_days() -> None:
    assert expiry(a_digest(), DAILY, PARIS, SLOT) == SLOT + DAY
    weekly = parse_schedule("every monday at 07:30")
    assert expiry(a_digest(), weekly, PARIS, SLOT) == SLOT + 2 * DAY


def test_lanes_are_by_schedule_zone_language_and_topics() -> None:
    spec = a_digest(topics={"b": Topic(name="b", title="B", select=Query())})
    reader = a_reader(timezone="Asia/Tokyo", language="ja")
    lane = lane_of(spec, Choice(topics=("b", "unknown")), reader, SITE)
    assert (lane.timezone, lane.language, lane.topics) == ("Asia/Tokyo", "ja", ("b",))
    assert lane_of(spec, Choice(), a_reader(), SITE).timezone == "Europe/Paris"
    fixed = lane_of(a_digest(timezone="UTC"), Choice(), reader, SITE)
    assert fixed.timezone == "UTC"


def test_topics_narrow_the_digest_and_never_widen_it() -> None:
    topics = {
        "sport": Topic(name="sport", title="Sport", select=Query(sections=("sport",))),
        "art": Topic(name="art", title="Art", select=Query(sections=("art",))),
    }
    spec = a_digest(select=Query(languages=("en",)), topics=topics)
    query = selection_of(spec, ("sport",))
    assert query.admits(an_article(section="Sport", language="en"))
    assert not query.admits(an_article(section="Sport", language="fr"))
    assert not query.admits(an_article(section="Art", language="en"))
    assert selection_of(spec, ("sport", "art")).admits(an_article(section="Art", language="en"))
    assert selection_of(spec, ()).admits(an_article(section="Other", language="en"))
