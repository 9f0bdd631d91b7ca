"""Pages for people: the list of feeds, and articles that have no address of their own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from feeds import Date
from feeds.kit.database import Database
from tests.conftest import NOW
from tests.feeds.builders import a_feed, an_article
from tests.feeds.web.builders import Publication, a_publication


@pytest.fixture
async def site(database: Database) -> AsyncIterator[Publication]:
    feeds = (a_feed(), a_feed(name="sport", title="Sport <b>", description="Who won. " * 20))
    async with a_publication(database, *feeds) as opened:
        yield opened


async def test_the_landing_page_lists_the_feeds(site: Publication) -> None:
    answer = await site.client.get("/")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["x-content-type-options"] == "nosniff"
    for name in ("all", "sport"):
        for form in ("rss", "atom", "json"):
            assert f"https://news.example.org/feeds/{name}.{form}" in answer.text
    assert "Sport &lt;b&gt;" in answer.text
    assert "Sport <b>" not in answer.text


async def test_who_has_the_list_of_feeds_already_is_told_so(site: Publication) -> None:
    first = await site.client.get("/feeds.opml")
    assert first.headers["content-type"] == "text/x-opml; charset=utf-8"
    tag = first.headers["etag"]
    strong = tag.removeprefix("W/")
    for known in (tag, strong, f'"other", {tag}', f'{strong[:-1]}-gzip"', "*"):
        again = await site.client.get("/feeds.opml", headers={"If-None-Match": known})
        assert (again.status_code, again.content) == (304, b""), known
        assert again.headers["etag"] == tag
    another = await site.client.get("/feeds.opml", headers={"If-None-Match": '"other"'})
    assert (another.status_code, another.content) == (200, first.content)


async def test_lists_and_pages_are_compressed_for_who_takes_that(site: Publication) -> None:
    article = an_article(id="a", html=f"<p>{'Low water. ' * 200}</p>")
    await site.publish(article)
    for path in ("/", "/feeds.opml", f"/articles/{article.id}"):
        plain = await site.client.get(path, headers={"Accept-Encoding": "identity"})
        assert "content-encoding" not in plain.headers
        for coding in ("br", "gzip"):
            answer = await site.client.get(path, headers={"Accept-Encoding": coding})
            assert answer.headers["content-encoding"] == coding, path
            assert answer.headers["vary"] == "Accept-Encoding"
            assert int(answer.headers["content-length"]) < len(plain.content)
            assert answer.content == plain.content


async def test_an_article_without_an_address_has_a_page(site: Publication) -> None:
    article = an_article(id="a", title="The mill & the boat", html="<p>Both <b>run</b>.</p>")
    await site.publish(article)
    answer = await site.client.get(f"/articles/{article.id}")
    assert answer.status_code == 200
    assert "The mill &amp; the boat" in answer.text
    assert "<p>Both <b>run</b>.</p>" in answer.text
    assert answer.headers["x-frame-options"] == "DENY"
    headed = await site.client.head(f"/articles/{article.id}")
    assert (headed.status_code, headed.content) == (200, b"")
    assert (await site.client.post(f"/articles/{article.id}")).status_code == 405


async def test_an_article_with_an_address_is_there(site: Publication) -> None:
    article = an_article(id="a", url="https://elsewhere.example/a?b=c")
    await site.publish(article)
    answer = await site.client.get(f"/articles/{article.id}")
    assert (answer.status_code, answer.headers["location"]) == (302, article.url)


async def test_a_withdrawn_article_is_gone(site: Publication) -> None:
    article = an_article(id="a", title="Regretted")
    await site.publish(article)
    await site.publish(an_article(id="a", title="Regretted", withdrawn=True))
    answer = await site.client.get(f"/articles/{article.id}")
    assert answer.status_code == 410
    assert "Regretted" not in answer.text


async def test_an_article_whose_time_has_not_come_is_not_found(site: Publication) -> None:
    article = an_article(id="a", published=Date(NOW + timedelta(hours=1)))
    await site.publish(article)
    assert (await site.client.get(f"/articles/{article.id}")).status_code == 404


@pytest.mark.parametrize("id_", ["nothing", "%00", "..%2F..", "x" * 5000, "%ff", "%ED%A0%80"])
async def test_an_unknown_article_is_not_found(site: Publication, id_: str) -> None:
    assert (await site.client.get(f"/articles/{id_}")).status_code == 404
