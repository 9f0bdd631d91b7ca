"""A round: what is due is opened for everybody, once, and what is open is delivered."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from feeds import Article, Date, Query
from notifier.delivery.delivery import State
from notifier.digest.spec import Topic
from notifier.mailing import Delivered, Opened, deliver, open_due, open_now
from notifier.schedule.language import parse_schedule
from notifier.service import House
from notifier.settings import Settings
from notifier.subscriber import Choice
from notifier.subscribing import reconcile
from tests.feeds.builders import an_article as an_article_with
from tests.notifier.builders import a_digest, a_house, a_reader, messages_in, some_settings

START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SLOT = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)  # 07:30 in Paris
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


def an_article(name: str, **fields: object) -> Article:
    return an_article_with(**({"id": name, "path": "", "title": f"About {name}"} | fields))


async def write(house: House, *names: str, now: datetime) -> None:
    await house.store.ingest([an_article(name) for name in names], now)


async def begin(house: House, now: datetime = START) -> None:
    await reconcile(house.settings, house.places, house.store, now)


async def send(house: House, now: datetime) -> Delivered:
    return await deliver(house.sender(), lambda: now, asyncio.Event())


async def round_(house: House, now: datetime) -> list[Opened]:
    opened = await open_due(house.desk(), now)
    await send(house, now)
    return opened


def titles(settings: Settings) -> list[list[str]]:
    """For each message in the box, which of the articles it holds."""
    found = []
    for message in messages_in(settings.folder / "mail"):
        text = message.get_body(("plain",))
        assert text is not None
        words = text.get_content()
        found.append([name for name in "abcdefgh" if f"About {name}" in words])
    return found


def clear(settings: Settings) -> None:
    for path in (settings.folder / "mail" / "new").iterdir():
        path.unlink()


async def test_a_due_digest_reaches_each_reader_once(store_url: str, tmp_path: Path) -> None:
    readers = tuple(a_reader(f"reader{number}@readers.example") for number in range(5))
    settings = some_settings(store_url, tmp_path, subscribers=readers)
    async with a_house(settings, START) as house:
        await begin(house)
        await write(house, "a", "b", now=START)
        assert await round_(house, SLOT - MINUTE) == []
        [opened] = await round_(house, SLOT + MINUTE)
        assert (opened.readers, opened.articles) == (5, 2)
        assert await round_(house, SLOT + 2 * MINUTE) == []
        books = await house.ledger.books()
    assert titles(settings) == [["a", "b"]] * 5
    assert books == {("morning", State.ACCEPTED): 5}


async def test_the_next_issue_has_what_is_new_and_nothing_twice(
    store_url: str, tmp_path: Path
) -> None:
    settings = some_settings(store_url, tmp_path)
    async with a_house(settings, START) as house:
        await begin(house)
        await write(house, "a", now=START)
        await round_(house, SLOT)
        clear(settings)
        await write(house, "b", now=SLOT + MINUTE)
        back_dated = an_article("c", published=Date(START - 365 * DAY))
        await house.store.ingest([back_dated], SLOT + 2 * MINUTE)
        await round_(house, SLOT + DAY)
    assert titles(settings) == [["b", "c"]]


async def test_a_late_run_builds_the_same_issue(store_url: str, tmp_path: Path) -> None:
    settings = some_settings(store_url, tmp_path)
    async with a_house(settings, START) as house:
        await begin(house)
        await write(house, "a", now=START)
        await write(house, "b", now=SLOT + 5 * MINUTE)
        [opened] = await round_(house, SLOT + 10 * MINUTE)
        assert opened.slot == "2026-11-23T07:30 Europe/Paris"
        assert titles(settings) == [["a"]]
        clear(settings)
        await round_(house, SLOT + DAY)
    assert titles(settings) == [["b"]]


@pytest.mark.both
async def test_two_schedulers_double_nothing(store_url: str, tmp_path: Path) -> None:
    readers = tuple(a_reader(f"reader{number}@readers.example") for number in range(20))
    settings = some_settings(store_url, tmp_path, subscribers=readers)
    async with a_house(settings, START) as one, a_house(settings, START) as other:
        await begin(one)
        await write(one, "a", now=START)
        both = await asyncio.gather(
            *(open_due(house.desk(), SLOT) for house in (one, other)), return_exceptions=False
        )
        await asyncio.gather(send(one, SLOT), send(other, SLOT))
        books = await one.ledger.books()
    assert sum(opened.readers for opened in [*both[0], *both[1]]) in {20, 40}
    assert books == {("morning", State.ACCEPTED): 20}
    assert len(titles(settings)) == 20


async def test_an_outage_of_a_week_is_one_issue_that_says_its_span(
    store_url: str, tmp_path: Path
) -> None:
    settings = some_settings(store_url, tmp_path)
    async with a_house(settings, START) as house:
        await begin(house)
        await write(house, "a", now=START + MINUTE)
        await write(house, "b", now=START + 5 * DAY)
        [opened] = await round_(house, SLOT + 7 * DAY)
        assert opened.articles == 2
    [message] = messages_in(tmp_path / "mail")
    assert titles(settings) == [["a", "b"]]
    text = message.get_body(("plain",))
    assert text is not None
    assert "22" in text.get_content()


async def test_nothing_new_is_a_skipped_slot(store_url: str, tmp_path: Path) -> None:
    settings = some_settings(store_url, tmp_path)
    async with a_house(settings, START) as house:
        await begin(house)
        [opened] = await round_(house, SLOT)
        assert (opened.readers, opened.reason) == (0, "no new articles")
        assert await round_(house, SLOT + MINUTE) == []
    assert titles(settings) == []


async def test_too_few_articles_are_held_over_and_never_dropped(
    store_url: str, tmp_path: Path
) -> None:
    settings = some_settings(store_url, tmp_path, digests=(a_digest(minimum=2),))
    async with a_house(settings, START) as house:
        await begin(house)
        await write(house, "a", now=START)
        [opened] = await round_(house, SLOT)
        assert "fewer than 2" in opened.reason
        await write(house, "b", now=SLOT + MINUTE)
        await round_(house, SLOT + DAY)
    assert titles(settings) == [["a", "b"]]


async def test_past_the_maximum_counts_as_delivered(store_url: str, tmp_path: Path) -> None:
    settings = some_settings(store_url, tmp_path, digests=(a_digest(maximum=2),))
    async with a_house(settings, START) as house:
        await begin(house)
        await write(house, "a", "b", "c", now=START)
        await round_(house, SLOT)
        [message] = messages_in(tmp_path / "mail")
        assert "/digests/morning/" in message.as_string()
        assert await round_(house, SLOT + DAY) != []
    assert sum(map(len, titles(settings))) == 2


async def test_a_newcomer_gets_one_period_and_the_others_nothing_twice(
    store_url: str, tmp_path: Path
) -> None:
    settings = some_settings(store_url, tmp_path)
    async with a_house(settings, START) as house:
        await begin(house)
        await write(house, "a", now=START)
        await round_(house, SLOT)
        clear(settings)
        await write(house, "b", now=SLOT + MINUTE)
    more = replace(settings, subscribers=(a_reader(), a_reader("second@readers.example")))
    async with a_house(more, START) as house:
        await begin(house, SLOT + 5 * MINUTE)
        await round_(house, SLOT + DAY)
    assert titles(settings) == [["b"], ["a", "b"]]


async def test_who_left_stays_gone_though_declared_again(store_url: str, tmp_path: Path) -> None:
    settings = some_settings(store_url, tmp_path)
    async with a_house(settings, START) as house:
        await begin(house)
        await write(house, "a", now=START)
        await open_due(house.desk(), SLOT)
        await house.roster.leave(1, SLOT)
        delivered = await send(house, SLOT)
        assert delivered.counts == {State.SKIPPED: 1}
        gone = replace(settings, subscribers=())
        await reconcile(gone, house.places, house.store, SLOT)
        await begin(house, SLOT)
        await write(house, "b", now=SLOT + MINUTE)
        [public] = await round_(house, SLOT + DAY)
        assert public.readers == 0
    assert titles(settings) == []


async def test_a_reader_who_moves_loses_nothing(store_url: str, tmp_path: Path) -> None:
    settings = some_settings(store_url, tmp_path, subscribers=(a_reader(timezone="Asia/Tokyo"),))
    async with a_house(settings, START) as house:
        await begin(house)
        await write(house, "a", now=START)
        moved = replace(settings, subscribers=(a_reader(timezone="Pacific/Honolulu"),))
        await reconcile(moved, house.places, house.store, START + MINUTE)
    async with a_house(moved, START) as house:
        await write(house, "b", now=START + 2 * MINUTE)
        for hour in range(1, 30):
            await round_(house, START + timedelta(hours=hour))
    assert titles(settings) == [["a", "b"]]


async def test_an_issue_that_expires_comes_late_and_is_never_lost(
    store_url: str, tmp_path: Path
) -> None:
    settings = some_settings(store_url, tmp_path)
    async with a_house(settings, START) as house:
        await begin(house)
        await write(house, "a", now=START)
        await open_due(house.desk(), SLOT)  # and nothing is delivered all day
        await write(house, "b", now=SLOT + MINUTE)
        await round_(house, SLOT + DAY)
        books = await house.ledger.books()
    assert titles(settings) == [["a", "b"]]
    assert books == {("morning", State.EXPIRED): 1, ("morning", State.ACCEPTED): 1}


async def test_a_digest_that_is_named_is_opened_at_once(store_url: str, tmp_path: Path) -> None:
    settings = some_settings(store_url, tmp_path)
    async with a_house(settings, START) as house:
        await begin(house)
        await write(house, "a", now=START)
        [opened] = await open_now(house.desk(), ["morning"], START + MINUTE)
        assert opened.slot.startswith("extra:")
        await send(house, START + MINUTE)
        [due] = await round_(house, SLOT)
        assert due.reason == "no new articles"
    assert titles(settings) == [["a"]]


async def test_topics_decide_what_a_reader_gets(store_url: str, tmp_path: Path) -> None:
    sport = Topic(name="sport", title="Sport", select=Query(sections=("Sport",)))
    picky = a_reader("picky@readers.example", digests={"morning": Choice(topics=("sport",))})
    settings = some_settings(
        store_url,
        tmp_path,
        digests=(a_digest(topics={"sport": sport}),),
        subscribers=(a_reader(), picky),
    )
    async with a_house(settings, START) as house:
        await begin(house)
        await write(house, "a", now=START)
        await house.store.ingest([an_article("b", section="Sport")], START)
        await round_(house, SLOT)
    assert titles(settings) == [["a", "b"], ["b"]]


async def test_a_template_that_fails_costs_only_its_own_digest(
    store_url: str, tmp_path: Path
) -> None:
    templates = tmp_path / "templates"
    templates.mkdir()
    for ending in ("html", "txt"):
        (templates / f"broken.{ending}").write_text("{{ nothing.like.this }}")
    settings = some_settings(
        store_url,
        tmp_path,
        digests=(a_digest(), a_digest("broken", template="broken")),
        subscribers=(
            a_reader("first@readers.example", "broken"),
            a_reader("second@readers.example", "morning"),
        ),
    )
    async with a_house(settings, START) as house:
        await begin(house)
        await write(house, "a", now=START)
        opened = {result.digest: result for result in await round_(house, SLOT)}
        assert opened["broken"].failed
        assert "broken.html" in opened["broken"].reason
        for ending in ("html", "txt"):
            (templates / f"broken.{ending}").write_text("{{ articles[0].title }}")
        [mended] = await round_(house, SLOT + MINUTE)
        assert (mended.digest, mended.articles) == ("broken", 1)
    assert titles(settings) == [["a"], ["a"]]


async def test_at_once_sends_each_article_by_itself_and_once(
    store_url: str, tmp_path: Path
) -> None:
    digest = a_digest(schedule=parse_schedule("at once"))
    settings = some_settings(store_url, tmp_path, digests=(digest,))
    async with a_house(settings, START) as house:
        await begin(house)
        await write(house, "a", "b", now=START + MINUTE)
        assert await round_(house, START + 2 * MINUTE) == []
        opened = await round_(house, START + 3 * MINUTE)
        assert [result.articles for result in opened] == [1, 1]
        assert await round_(house, START + 4 * MINUTE) == []
        await write(house, "c", now=START + 5 * MINUTE)
        [result] = await round_(house, START + 7 * MINUTE)
        assert result.slot == "arrival:3"
    assert sorted(titles(settings)) == [["a"], ["b"], ["c"]]


async def test_past_the_limit_of_an_hour_articles_go_together(
    store_url: str, tmp_path: Path
) -> None:
    digest = a_digest(schedule=parse_schedule("at once"))
    settings = some_settings(store_url, tmp_path, digests=(digest,))
    async with a_house(settings, START) as house:
        await begin(house)
        await write(house, *"abcdefgh", now=START + MINUTE)
        opened = await round_(house, START + 3 * MINUTE)
        assert [result.articles for result in opened] == [1, 1, 1, 1, 1, 3]
        await write(house, *"ij", now=START + 4 * MINUTE)
        assert await round_(house, START + 30 * MINUTE) == []
        opened = await round_(house, START + 64 * MINUTE)
        assert [result.articles for result in opened] == [1, 1]


async def test_what_is_for_nobody_at_once_is_not_looked_at_for_ever(
    store_url: str, tmp_path: Path
) -> None:
    digest = a_digest(schedule=parse_schedule("at once"), select=Query(sections=("Sport",)))
    settings = some_settings(store_url, tmp_path, digests=(digest,))
    async with a_house(settings, START) as house:
        await begin(house)
        many = [an_article(f"n{number}", section="Art") for number in range(250)]
        await house.store.ingest(many, START + MINUTE)
        assert await round_(house, START + 5 * MINUTE) == []
        [lane] = await house.audience.lanes(["morning"])
        assert lane.cursor == 250
        await house.store.ingest([an_article("a", section="Sport")], START + 6 * MINUTE)
        [opened] = await round_(house, START + 10 * MINUTE)
        assert (opened.readers, opened.articles) == (1, 1)
    assert titles(settings) == [["a"]]
