"""Opened in a browser, the address of a feed shows a page for people."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta
from xml.etree.ElementTree import Element

import html5lib
import pytest

from feeds import Format
from feeds.kit.database import Database
from feeds.render.page import feed_page
from tests.conftest import NOW
from tests.feeds.builders import a_feed, a_site, an_article, an_entry, some_entries
from tests.feeds.web.builders import Publication, a_publication

BROWSER = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Accept": "text/html"}
ATOM = "/feeds/all.atom"


@pytest.fixture
async def site(sqlite: Database) -> AsyncIterator[Publication]:
    async with a_publication(sqlite, a_feed(title="A & <b>")) as opened:
        await opened.publish(an_article(id="a", title="The bridge"))
        yield opened


def parsed(page: bytes) -> Element:
    tree: Element = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(
        page.decode()
    )
    return tree


async def test_a_browser_gets_a_page_that_no_cache_keeps(site: Publication) -> None:
    answer = await site.client.get(ATOM, headers=BROWSER)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "private, no-store"
    assert "etag" not in answer.headers
    assert "The bridge" in answer.text
    head = await site.client.head(ATOM, headers=BROWSER)
    assert (head.content, head.headers) == (b"", answer.headers)
    coded = await site.client.get(ATOM, headers=BROWSER | {"Accept-Encoding": "br"})
    assert (coded.headers["content-encoding"], coded.text) == ("br", answer.text)


async def an_archive(site: Publication) -> str:
    """Let archives of three articles come to be; return the path of the newest, of two."""
    for number in range(7):
        later = NOW + timedelta(minutes=number)
        await site.publish(an_article(id=f"n{number}", title=f"Story {number}"), now=later)
    feed = (await site.client.get("/feeds/all.json")).json()
    return str(feed["next_url"]).removeprefix("https://news.example.org")


async def test_an_archive_document_has_a_page_too(sqlite: Database) -> None:
    async with a_publication(sqlite, a_feed(items=3)) as site:
        path = await an_archive(site)
        document = await site.client.get(path)
        titles = {item["title"] for item in document.json()["items"]}
        page = await site.client.get(path, headers=BROWSER)
        etag = {"If-None-Match": document.headers["etag"]}
        again = await site.client.get(path, headers=BROWSER | etag)
        head = await site.client.head(path, headers=BROWSER | {"Accept-Encoding": "br"})
        earlier = document.json()["next_url"]
        oldest = await site.client.get(earlier, headers=BROWSER)
        nothing = await site.client.get(f"{path[:-6]}9.json", headers=BROWSER)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["cache-control"] == "private, no-store"
    assert {*document.headers["vary"].split(", ")} <= {*page.headers["vary"].split(", ")}
    tree = parsed(page.content)
    assert {a.text for h in tree.iter("h3") for a in h} == titles
    links = [a.get("href") for a in tree.iter("a")]
    assert earlier in links
    assert "https://news.example.org/feeds/all.json" in links
    assert not list(tree.iter("script"))
    assert again.text == page.text
    assert (head.status_code, head.headers["content-encoding"]) == (200, "br")
    assert b'rel="prev"' not in oldest.content
    assert nothing.status_code == 404


async def test_the_page_of_an_archive_follows_it(sqlite: Database) -> None:
    async with a_publication(sqlite, a_feed(items=3)) as site:
        path = await an_archive(site)
        before = await site.client.get(path, headers=BROWSER)
        title = next(a.text for h in parsed(before.content).iter("h3") for a in h) or ""
        edited = an_article(id=f"n{title[-1]}", title="Another title")
        await site.publish(edited, now=NOW + timedelta(hours=1))
        after = await site.client.get(path, headers=BROWSER)
    assert title in before.text
    assert title not in after.text
    assert "Another title" in after.text


@pytest.mark.parametrize(
    "headers",
    [
        {"Accept": "text/html"},
        {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
        {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"},
        {"Sec-Fetch-Dest": "document"},
    ],
)
async def test_everything_else_gets_the_feed(site: Publication, headers: dict[str, str]) -> None:
    answer = await site.client.get(ATOM, headers=headers)
    assert answer.headers["content-type"].startswith("application/atom+xml")


async def test_a_browser_that_had_the_feed_gets_the_page_too(site: Publication) -> None:
    etag = (await site.client.get(ATOM)).headers["etag"]
    answer = await site.client.get(ATOM, headers=BROWSER | {"If-None-Match": etag})
    assert (answer.status_code, answer.headers["content-type"][:9]) == (200, "text/html")


async def test_the_page_follows_the_feed(site: Publication) -> None:
    await site.client.get(ATOM, headers=BROWSER)
    await site.publish(an_article(id="b", title="The ferry"), now=NOW + timedelta(hours=1))
    assert "The ferry" in (await site.client.get(ATOM, headers=BROWSER)).text


async def test_each_format_has_its_own_address_on_its_page(site: Publication) -> None:
    for form in Format:
        answer = await site.client.get(f"/feeds/all.{form}", headers=BROWSER)
        (field,) = parsed(answer.content).iter("input")
        assert field.get("value") == f"https://news.example.org/feeds/all.{form}"
        assert field.get("readonly") is not None


def test_a_hostile_title_is_text() -> None:
    spec = a_feed(title="</title><script>alert(1)</script>", description='"><img src=x>')
    entry = an_entry(title="<script>alert(2)</script>")
    tree = parsed(feed_page(spec, a_site(name="<i>"), Format.RSS, [entry]))
    assert len(list(tree.iter("script"))) == 1  # ours
    assert not list(tree.iter("img"))
    assert not list(tree.iter("i"))


def test_nothing_runs_but_the_one_script_and_nothing_depends_on_it() -> None:
    tree = parsed(feed_page(a_feed(), a_site(), Format.RSS, some_entries(2)))
    (policy,) = [m.get("content") or "" for m in tree.iter("meta") if m.get("http-equiv")]
    (script,) = tree.iter("script")
    digest = base64.b64encode(hashlib.sha256((script.text or "").encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    assert "unsafe" not in policy
    (button,) = tree.iter("button")
    assert button.get("hidden") is not None  # until the script shows it


def test_the_address_can_be_handed_to_readers() -> None:
    spec = a_feed(name="länder & co")
    tree = parsed(feed_page(spec, a_site(), Format.ATOM, []))
    url = "https://news.example.org/feeds/l%C3%A4nder%20%26%20co.atom"
    links = [a.get("href") or "" for a in tree.iter("a")]
    assert f"feed:{url}" in links
    encoded = "https%3A%2F%2Fnews.example.org%2Ffeeds%2Fl%25C3%25A4nder%2520%2526%2520co.atom"
    assert f"https://feedly.com/i/subscription/feed/{encoded}" in links
    as_json = feed_page(spec, a_site(), Format.JSON, [])
    assert b"feedly" not in as_json  # it reads no JSON Feed
    assert b"feedbin" in as_json


def test_the_page_speaks_the_language_of_the_feed() -> None:
    spec = a_feed(title="أخبار النهر", language="ar")
    entries = [an_entry(1, title="Bridge", language="en"), an_entry(2, title="جسر", language="ar")]
    tree = parsed(feed_page(spec, a_site(), Format.RSS, entries))
    assert (tree.get("lang"), tree.get("dir")) == ("ar", "rtl")
    (stories,) = tree.iter("ol")
    assert [(li.get("lang"), li.get("dir")) for li in stories] == [("ar", "rtl"), ("en", "ltr")]
    (section,) = tree.iter("section")
    assert (section.get("lang"), section.get("dir")) == ("en", "ltr")


def test_the_newest_articles_come_first_and_not_too_many() -> None:
    tree = parsed(feed_page(a_feed(), a_site(), Format.RSS, some_entries(30)[::-1]))
    shown = [a.text for h in tree.iter("h3") for a in h]
    assert (len(shown), shown[0]) == (20, "Article number 1")
