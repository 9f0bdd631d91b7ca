"""A feed for each tag, section, author or source: declared in one line, there when it occurs."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from feeds import Article, Author, Date, ForEach, Kind
from feeds.kit.database import Database
from feeds.library import Press, catalogue, publish
from tests.conftest import NOW
from tests.feeds.builders import a_feed
from tests.feeds.builders import an_article as an_article_with
from tests.feeds.library.builders import a_press, standing


def an_article(name: str, **fields: object) -> Article:
    return an_article_with(**({"id": name, "path": "", "published": None} | fields))


def a_press_for(database: Database, *kinds: Kind) -> Press:
    for_each = tuple(ForEach(kind=kind, title="About {name}") for kind in kinds)
    return replace(a_press(database), for_each=for_each)


async def names(press: Press) -> set[str]:
    await publish(press, NOW)
    return set(await standing(press))


async def test_each_tag_gets_a_feed_when_it_first_occurs(database: Database) -> None:
    press = a_press_for(database, Kind.TAG)
    await press.store.ingest([an_article("a", tags=("Regional industry", "Ferries"))], NOW)
    assert await names(press) == {"all", "tag-regional-industry", "tag-ferries"}
    await press.store.ingest([an_article("b", tags=("FERRIES", "עברית"))], NOW)
    assert await names(press) == {"all", "tag-regional-industry", "tag-ferries", "tag-עברית"}
    ferries = (await standing(press))["tag-ferries"]
    assert ferries.body.count(b'"id"') == 2
    assert b"About Ferries" in ferries.body


async def test_sections_authors_and_sources_too(database: Database) -> None:
    press = a_press_for(database, Kind.SECTION, Kind.AUTHOR, Kind.SOURCE)
    desk = (Author(name="The county desk"),)
    await press.store.ingest([an_article("a", section="Culture", authors=desk)], NOW)
    expected = {"all", "section-culture", "author-the-county-desk", "source-paper"}
    assert await names(press) == expected


async def test_a_kind_declared_later_looks_at_everything(database: Database) -> None:
    press = a_press_for(database, Kind.TAG)
    await press.store.ingest([an_article("a", tags=("x",), section="Culture")], NOW)
    await publish(press, NOW)
    press = a_press_for(database, Kind.TAG, Kind.SECTION)
    assert await names(press) == {"all", "tag-x", "section-culture"}


async def test_an_embargoed_article_does_not_give_its_tags_away(database: Database) -> None:
    press = a_press_for(database, Kind.TAG)
    later = NOW + timedelta(hours=1)
    await press.store.ingest([an_article("a", tags=("secret",), published=Date(later))], NOW)
    assert await names(press) == {"all"}
    await press.store.reveal(later)
    assert await names(press) == {"all", "tag-secret"}


async def test_a_declared_feed_of_the_same_name_wins(database: Database) -> None:
    press = a_press_for(database, Kind.TAG)
    own = a_feed(name="tag-x", title="Our own")
    press = replace(press, feeds=(own,))
    await press.store.ingest([an_article("a", tags=("x",))], NOW)
    await publish(press, NOW)
    assert [spec.title for spec in await catalogue(press)] == ["Our own"]


async def test_no_longer_declared_they_are_taken_down(database: Database) -> None:
    press = a_press_for(database, Kind.TAG)
    await press.store.ingest([an_article("a", tags=("x",))], NOW)
    assert await names(press) == {"all", "tag-x"}
    assert await names(replace(press, for_each=())) == {"all"}
