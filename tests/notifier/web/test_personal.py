"""A reader's own feed: the selection of their digests, behind a link that nobody can guess."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import feedparser
import httpx
import pytest

from feeds import Query
from notifier.digest.spec import Topic
from notifier.reading import feed_token
from notifier.roster import Reader
from notifier.service import House
from notifier.service.public import web_of
from notifier.settings import Settings
from notifier.subscriber import Choice
from notifier.subscribing import reconcile
from tests.conftest import NOW
from tests.feeds.builders import an_article
from tests.notifier.builders import a_digest, a_house, a_reader, some_settings

SPORT = Topic(name="sport", title="Sport", select=Query(sections=("Sport",)))


@pytest.fixture
def settings(store_url: str, tmp_path: Path) -> Settings:
    picky = a_reader("picky@readers.example", digests={"morning": Choice(topics=("sport",))})
    digest = a_digest(topics={"sport": SPORT})
    return some_settings(store_url, tmp_path, digests=(digest,), subscribers=(a_reader(), picky))


@asynccontextmanager
async def a_client(settings: Settings) -> AsyncIterator[tuple[House, httpx.AsyncClient]]:
    async with a_house(settings, NOW) as house:
        await reconcile(settings, house.places, house.store, NOW)
        for name, section in (("a", "Sport"), ("b", "Culture")):
            article = an_article(id=name, path="", title=f"About {name}", section=section)
            await house.store.ingest([article], NOW)
        _, app = web_of(house)
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            yield house, client


async def the_reader(house: House, address: str = "picky@readers.example") -> Reader:
    reader = await house.roster.reader_at(address)
    assert reader is not None
    return reader


async def path_of(house: House, ending: str = "atom", **kwargs: str) -> str:
    return f"/my/{feed_token(await the_reader(house, **kwargs), house.keys[0])}.{ending}"


@pytest.mark.parametrize("ending", ["rss", "atom"])
async def test_it_has_what_the_digest_would_have(settings: Settings, ending: str) -> None:
    async with a_client(settings) as (house, client):
        mine = feedparser.parse((await client.get(await path_of(house, ending))).content)
        everything = await client.get(await path_of(house, ending, address="first@readers.example"))
    assert not mine.bozo
    assert [entry.title for entry in mine.entries] == ["About a"]
    assert len(feedparser.parse(everything.content).entries) == 2


async def test_it_is_kept_out_of_every_shared_place(settings: Settings) -> None:
    async with a_client(settings) as (house, client):
        path = await path_of(house, "json")
        answer = await client.get(path)
        outline = await client.get("/feeds.opml")
        landing = await client.get("/")
    assert answer.headers["cache-control"] == "private, no-cache"
    assert "noindex" in answer.headers["x-robots-tag"]
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "set-cookie" not in answer.headers
    assert "hubs" not in answer.json()
    assert answer.json()["feed_url"] == f"https://news.example.org{path}"
    assert "/my/" not in outline.text + landing.text


BROWSER = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


@pytest.mark.parametrize("ending", ["rss", "atom", "json"])
async def test_a_browser_gets_a_page_that_only_its_reader_keeps(
    settings: Settings, ending: str
) -> None:
    async with a_client(settings) as (house, client):
        path = await path_of(house, ending)
        page = await client.get(path, headers=BROWSER)
        old = (await client.get(path)).headers["etag"]
        again = await client.get(path, headers=BROWSER | {"if-none-match": old})
        await house.roster.rotate((await the_reader(house)).id)
        gone = await client.get(path, headers=BROWSER)
    assert (page.status_code, gone.status_code) == (200, 410)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["cache-control"] == "private, no-store"
    assert page.headers["vary"] == "Accept-Encoding, Sec-Fetch-Mode, Sec-Fetch-Dest"
    assert "noindex" in page.headers["x-robots-tag"]
    assert page.headers["referrer-policy"] == "no-referrer"
    assert "etag" not in page.headers
    assert "About a" in page.text
    assert "About b" not in page.text
    assert f'value="https://news.example.org{path}"' in page.text
    assert "yours alone" in page.text
    assert again.text == page.text


async def test_the_page_follows_the_feed(settings: Settings) -> None:
    async with a_client(settings) as (house, client):
        path = await path_of(house)
        await client.get(path, headers=BROWSER)
        fresh = an_article(id="c", path="", title="About c", section="Sport")
        await house.store.ingest([fresh], NOW + timedelta(minutes=1))
        assert "About c" in (await client.get(path, headers=BROWSER)).text


@pytest.mark.parametrize("kind", [{}, BROWSER])
async def test_it_comes_compressed_to_who_takes_that(
    settings: Settings, kind: dict[str, str]
) -> None:
    async with a_client(settings) as (house, client):
        path = await path_of(house)
        got = {
            asked: await client.get(path, headers=kind | {"accept-encoding": asked})
            for asked in ("identity", "gzip", "br", "gzip;q=0.5, br;q=0.4", "*;q=0")
        }
        etag = got["br"].headers.get("etag", "")
        same = await client.get(path, headers={"if-none-match": etag, "accept-encoding": "gzip"})
    sent = [answer.headers.get("content-encoding") for answer in got.values()]
    assert sent == [None, "gzip", "br", "gzip", None]
    assert [answer.status_code for answer in got.values()] == [200, 200, 200, 200, 406]
    taken = list(got.values())[:4]
    assert len({answer.content for answer in taken}) == 1
    assert len({answer.headers.get("etag") for answer in taken}) == 1
    assert all("Accept-Encoding" in answer.headers["vary"] for answer in got.values())
    assert same.status_code == (200 if kind else 304)


async def test_it_is_not_sent_again_unless_it_changed(settings: Settings) -> None:
    async with a_client(settings) as (house, client):
        path = await path_of(house)
        first = await client.get(path)
        asked = {"if-none-match": first.headers["etag"]}
        assert (await client.get(path, headers=asked)).status_code == 304
        fresh = an_article(id="c", path="", title="About c", section="Sport")
        await house.store.ingest([fresh], NOW + timedelta(minutes=1))
        assert (await client.get(path, headers=asked)).status_code == 200


async def test_a_rotated_address_is_gone_and_a_made_up_one_never_was(settings: Settings) -> None:
    async with a_client(settings) as (house, client):
        old = await path_of(house)
        await house.roster.rotate((await the_reader(house)).id)
        assert (await client.get(old)).status_code == 410
        assert (await client.get(await path_of(house))).status_code == 200
        for wrong in ("x.atom", "1-1-.atom", old.replace("/my/", "")[:-6] + "AAAA.atom", "1.xml"):
            assert (await client.get(f"/my/{wrong}")).status_code == 404


async def test_a_token_for_leaving_opens_no_feed(settings: Settings) -> None:
    from notifier.tokens import LEAVE, make_token

    async with a_client(settings) as (house, client):
        reader = await the_reader(house)
        token = make_token(house.keys[0], LEAVE, reader.id, reader.generation)
        assert (await client.get(f"/my/{token}.atom")).status_code == 404


async def test_a_reader_who_left_everything_gets_an_empty_feed(settings: Settings) -> None:
    async with a_client(settings) as (house, client):
        path = await path_of(house)
        await reconcile(replace(settings, subscribers=()), house.places, house.store, NOW)
        answer = await client.get(path)
    assert answer.status_code == 200
    assert feedparser.parse(answer.content).entries == []
