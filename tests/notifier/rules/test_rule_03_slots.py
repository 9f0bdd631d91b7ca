"""Rule 3: one slot a local date, in every zone and on every night, through the whole round."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from notifier.digest.spec import DigestSpec
from tests.notifier.model.world import a_plain_digest
from tests.notifier.rules.builders import Paper
from tests.notifier.rules.conftest import Found

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
HALF = 30 * MINUTE
QUARTERS = a_plain_digest("often", "every 15 minutes")

# Zone, a date on whose night the clocks change, and a local time inside the gap or the fold.
NIGHTS = [
    ("Europe/Berlin", date(2026, 3, 29), "02:30"),
    ("Europe/Berlin", date(2026, 10, 25), "02:30"),
    ("America/New_York", date(2026, 3, 8), "02:30"),
    ("America/New_York", date(2026, 11, 1), "01:30"),
    ("Australia/Lord_Howe", date(2026, 10, 4), "02:15"),
    ("Australia/Lord_Howe", date(2026, 4, 5), "01:45"),
    ("Africa/Cairo", date(2026, 4, 24), "00:30"),
    ("Africa/Cairo", date(2026, 10, 29), "23:30"),
    ("America/Santiago", date(2026, 9, 6), "00:30"),
    ("America/Santiago", date(2026, 4, 4), "23:30"),
]


async def rounds(paper: Paper, moments: Iterable[datetime]) -> list[str]:
    """Look at each of these moments, with something new each time; return the slots' dates."""
    for number, moment in enumerate(sorted(moments)):
        await paper.tell(f"s{number}")
        paper.now = moment
        await paper.look()
    return [opened.slot[:10] for opened in paper.opened if opened.readers]


def around(moment: datetime) -> set[datetime]:
    """Every half hour for some hours around a moment, and the days before and after."""
    near = {moment + number * HALF for number in range(-3, 4)}
    return near | {moment - 24 * HOUR + HALF, moment + 26 * HOUR}


def daily(clock: str, zone: str) -> DigestSpec:
    return a_plain_digest("daily", f"every day at {clock}", timezone=zone)


@pytest.mark.parametrize(
    ("zone", "night", "clock"),
    [*NIGHTS[:2], *(pytest.param(*one, marks=pytest.mark.slow) for one in NIGHTS[2:])],
)
async def test_each_date_has_one_issue_through_a_change_of_clocks(
    found: Found, zone: str, night: date, clock: str
) -> None:
    nominal = datetime.combine(night, time.fromisoformat(clock), ZoneInfo(zone)).astimezone(UTC)
    paper = await found(nominal - 36 * HOUR, daily(clock, zone))
    dates = await rounds(paper, around(nominal))
    assert dates == [str(night + timedelta(days=n)) for n in range(-1, 2)]


async def test_a_date_that_does_not_exist_has_no_issue_and_loses_nothing(found: Found) -> None:
    noon = datetime(2011, 12, 28, 22, 0, tzinfo=UTC)  # 12:00 in Apia, still east of the date line
    paper = await found(noon, daily("07:30", "Pacific/Apia"))
    dates = await rounds(paper, (noon + number * 4 * HOUR for number in range(15)))
    assert dates == ["2011-12-29", "2011-12-31"]
    await paper.deliver()
    sent = " ".join(paper.told()).split()
    assert sorted(sent) == sorted({f"s{number}" for number in range(len(sent))})


@pytest.mark.parametrize(
    "night", [date(2026, 3, 29), pytest.param(date(2026, 10, 25), marks=pytest.mark.slow)]
)
async def test_every_quarter_of_an_hour_stays_so_through_both_nights(
    found: Found, night: date
) -> None:
    first = datetime(night.year, night.month, night.day, tzinfo=UTC) - MINUTE
    paper = await found(first, QUARTERS)
    for number in range(10):
        await paper.tell(f"q{number}", at=first + number * 15 * MINUTE)
        await paper.round(first + number * 15 * MINUTE + 2 * MINUTE)
    assert paper.told() == [f"q{number}" for number in range(10)]
    assert len({opened.slot for opened in paper.opened if opened.readers}) == 10


async def test_the_next_slot_does_not_depend_on_when_the_last_was_sent(found: Found) -> None:
    slot = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
    paper = await found(slot - HOUR, daily("07:30", "Europe/Berlin"))
    await paper.tell("one")
    await paper.round(slot + 5 * HOUR)
    await paper.tell("two")
    await paper.round(slot + 24 * HOUR)
    assert paper.told() == ["one", "two"]
