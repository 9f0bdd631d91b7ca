"""Live feed and archives together hold every article, and an archive changes only with its own."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import feedparser
import pytest

from feeds import Article, FeedSpec, Format, Query
from feeds.kit.database import Database
from feeds.library import Press, archive, publish
from tests.conftest import NOW
from tests.feeds.builders import a_feed
from tests.feeds.builders import an_article as an_article_with
from tests.feeds.library.builders import a_press, standing

SMALL = a_feed(items=4)


def an_article(number: int, **fields: object) -> Article:
    given = {"id": f"a{number}", "path": "", "title": f"Number {number}", "published": None}
    return an_article_with(**(given | fields))


async def arrive(press: Press, *numbers: int, **fields: object) -> None:
    await press.store.ingest([an_article(number, **fields) for number in numbers], NOW)
    await publish(press, NOW)


async def walk(press: Press, spec: FeedSpec = SMALL) -> list[Mapping[str, object]]:
    """Return the JSON documents from the live feed back to the first archive."""
    document = json.loads((await standing(press))[spec.name].body)
    found = [document]
    while address := document.get("next_url"):
        name = address.rpartition("/")[2].removesuffix(".json")
        renderings = await archive(press, spec, name)
        assert renderings is not None
        document = json.loads(renderings[Format.JSON].body)
        assert document["feed_url"] == address
        found.append(document)
    return found


def titles(documents: list[Mapping[str, object]]) -> set[str]:
    return {item["title"] for document in documents for item in document["items"]}  # type: ignore[attr-defined]  # JSON


async def test_walking_back_finds_every_article(database: Database) -> None:
    press = a_press(database, SMALL)
    for start in range(0, 30, 3):
        await arrive(press, *range(start, start + 3))
    documents = await walk(press)
    assert titles(documents) == {f"Number {number}" for number in range(30)}
    assert len(documents) == 1 + 30 // SMALL.items
    assert len(documents[0]["items"]) == SMALL.items  # type: ignore[arg-type]  # JSON


async def test_many_articles_at_once_fill_many_archives(database: Database) -> None:
    press = a_press(database, SMALL)
    await arrive(press, *range(23))
    assert len(await walk(press)) == 1 + 5


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(n, marks=pytest.mark.slow) for n in range(1, 6))]
)
async def test_no_article_is_lost_whatever_is_edited_or_withdrawn(
    database: Database, seed: int
) -> None:
    chance = random.Random(seed)
    press = a_press(database, SMALL)
    present: set[int] = set()
    for turn in range(25):
        numbers = chance.sample(range(40), 3)
        withdrawn = chance.random() < 0.2
        fields = {"text": f"Words of turn {turn}.", "minor": chance.random() < 0.3}
        batch = [an_article(number, withdrawn=withdrawn, **fields) for number in numbers]
        await press.store.ingest(batch, NOW + timedelta(minutes=turn))
        present = present - set(numbers) if withdrawn else present | set(numbers)
        await publish(press, NOW)
    assert titles(await walk(press)) == {f"Number {number}" for number in present}


async def test_an_archive_changes_only_when_one_of_its_articles_does(database: Database) -> None:
    press = a_press(database, SMALL)
    await arrive(press, *range(12))
    name = SMALL.archive_name(1)
    before = await archive(press, SMALL, name)
    await arrive(press, *range(12, 30))
    await arrive(press, 9, text="An edit in another archive.")
    assert await archive(press, SMALL, name) == before
    assert before is not None
    await arrive(press, 2, text="An edit in this one.")
    after = await archive(press, SMALL, name)
    assert after is not None
    assert after[Format.ATOM].etag != before[Format.ATOM].etag
    assert b"An edit in this one." in after[Format.ATOM].body
    assert ("all", 1) in await press.archives.changed(30)


async def test_a_major_edit_shows_in_the_live_feed_again_and_a_minor_one_does_not(
    database: Database,
) -> None:
    press = a_press(database, SMALL)
    await arrive(press, *range(20))
    await arrive(press, 1, text="A slip is mended.", minor=True)
    [live, *_] = await walk(press)
    assert "Number 1" not in titles([live])
    await arrive(press, 2, text="The news has changed.")
    [live, *_] = await walk(press)
    assert "Number 2" in titles([live])


async def test_another_selection_has_other_archive_addresses(database: Database) -> None:
    press = a_press(database, SMALL)
    await arrive(press, *range(12))
    old = SMALL.archive_name(1)
    changed = replace(SMALL, select=Query(words=("number",)))
    press = a_press(database, changed)
    await publish(press, NOW)
    assert changed.archive_name(1) != old
    assert await archive(press, changed, old) is None
    assert len(await walk(press, changed)) == 4


@pytest.mark.parametrize("form", [Format.RSS, Format.ATOM])
async def test_archives_are_linked_as_the_standard_says(database: Database, form: Format) -> None:
    press = a_press(database, SMALL)
    await arrive(press, *range(12))
    live = feedparser.parse((await standing(press, form))["all"].body)
    links = {link["rel"]: link["href"] for link in live.feed.links}
    assert links["prev-archive"] == press.site.feed_url("all", form, SMALL.archive_name(3))
    renderings = await archive(press, SMALL, SMALL.archive_name(2))
    assert renderings is not None
    document = feedparser.parse(renderings[form].body)
    links = {link["rel"]: link["href"] for link in document.feed.links}
    assert links["current"] == press.site.feed_url("all", form)
    assert links["prev-archive"] == press.site.feed_url("all", form, SMALL.archive_name(1))
    assert b"archive/>" in renderings[form].body
    assert not document.bozo


async def test_names_that_are_none_lead_nowhere(database: Database) -> None:
    press = a_press(database, SMALL)
    await arrive(press, *range(12))
    for name in ("", "1", "-1", SMALL.archive_name(4), SMALL.archive_name(0), "x" * 500, "٣-٣"):
        assert await archive(press, SMALL, name) is None
