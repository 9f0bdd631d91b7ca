"""Publishing renders what was touched and nothing else, and heals whatever was left half done."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from feeds import Article, Date, Format, Query
from feeds.feed import Rendering
from feeds.kit.database import Database
from feeds.library import Press, choosing, publish, publishing
from feeds.membership import Member, Movement
from feeds.publish import DatabaseShelf, Document, Edition
from feeds.store import ArticleStore, FeedIndex, FeedState, Progress
from tests.conftest import NOW
from tests.feeds.builders import a_feed, a_site, day
from tests.feeds.builders import an_article as an_article_with
from tests.feeds.library.builders import a_press, standing

HOUR = timedelta(hours=1)
SPORT = a_feed(name="sport", title="Sport", select=Query(sections=("Sport",)))
MILLS = a_feed(name="mills", title="Mills", select=Query(words=("mill",)))


def an_article(name: str, **fields: object) -> Article:
    return an_article_with(**({"id": name, "path": "", "title": name, "text": name} | fields))


@pytest.fixture
def press(database: Database) -> Press:
    return a_press(database, a_feed(), SPORT, MILLS)


@pytest.fixture
def light(sqlite: Database) -> Press:
    """The same where the kind of database does not matter."""
    return a_press(sqlite, a_feed(), SPORT, MILLS)


def titles(document: Document) -> list[str]:
    return [item["title"] for item in json.loads(document.body)["items"]]


async def all_titles(press: Press) -> dict[str, list[str]]:
    return {feed: titles(document) for feed, document in (await standing(press)).items()}


async def test_every_feed_stands_there_in_every_format(press: Press) -> None:
    await press.store.ingest([an_article("a"), an_article("b", section="Sport")], NOW)
    published = await publish(press, NOW)
    assert (published.feeds, published.documents, published.left_out) == (3, 9, ())
    assert await press.shelf.names() == {
        (feed, form) for feed in ("all", "sport", "mills") for form in Format
    }
    found = await all_titles(press)
    assert {feed: set(inside) for feed, inside in found.items()} == {
        "all": {"a", "b"},
        "sport": {"b"},
        "mills": set(),
    }


async def test_there_is_nothing_to_publish_where_no_feed_was_ever_declared(
    database: Database,
) -> None:
    press = a_press(database, SPORT)
    none = replace(press, feeds=())
    await press.store.ingest([an_article("a")], NOW)
    async with asyncio.timeout(5):
        published = await publish(none, NOW)
    assert (published.feeds, published.documents) == (0, 0)
    await press.store.ingest([an_article("b", section="Sport")], NOW)
    await publish(press, NOW)
    assert await all_titles(press) == {"sport": ["b"]}
    await press.store.ingest([an_article("c", section="Sport")], NOW)
    async with asyncio.timeout(5):
        await publish(replace(press, feeds=()), NOW)
    await publish(press, NOW)
    assert set((await all_titles(press))["sport"]) == {"b", "c"}


async def test_publishing_again_touches_nothing(press: Press) -> None:
    await press.store.ingest([an_article("a")], NOW)
    await publish(press, NOW)
    before = await press.shelf.documents()
    serial = await press.shelf.serial()
    published = await publish(press, NOW + HOUR)
    assert (published.feeds, published.documents) == (0, 0)
    assert await press.shelf.documents() == before
    assert await press.shelf.serial() == serial


async def test_a_feed_that_nothing_touched_keeps_its_validators(press: Press) -> None:
    await press.store.ingest([an_article("a", section="Sport")], NOW)
    await publish(press, NOW)
    before = await standing(press)
    await press.store.ingest([an_article("b", text="A mill.")], NOW + HOUR)
    published = await publish(press, NOW + HOUR)
    after = await standing(press)
    assert published.feeds == 2
    assert after["sport"] == before["sport"]
    for name in ("all", "mills"):
        assert after[name].etag != before[name].etag
        assert after[name].modified > before[name].modified
        assert after[name].serial > before[name].serial


async def test_an_edit_touches_the_feeds_it_is_in_and_those_it_was_in(press: Press) -> None:
    await press.store.ingest([an_article("a", section="Sport"), an_article("b")], NOW)
    await publish(press, NOW)
    edited = an_article("a", section="Culture", text="Now about a mill.")
    await press.store.ingest([edited], NOW + HOUR)
    assert (await publish(press, NOW + HOUR)).feeds == 3
    found = await all_titles(press)
    assert (found["sport"], found["mills"]) == ([], ["a"])
    await press.store.ingest([an_article("b", text="Edited.")], NOW + 2 * HOUR)
    assert (await publish(press, NOW + 2 * HOUR)).feeds == 1


async def test_a_withdrawn_article_leaves_its_feeds_and_can_come_back(press: Press) -> None:
    await press.store.ingest([an_article("a", section="Sport"), an_article("b")], NOW)
    await publish(press, NOW)
    gone = an_article("a", section="Sport", withdrawn=True)
    await press.store.ingest([gone], NOW + HOUR)
    assert (await publish(press, NOW + HOUR)).feeds == 2
    found = await all_titles(press)
    assert (found["all"], found["sport"]) == (["b"], [])
    await press.store.ingest([an_article("a", section="Sport")], NOW + 2 * HOUR)
    await publish(press, NOW + 2 * HOUR)
    assert (await all_titles(press))["sport"] == ["a"]


async def test_another_selection_chooses_the_members_anew(press: Press) -> None:
    await press.store.ingest([an_article("a", section="Sport"), an_article("b")], NOW)
    await publish(press, NOW)
    wider = replace(SPORT, select=Query(sections=("Sport",)), title="All sport")
    assert (await publish(replace(press, feeds=(wider,)), NOW)).feeds == 1  # no member changed
    other = replace(SPORT, select=Query(exclude=Query(sections=("Sport",))))
    published = await publish(replace(press, feeds=(other,)), NOW + HOUR)
    assert published.feeds == 1
    assert (await all_titles(press))["sport"] == ["b"]


async def test_another_title_or_site_renders_without_choosing(light: Press) -> None:
    await light.store.ingest([an_article("a")], NOW)
    await publish(light, NOW)
    states = await light.index.states()
    renamed = replace(light, site=a_site(name="Harbour Gazette"))
    assert (await publish(renamed, NOW + HOUR)).feeds == 3
    after = await light.index.states()
    assert {name: state.touched for name, state in after.items()} == {
        name: state.touched for name, state in states.items()
    }
    assert (await publish(renamed, NOW + HOUR)).feeds == 0


async def test_a_feed_that_is_no_longer_declared_is_taken_down(press: Press) -> None:
    await press.store.ingest([an_article("a", section="Sport")], NOW)
    await publish(press, NOW)
    serial = await press.shelf.serial()
    fewer = replace(press, feeds=(a_feed(),))
    assert (await publish(fewer, NOW)).feeds == 0
    assert {name for name, _ in await press.shelf.names()} == {"all"}
    assert await press.shelf.serial() > serial
    assert (await publish(press, NOW)).feeds == 2
    assert (await all_titles(press))["sport"] == ["a"]


async def test_an_embargoed_article_is_in_no_feed_before_its_time(press: Press) -> None:
    then = NOW + HOUR
    await press.store.ingest([an_article("a", published=Date(then))], NOW)
    await publish(press, NOW)
    assert (await all_titles(press))["all"] == []
    await press.store.reveal(then - timedelta(seconds=1))
    assert (await publish(press, then)).feeds == 0
    await press.store.reveal(then)
    assert (await publish(press, then)).feeds == 1
    assert (await all_titles(press))["all"] == ["a"]


async def test_words_sent_again_at_a_later_time_are_not_shown_before_it(press: Press) -> None:
    then = NOW + HOUR
    await press.store.ingest([an_article("a")], NOW)
    await publish(press, NOW)
    again = an_article("a", text="Not yet!", published=Date(then), resend=True)
    await press.store.ingest([again, an_article("b")], NOW)
    await publish(press, NOW)
    assert b"Not yet!" not in (await standing(press))["all"].body
    await press.store.reveal(then)
    await publish(press, then)
    assert b"Not yet!" in (await standing(press))["all"].body


async def test_the_undated_lead_comes_first_and_the_page_decides_among_equal_dates(
    press: Press,
) -> None:
    page = [
        an_article("lead", published=None),
        an_article("second", published=day(2026, 11, 20), position=2),
        an_article("third", published=day(2026, 11, 20), position=3),
        an_article("first", published=day(2026, 11, 20), position=1),
        an_article("older", published=day(2026, 11, 19), position=0),
        an_article("newer", published=day(2026, 11, 21), position=9),
    ]
    await press.store.ingest(page, NOW)
    await publish(press, NOW)
    expected = ["lead", "newer", "first", "second", "third", "older"]
    assert (await all_titles(press))["all"] == expected


async def test_the_live_feed_has_what_arrived_last_however_old_it_says_it_is(
    light: Press,
) -> None:
    short = replace(light, feeds=(a_feed(items=2),))
    old = an_article("late", published=day(1999, 1, 1))
    await light.store.ingest([an_article("a"), an_article("b"), an_article("c"), old], NOW)
    await publish(short, NOW)
    assert (await all_titles(short))["all"] == ["c", "late"]


async def test_more_changes_than_are_looked_at_together_all_arrive(
    light: Press, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (publishing, choosing):
        monkeypatch.setattr(module, "_RUN", 20)
    mills = replace(light, feeds=(MILLS,))
    await publish(mills, NOW)
    words = {0: "A mill.", 50: "Two mill wheels.", 59: "The last mill."}
    many = [an_article(f"n{number}", text=words.get(number, f"{number}")) for number in range(60)]
    await light.store.ingest(many, NOW)
    assert (await publish(mills, NOW)).feeds == 1
    expected = {f"n{number}" for number in words}
    assert set((await all_titles(mills))["mills"]) == expected
    chosen_anew = replace(light, feeds=(replace(MILLS, name="fresh"),))
    await publish(chosen_anew, NOW)
    assert set((await all_titles(chosen_anew))["fresh"]) == expected


async def test_a_last_modified_rises_though_the_clock_stands_still(light: Press) -> None:
    await publish(light, NOW)
    stamps = []
    for words in ("one", "two", "three"):
        await light.store.ingest([an_article("a", text=words)], NOW)
        await publish(light, NOW)
        stamps.append((await standing(light))["all"].modified)
    assert stamps == sorted(set(stamps))


class Crash(Exception):
    """The process ends here."""


class CrashingIndex(FeedIndex):
    async def choose(self, state: FeedState, members: Sequence[Member], upto: int) -> None:
        await super().choose(state, members, upto)
        raise Crash

    async def advance(self, seen: Progress, upto: int, movement: Movement) -> bool:
        await super().advance(seen, upto, movement)
        raise Crash


class CrashingShelf(DatabaseShelf):
    async def keep_only(self, feeds: Iterable[str]) -> int:
        await super().keep_only(feeds)
        raise Crash

    async def put(self, editions: Sequence[Edition]) -> int:
        await super().put(editions[:1])
        raise Crash


@pytest.mark.both
async def test_a_crash_after_any_step_is_healed_by_publishing_again(
    database: Database, press: Press
) -> None:
    index, shelf = CrashingIndex(database), CrashingShelf(database)
    await press.store.ingest([an_article("a", section="Sport")], NOW)
    wider = replace(press, feeds=(*press.feeds, a_feed(name="more")))
    for number, crashing in enumerate(
        (
            replace(press, index=index),  # a feed is chosen, the others are not
            replace(press, shelf=shelf),  # one feed stands there, the others do not
            replace(press, index=index),  # members have moved, nothing is rendered
            replace(wider, shelf=shelf),  # the list of feeds has changed
        )
    ):
        name = f"b{number}"
        await press.store.ingest([an_article(name, section="Sport")], NOW + HOUR)
        with pytest.raises(Crash):
            await publish(crashing, NOW + HOUR)
        await publish(press, NOW + HOUR)
        found = await all_titles(press)
        assert set(found) == {"all", "sport", "mills"}
        assert name in found["all"]
        assert name in found["sport"]
        assert (await publish(press, NOW + HOUR)).feeds == 0


async def test_an_older_rendering_never_replaces_a_newer_one(press: Press) -> None:
    await press.store.ingest([an_article("a")], NOW)
    await publish(press, NOW)
    late = (await press.index.states())["all"].touched
    await press.store.ingest([an_article("b")], NOW + HOUR)
    await publish(press, NOW + HOUR)
    before = await standing(press)
    old = Rendering(feed="all", format=Format.JSON, body=b"{}", etag="old", modified=NOW)
    edition = Edition(feed="all", renderings=(old,), upto=late, key="late")
    assert await press.shelf.put([edition]) == 0
    assert await standing(press) == before
    assert (await publish(press, NOW + HOUR)).feeds == 0


@pytest.mark.slow
@pytest.mark.both
async def test_processes_that_publish_side_by_side_agree(store_url: str) -> None:
    databases = [Database(store_url) for _ in range(3)]
    feeds = (a_feed(), SPORT, MILLS)
    presses = [a_press(database, *feeds) for database in databases]
    store = ArticleStore(databases[0])
    for round_ in range(4):
        batch = [
            an_article(f"{round_}{number}", section="Sport" if number % 2 else "", published=None)
            for number in range(6)
        ]
        edits = [an_article("00", text=f"The mill, round {round_}.", published=None)]
        await asyncio.gather(
            store.ingest([*batch, *edits], NOW + round_ * HOUR),
            *(publish(press, NOW + round_ * HOUR) for press in presses),
        )
    await asyncio.gather(*(publish(press, NOW + 9 * HOUR) for press in presses))
    together = await all_titles(presses[0])
    bodies = {name: document.body for name, document in (await standing(presses[0])).items()}
    for spec in feeds:  # the same as when one process chooses everything anew
        await presses[0].index.forget(spec.name)
    await publish(presses[0], NOW + 9 * HOUR)
    assert {name: d.body for name, d in (await standing(presses[0])).items()} == bodies
    assert sorted(together["sport"]) == sorted(f"{r}{n}" for r in range(4) for n in (1, 3, 5))
    for database in databases:
        await database.close()


async def test_a_process_that_knows_more_feeds_does_not_disturb(store_url: str) -> None:
    one, other = Database(store_url), Database(store_url)
    old, new = a_press(one, a_feed()), a_press(other, a_feed(), SPORT)
    await old.store.ingest([an_article("a", section="Sport")], NOW)
    for _ in range(5):
        await asyncio.gather(publish(old, NOW), publish(new, NOW), publish(old, NOW))
    await publish(new, NOW)
    assert await all_titles(new) == {"all": ["a"], "sport": ["a"]}
    await one.close()
    await other.close()
