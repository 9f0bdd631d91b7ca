"""What a process remembers of the feeds decides nothing: another one may have been there since."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from feeds import Article, Query
from feeds.kit.database import Database
from feeds.library import Press, publish
from feeds.membership import Movement
from tests.conftest import NOW
from tests.feeds.builders import a_feed, a_site
from tests.feeds.builders import an_article as an_article_with
from tests.feeds.library.builders import a_press, standing

pytestmark = pytest.mark.both

ALL = a_feed(items=3)
SPORT = a_feed(name="sport", title="Sport", select=Query(sections=("Sport",)), items=3)


def an_article(name: str, **fields: object) -> Article:
    given = {"id": name, "path": "", "title": name, "published": None, "section": "Sport"}
    return an_article_with(**(given | fields))


@pytest.fixture
async def press(database: Database) -> Press:
    press = a_press(database, ALL, SPORT)
    await press.store.ingest([an_article("a")], NOW)
    await publish(press, NOW)
    return press


@pytest.fixture
async def other(store_url: str, press: Press) -> AsyncIterator[Press]:
    """The press of another process, which has seen the same."""
    database = Database(store_url)
    other = a_press(database, ALL, SPORT)
    await publish(other, NOW)
    yield other
    await database.close()


async def test_a_feed_that_another_process_forgot_is_chosen_anew(
    press: Press, other: Press
) -> None:
    await publish(replace(other, feeds=(ALL,)), NOW)
    assert set(await standing(press)) == {"all"}
    assert (await publish(press, NOW)).feeds == 1
    assert b'"a"' in (await standing(press))["sport"].body


async def test_a_feed_that_another_process_rendered_otherwise_is_rendered_again(
    press: Press, other: Press
) -> None:
    renamed = replace(other, site=a_site(name="Harbour Gazette"))
    assert (await publish(renamed, NOW)).feeds == 2
    assert (await publish(press, NOW)).feeds == 2
    assert b"Harbour Gazette" not in (await standing(press))["all"].body


async def test_changes_are_not_carried_past_a_feed_that_was_chosen_meanwhile(
    press: Press, other: Press
) -> None:
    """The one that carries them has not asked whether they belong into that feed."""
    await press.store.ingest([an_article("b")], NOW)
    seen = await press.index.progress()
    await publish(replace(other, feeds=(ALL, SPORT, a_feed(name="more"))), NOW)
    assert not await press.index.advance(seen, seen.change, Movement())
    assert b'"b"' in (await standing(press))["more"].body


async def test_a_feed_whose_members_were_looked_for_earlier_catches_up(press: Press) -> None:
    late = await press.index.progress()
    state = (await press.index.states())["sport"]
    await press.store.ingest([an_article("b")], NOW)
    await publish(press, NOW)
    # Chosen before "b" arrived, and written only now.
    await press.index.choose(replace(state, rendered=-1), (), late.change)
    assert (await press.index.progress()).watermark == late.change
    await publish(press, NOW)
    assert b'"b"' in (await standing(press))["sport"].body
    assert (await press.index.progress()).watermark == late.change + 1


async def test_to_be_told_of_a_change_twice_changes_nothing(press: Press) -> None:
    for number in range(4):
        await press.store.ingest([an_article(f"n{number}")], NOW + timedelta(hours=number))
        await publish(press, NOW)
    before = {name: one for name, one in (await standing(press)).items() if name == "all"}
    archives = await press.archives.changed(0)
    seen = await press.archives.get("all", 1)
    state = (await press.index.states())["sport"]
    members = await press.index.members(
        [entry.article.id for entry in await press.store.arrived(0, 99, 99)]
    )
    sport = [member for member in members.values() if member.feed == "sport"]
    await press.index.choose(state, sport, 2)  # all are put back to where this one is
    await publish(press, NOW)
    assert (await standing(press))["all"] == before["all"]
    assert await press.archives.get("all", 1) == seen
    assert {one for one in await press.archives.changed(0) if one[0] == "all"} == {
        one for one in archives if one[0] == "all"
    }


async def test_each_feed_has_archives_of_its_own(press: Press) -> None:
    await press.store.ingest(
        [an_article(f"n{n}", section="Sport" if n < 2 else "") for n in range(10)], NOW
    )
    await publish(press, NOW)
    # Three to an archive: eleven in all, three of them in sport.
    assert await press.archives.standing(["all", "sport", "none"]) == {
        "all": (3, 2),
        "sport": (1, 0),
        "none": (0, 0),
    }
