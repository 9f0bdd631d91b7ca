"""Readers choose, move, pause, leave and return: each article comes once, and none is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from feeds import Query
from notifier.digest.choices import Choices
from notifier.digest.spec import DigestSpec, Topic, Welcome
from notifier.enrolment import Enrolment
from notifier.mailing import deliver, open_due
from notifier.preferences import Profile, Terms, Wish
from notifier.roster import Card
from notifier.schedule.language import parse_schedule
from notifier.service import House
from notifier.settings import Settings
from notifier.subscriber import Choice
from notifier.subscribing import (
    Outcome,
    Reconciled,
    choose,
    claimed,
    come_back,
    erase,
    leave,
    reconcile,
)
from notifier.tokens import LEAVE, make_token
from tests.feeds.builders import an_article
from tests.notifier.builders import a_digest, a_house, a_reader, messages_in, some_settings

ADA = "ada@readers.example"
SUNDAYS, DAILY = "every sunday at 09:00", "every day at 07:30"
SPORT = Topic(name="sport", title="Sport", select=Query(sections=("sport",)))
ARTS = Topic(name="arts", title="Arts", select=Query(sections=("arts",)))
START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)  # a Sunday


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """Return an instant in November 2026."""
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def the_digest(**fields: Any) -> DigestSpec:  # keyword arguments of DigestSpec
    choices = Choices(schedules=(parse_schedule(SUNDAYS),), hours=frozenset({6, 18}))
    given: dict[str, Any] = {"choices": choices, "topics": {"sport": SPORT, "arts": ARTS}}
    return a_digest(**(given | fields))


@dataclass
class Round:
    """A paper round with one reader whom we watch."""

    house: House

    @property
    def settings(self) -> Settings:
        return self.house.settings

    async def load(self, now: datetime, settings: Settings | None = None) -> Reconciled:
        house = self.house
        if settings is not None:
            self.house = house = replace(house, settings=settings)
        return await reconcile(house.settings, house.places, house.store, now)

    async def write(self, name: str, now: datetime, section: str = "") -> None:
        article = an_article(id=name, path="", title=f"About {name}", section=section)
        await self.house.store.ingest([article], now)

    async def choose(self, now: datetime, **wish: Any) -> Outcome:
        digests = {"morning": wish.pop("terms", Terms())}
        wanted = Wish(**({"digests": digests} | wish))
        house = self.house
        return await choose(house.settings, house.places, house.store, (ADA, wanted), now)

    async def leave(self, now: datetime) -> None:
        house = self.house
        await leave(house.settings, house.places, house.store, ADA, (), now)

    async def come_back(self, now: datetime) -> None:
        house, key = self.house, self.house.keys[0]
        found = await claimed(make_token(key, LEAVE, 1, 1), house.roster, house.keys)
        assert found is not None
        await come_back(house.settings, house.places, house.store, found, now)

    async def send(self, *moments: datetime) -> list[str]:
        """Do a round at each moment; return which articles came each time, as one text."""
        came = []
        for moment in moments:
            await open_due(self.house.desk(), moment)
            await deliver(self.house.sender(), partial(_same, moment), asyncio.Event())
            came.append("+".join(self._unpack()))
        return came

    async def card(self) -> Card:
        card = await self.house.listing.card(ADA)
        assert card is not None
        return card

    async def reader(self) -> Enrolment:
        return (await self.card()).entry.enrolment

    async def dates(self) -> list[str]:
        """The local dates of everything that was sent, the first one first."""
        return [sent.slot[:10] for sent in reversed((await self.card()).sent)]

    def _unpack(self) -> list[str]:
        folder, found = self.settings.folder / "mail", []
        for message in messages_in(folder):
            text = message.get_body(("plain",))
            assert text is not None
            words = text.get_content()
            found.append("".join(name for name in "abcdefgh" if f"About {name}" in words))
        for path in (folder / "new").glob("*"):
            path.unlink()
        return found


def _same(moment: datetime) -> datetime:
    return moment


@asynccontextmanager
async def a_round(url: str, folder: Path, **fields: Any) -> AsyncIterator[Round]:
    """Begin with one reader, declared for the morning digest; `fields` are those of Settings."""
    given = {"digests": (the_digest(),), "subscribers": (a_reader(ADA),)} | fields
    settings = some_settings(url, folder, **given)
    async with a_house(settings, START) as house:
        paper = Round(house)
        await paper.load(START)
        yield paper


async def test_weekly_and_back_to_daily(store_url: str, tmp_path: Path) -> None:
    async with a_round(store_url, tmp_path) as paper:
        await paper.write("a", START)
        assert await paper.send(at(23, 6, 30)) == ["a"]
        await paper.write("b", at(23, 9))
        await paper.choose(at(23, 12), terms=Terms(schedule=SUNDAYS))
        assert await paper.send(at(24, 6, 30)) == [""]
        await paper.write("c", at(24, 9))
        assert await paper.send(at(29, 6, 30), at(29, 8)) == ["", "bc"]
        await paper.write("d", at(29, 9))
        await paper.choose(at(29, 10), terms=Terms(schedule=""))
        assert await paper.send(at(29, 12), at(30, 6, 30)) == ["", "d"]


async def test_a_change_on_the_day_of_an_issue_gives_no_second_one(
    store_url: str, tmp_path: Path
) -> None:
    async with a_round(store_url, tmp_path) as paper:
        await paper.write("a", START)
        assert await paper.send(at(23, 6, 30)) == ["a"]
        await paper.write("b", at(23, 9))
        later = parse_schedule("every day at 18:00").canonical
        await paper.choose(at(23, 12), terms=Terms(schedule=later))
        assert await paper.send(at(23, 17), at(24, 17)) == ["", "b"]


async def test_from_tokyo_to_honolulu_each_date_comes_once(store_url: str, tmp_path: Path) -> None:
    async with a_round(
        store_url, tmp_path, subscribers=(a_reader(ADA, timezone="Asia/Tokyo"),)
    ) as p:
        await p.write("a", START)
        assert await p.send(at(22, 22, 30)) == ["a"]  # 07:30 of the 23rd in Tokyo
        await p.write("b", at(23, 1))
        await p.choose(at(23, 2), profile=Profile(timezone="Pacific/Honolulu"))
        moments = [at(day, 17, 30) for day in (22, 23, 24)]  # 07:30 in Honolulu
        assert await p.send(*moments) == ["", "", "b"]
        await p.write("c", at(24, 18))
        await p.choose(at(24, 19), unset=frozenset({"timezone"}))
        assert await p.send(at(24, 22, 30), at(25, 22, 30)) == ["c", ""]
        assert await p.dates() == ["2026-11-23", "2026-11-24", "2026-11-25"]


async def test_a_pause_keeps_everything_for_the_first_issue_after_it(
    store_url: str, tmp_path: Path
) -> None:
    async with a_round(store_url, tmp_path) as paper:
        await paper.choose(START, terms=Terms(pause_until=date(2026, 11, 26)))
        await paper.write("a", START)
        assert await paper.send(at(23, 6, 30), at(24, 6, 30)) == ["", ""]
        await paper.write("b", at(24, 9))
        assert await paper.send(at(25, 6, 30), at(26, 6, 30)) == ["", "ab"]
        await paper.choose(at(26, 9), terms=Terms(pause_until=date(2027, 1, 1)))
        await paper.write("c", at(26, 10))
        assert await paper.send(at(27, 6, 30)) == [""]
        await paper.choose(at(27, 9), unset=frozenset({"pause_until"}))
        assert await paper.send(at(28, 6, 30)) == ["c"]


async def test_who_takes_a_leaving_back_within_a_day_misses_nothing(
    store_url: str, tmp_path: Path
) -> None:
    async with a_round(store_url, tmp_path) as paper:
        await paper.write("a", START)
        await paper.leave(at(23, 6))
        assert await paper.send(at(23, 6, 30)) == [""]
        await paper.come_back(at(23, 20))
        await paper.write("b", at(23, 21))
        assert await paper.send(at(24, 6, 30)) == ["ab"]


@pytest.mark.parametrize("others", [(), ("ben@readers.example",)], ids=["alone", "among others"])
async def test_who_returns_after_a_while_is_owed_what_a_newcomer_is(
    store_url: str, tmp_path: Path, others: tuple[str, ...]
) -> None:
    readers = tuple(map(a_reader, (ADA, *others)))
    async with a_round(store_url, tmp_path, subscribers=readers) as paper:
        await paper.leave(at(23, 6))
        await paper.write("a", at(23, 9))
        await paper.send(*(at(day, 6, 30) for day in range(23, 28)))
        await paper.write("b", at(27, 12))
        await paper.come_back(at(27, 20))
        [came] = await paper.send(at(28, 6, 30))
        assert came.split("+") == ["b"] * len(readers)


async def test_leaving_outlives_removal_and_a_new_declaration(
    store_url: str, tmp_path: Path
) -> None:
    async with a_round(store_url, tmp_path) as paper:
        before = paper.settings
        await paper.leave(at(22, 13))
        assert await paper.load(at(22, 14), replace(before, subscribers=())) == Reconciled(
            removed=1
        )
        assert await paper.load(at(22, 15), before) == Reconciled(changed=1)
        await paper.write("a", at(22, 16))
        assert await paper.send(at(23, 6, 30)) == [""]
        refused = await paper.choose(at(23, 9), joins=True)
        assert refused.refused == (f"{ADA} left `morning` on 2026-11-22",)
        await paper.choose(at(23, 10), joins=True, returns=True)
        assert await paper.send(at(24, 6, 30)) == ["a"]


async def test_a_declaration_that_was_away_by_mistake_costs_nothing(
    store_url: str, tmp_path: Path
) -> None:
    digest = the_digest(welcome=Welcome.NONE)
    async with a_round(store_url, tmp_path, digests=(digest,)) as paper:
        before = paper.settings
        await paper.write("a", at(22, 13))
        await paper.load(at(22, 14), replace(before, subscribers=()))
        await paper.load(at(22, 15), before)
        assert await paper.send(at(23, 6, 30)) == ["a"]


async def test_an_edited_default_schedule_moves_the_lane_and_gives_no_second_issue(
    store_url: str, tmp_path: Path
) -> None:
    async with a_round(store_url, tmp_path) as paper:
        await paper.write("a", START)
        assert await paper.send(at(23, 6, 30)) == ["a"]
        await paper.write("b", at(23, 6, 40))
        later = the_digest(schedule=parse_schedule("every day at 08:00"))
        edited = replace(paper.settings, digests=(later,))
        assert await paper.load(at(23, 6, 45), edited) == Reconciled()
        assert await paper.send(at(23, 7), at(24, 6, 30), at(24, 7)) == ["", "", "b"]


async def test_topics_that_come_and_go_cost_nothing_and_double_nothing(
    store_url: str, tmp_path: Path
) -> None:
    both = Choice(topics=("sport", "arts"))
    reader = a_reader(ADA, digests={"morning": both})
    async with a_round(store_url, tmp_path, subscribers=(reader,)) as paper:
        before = paper.settings
        await paper.write("a", START, "sport")
        await paper.write("b", START, "arts")
        assert await paper.send(at(23, 6, 30)) == ["ab"]
        await paper.write("c", at(23, 9), "sport")
        await paper.write("d", at(23, 9), "arts")
        fewer = replace(before, digests=(the_digest(topics={"sport": SPORT}),))
        assert await paper.load(at(23, 10), fewer) == Reconciled(changed=1)
        assert await paper.send(at(24, 6, 30)) == ["c"]
        await paper.write("e", at(24, 9), "arts")
        await paper.load(at(24, 10), before)
        assert await paper.send(at(25, 6, 30)) == ["e"]


async def test_what_was_chosen_wins_and_a_reload_touches_what_is_declared(
    store_url: str, tmp_path: Path
) -> None:
    async with a_round(store_url, tmp_path) as paper:
        await paper.choose(START, profile=Profile(timezone="Asia/Tokyo"))
        declared = a_reader(ADA, timezone="America/New_York", name="Ada")
        await paper.load(START, replace(paper.settings, subscribers=(declared,)))
        reader = (await paper.reader()).reader
        assert (reader.timezone, reader.name) == ("Asia/Tokyo", "Ada")
        await paper.choose(START, unset=frozenset({"timezone"}))
        assert (await paper.reader()).reader.timezone == "America/New_York"
        assert await paper.load(START) == Reconciled()


async def test_who_was_added_stays_when_the_declaration_goes(
    store_url: str, tmp_path: Path
) -> None:
    async with a_round(store_url, tmp_path) as paper:
        await paper.choose(START, joins=True)
        assert await paper.load(START, replace(paper.settings, subscribers=())) == Reconciled(
            removed=1
        )
        await paper.write("a", START)
        fixed = the_digest(timezone="Asia/Tokyo")
        assert await paper.load(START, replace(paper.settings, digests=(fixed,))) == Reconciled()
        assert await paper.send(at(22, 22, 30), at(23, 6, 30)) == ["a", ""]


async def test_a_choice_that_is_offered_no_more_is_passed_over_and_kept(
    store_url: str, tmp_path: Path
) -> None:
    async with a_round(store_url, tmp_path) as paper:
        before = paper.settings
        await paper.choose(START, terms=Terms(schedule=SUNDAYS))
        none = replace(before, digests=(the_digest(choices=None),))
        await paper.load(START, none)
        held = (await paper.reader()).held["morning"]
        assert held.lane is not None
        assert (held.lane.schedule, held.chosen.schedule) == ("", SUNDAYS)
        await paper.load(START, before)
        held = (await paper.reader()).held["morning"]
        assert held.lane is not None
        assert held.lane.schedule == SUNDAYS


async def test_two_choices_at_once_both_hold(store_url: str, tmp_path: Path) -> None:
    async with a_round(store_url, tmp_path) as paper:
        await asyncio.gather(
            paper.choose(START, profile=Profile(timezone="Asia/Tokyo")),
            paper.choose(START, terms=Terms(topics=("sport",))),
            paper.choose(START, profile=Profile(name="Ada")),
        )
        reader = await paper.reader()
        assert (reader.reader.name, reader.reader.timezone) == ("Ada", "Asia/Tokyo")
        assert reader.held["morning"].chosen.topics == ("sport",)


async def test_wishes_that_cannot_be_met_are_refused(store_url: str, tmp_path: Path) -> None:
    async with a_round(store_url, tmp_path, subscribers=()) as paper:
        outcome = await paper.choose(START, profile=Profile(name="Ada"))
        assert outcome.refused == (f"there is no reader {ADA}",)
        await paper.choose(START, joins=True)
        nothing = await paper.choose(START, digests={"weekly": Terms()})
        assert nothing.refused == (f"{ADA} does not get `weekly`",)


async def test_an_erased_reader_is_nobody_and_the_numbers_stay(
    store_url: str, tmp_path: Path
) -> None:
    async with a_round(store_url, tmp_path, subscribers=()) as paper:
        await paper.choose(START, joins=True, profile=Profile(name="Ada"))
        await paper.write("a", START)
        assert await paper.send(at(23, 6, 30)) == ["a"]
        house = paper.house
        assert await erase(house.settings, house.roster, ADA, at(23, 7)) == ""
        assert await house.listing.card(ADA) is None
        assert [page async for page in house.listing.pages()] == []
        assert sum((await house.ledger.books()).values()) == 1
        await paper.come_back(at(23, 9))  # by the link in the message
        await paper.write("b", at(23, 10))
        assert await paper.send(at(24, 6, 30)) == [""]
        await paper.choose(at(24, 9), joins=True)
        assert await paper.send(at(25, 6, 30)) == ["b"]


async def test_who_is_declared_is_not_erased(store_url: str, tmp_path: Path) -> None:
    async with a_round(store_url, tmp_path) as paper:
        house = paper.house
        refused = await erase(house.settings, house.roster, ADA, START)
        assert "declared in the configuration" in refused
