"""The whole web application: feeds, articles and the pages of issues behind one door."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from feeds.library import publish
from feeds.web import FeedServer
from notifier.mailing import deliver, open_now
from notifier.service import House
from notifier.service.public import web_of
from notifier.subscribing import reconcile
from tests.conftest import NOW
from tests.feeds.builders import an_article
from tests.notifier.builders import SITE, a_digest, a_house, messages_in, some_settings

TITLES = ["The mill", "The boat", "The lake"]


@dataclass
class Site:
    """A house that has sent an issue of three articles, of which the message shows one."""

    house: House
    server: FeedServer
    client: httpx.AsyncClient
    page: str


@pytest.fixture
async def site(store_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    settings = some_settings(store_url, tmp_path, digests=(a_digest(maximum=1),))
    async with a_house(settings, NOW) as house:
        await reconcile(settings, house.places, house.store, NOW)
        articles = [an_article(id=title, title=title, text=title) for title in TITLES]
        await house.store.ingest(articles, NOW)
        await publish(house.press, NOW)
        await open_now(house.desk(), ["morning"], NOW)
        await deliver(house.sender(), lambda: NOW, asyncio.Event())
        lines = messages_in(tmp_path / "mail")[0].as_string().split()
        page = next(word for word in lines if word.startswith(f"{SITE.url}/digests/morning/"))
        server, app = web_of(house)
        await server.refresh()
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url=SITE.url) as client:
            yield Site(house, server, client, page)


async def test_the_page_of_an_issue_has_every_article(site: Site) -> None:
    answer = await site.client.get(site.page)
    assert answer.status_code == 200
    assert "The morning paper" in answer.text
    for title in TITLES:
        assert title in answer.text


async def test_a_withdrawn_article_is_not_on_the_page_of_its_issue(site: Site) -> None:
    gone = an_article(id="The boat", title="The boat", text="The boat", withdrawn=True)
    await site.house.store.ingest([gone], NOW)
    answer = await site.client.get(site.page)
    assert "The boat" not in answer.text
    assert "The mill" in answer.text


async def test_an_issue_that_is_not_there_is_not_found(site: Site) -> None:
    name = site.page.rpartition("/")[2]
    for path in (
        f"/digests/evening/{name}",
        "/digests/morning/0123456789abcdef",
        "/digests/morning/%00",
        "/digests/%00/x",
        "/digests/morning/",
        "/digests",
        "/nothing",
    ):
        assert (await site.client.get(path)).status_code == 404, path


async def test_feeds_articles_and_the_landing_page_are_there_too(site: Site) -> None:
    feed = await site.client.get("/feeds/all.json")
    assert feed.headers["content-type"].startswith("application/feed+json")
    assert sorted(item["title"] for item in feed.json()["items"]) == sorted(TITLES)
    for item in feed.json()["items"]:
        page = await site.client.get(item["url"])
        assert item["title"] in page.text
    assert "/feeds/all.rss" in (await site.client.get("/")).text
