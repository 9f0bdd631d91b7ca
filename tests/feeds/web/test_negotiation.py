"""One feed, many clients: codings, other sites' scripts, proxies, paths, other names."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from datetime import timedelta

import brotli
import httpx
import pytest
from starlette.types import Message, Receive, Scope, Send

from feeds.kit.database import Database
from feeds.library import publish
from feeds.web import at_site
from tests.conftest import NOW
from tests.feeds.builders import a_feed, a_site, an_article
from tests.feeds.web.builders import Publication, a_publication

ATOM = "/feeds/all.atom"
WORDS = "The ferry runs again. " * 100


@pytest.fixture
async def site(sqlite: Database) -> AsyncIterator[Publication]:
    async with a_publication(sqlite, hub="https://news.example.org/hub") as opened:
        await opened.publish(an_article(id="a", text=WORDS))
        yield opened


async def raw(site: Publication, accepted: str | None, path: str = ATOM) -> httpx.Response:
    headers = {} if accepted is None else {"Accept-Encoding": accepted}
    request = httpx.Request("GET", f"{site.press.site.url}{path}", headers=headers)
    return await site.client.send(request)


async def test_compressed_forms_are_smaller_and_the_same_document(site: Publication) -> None:
    plain = await raw(site, None)
    found = {"identity": len(plain.content)}
    for coding in ("gzip", "br"):
        answer = await raw(site, coding)
        assert answer.headers["content-encoding"] == coding
        assert answer.content == plain.content  # the client has decoded it
        assert answer.headers["etag"] == plain.headers["etag"]
        assert answer.headers["etag"].startswith('W/"')
        found[coding] = int(answer.headers["content-length"])
    assert "content-encoding" not in plain.headers
    assert found["br"] < found["gzip"] < found["identity"] / 2


async def test_both_codings_are_what_they_say(site: Publication) -> None:
    plain = (await raw(site, None)).content
    forms = {}
    for coding in ("gzip", "br"):
        _, body = await ask(site, headers=[(b"accept-encoding", coding.encode())])
        forms[coding] = body
    assert gzip.decompress(forms["gzip"]) == plain
    assert brotli.decompress(forms["br"]) == plain
    assert forms["gzip"][4:8] == bytes(4)  # no time of day in it


async def ask(
    site: Publication,
    path: str = ATOM,
    headers: list[tuple[bytes, bytes]] | None = None,
    **more: str,
) -> tuple[int, bytes]:
    """Ask the server itself, below any client; return status and bytes."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": path, "headers": headers or [], **more}
    await site.server(scope, receive, send)
    start, body = sent
    return start["status"], body["body"]


@pytest.mark.parametrize(
    ("accepted", "status", "coding"),
    [
        ("br, gzip", 200, "br"),
        ("gzip;q=1, br;q=0.9", 200, "gzip"),
        ("identity;q=0, gzip", 200, "gzip"),
        ("zstd", 200, None),
        ("zstd, identity;q=0", 406, None),
        ("*;q=0", 406, None),
    ],
)
async def test_weights_are_honoured(
    site: Publication, accepted: str, status: int, coding: str | None
) -> None:
    answer = await raw(site, accepted)
    assert (answer.status_code, answer.headers.get("content-encoding")) == (status, coding)


async def test_new_bytes_are_served_before_they_are_compressed(site: Publication) -> None:
    later = NOW + timedelta(hours=1)
    long = " ".join(str(number * number) for number in range(50_000))
    await site.press.store.ingest([an_article(id="b", text=long)], later)
    await publish(site.press, later)
    await site.server.refresh()
    at_once = await raw(site, "br")
    assert "content-encoding" not in at_once.headers
    await site.server.compressed()
    compressed = await raw(site, "br")
    assert compressed.headers["content-encoding"] == "br"
    assert compressed.content == at_once.content


async def test_a_small_body_is_left_alone_unless_it_must_not_be(sqlite: Database) -> None:
    async with a_publication(sqlite, a_feed(title="x")) as site:
        await site.publish()
        path = "/feeds/all.json"
        assert len((await raw(site, None, path)).content) < 512
        assert "content-encoding" not in (await raw(site, "br, gzip", path)).headers
        forced = await raw(site, "gzip, identity;q=0", path)
        assert forced.headers["content-encoding"] == "gzip"
        assert forced.content == (await raw(site, None, path)).content


async def test_every_answer_about_a_feed_names_what_it_depends_on(site: Publication) -> None:
    etag = (await raw(site, None)).headers["etag"]
    browser = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    for headers in ({}, {"If-None-Match": etag}, browser):
        answer = await site.client.get(ATOM, headers=headers)
        names = answer.headers["vary"].split(", ")
        assert names == ["Accept-Encoding", "A-IM", "Sec-Fetch-Mode", "Sec-Fetch-Dest"]
    names = (await site.client.get("/feeds/all.json")).headers["vary"].split(", ")
    assert names == ["Accept-Encoding", "Sec-Fetch-Mode", "Sec-Fetch-Dest"]


async def test_an_unchanged_feed_says_what_a_cache_must_know(site: Publication) -> None:
    full = await raw(site, "gzip")
    answer = await site.client.get(ATOM, headers={"If-None-Match": full.headers["etag"]})
    assert answer.status_code == 304
    for name in ("etag", "cache-control", "vary", "access-control-allow-origin"):
        assert answer.headers[name] == full.headers[name]
    for name in ("content-type", "content-length", "content-encoding"):
        assert name not in answer.headers


async def test_the_links_name_the_feed_and_its_hub(site: Publication) -> None:
    links = (await raw(site, None)).headers["link"]
    assert links == (
        '<https://news.example.org/feeds/all.atom>; rel="self",'
        ' <https://news.example.org/hub>; rel="hub"'
    )


async def test_no_answer_sets_a_cookie_or_offers_a_range(site: Publication) -> None:
    whole = (await raw(site, None)).content
    for path in (ATOM, "/feeds/none.atom"):
        answer = await site.client.get(path, headers={"Range": "bytes=0-9", "Cookie": "a=b"})
        assert answer.status_code in {200, 404}
        assert not {"set-cookie", "accept-ranges", "content-range"} & set(answer.headers)
    assert (await site.client.get(ATOM, headers={"Range": "bytes=0-9"})).content == whole


async def test_scripts_of_other_sites_may_read_feeds(site: Publication) -> None:
    asked = {"Origin": "https://reader.example", "Access-Control-Request-Method": "GET"}
    asked["Access-Control-Request-Headers"] = "if-none-match, a-im"
    answer = await site.client.options(ATOM, headers=asked)
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "GET" in answer.headers["access-control-allow-methods"]
    assert answer.headers["access-control-allow-headers"] == "*"
    exposed = (await site.client.get(ATOM)).headers["access-control-expose-headers"]
    assert {"ETag", "Link", "Last-Modified"} <= set(exposed.split(", "))


@pytest.mark.parametrize("path", ["/feeds/all.rss", "/news/feeds/all.rss"])
async def test_a_site_below_a_path_is_found_with_it_and_without(
    sqlite: Database, path: str
) -> None:
    below = a_site(url="https://example.org/news")
    async with a_publication(sqlite, site=below) as site:
        await site.publish(an_article(id="a", text=WORDS))
        status, body = await ask(site, path)
        assert status == 200
        assert b"https://example.org/news/feeds/all.rss" in body
        status, _ = await ask(site, f"/root{path}", root_path="/root")
        assert status == 200
        status, _ = await ask(site, "/newsroom/feeds/all.rss")
        assert status == 404


async def test_pages_below_a_path_are_found_the_same_way() -> None:
    seen: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["path"])

    async def receive() -> Message:
        return {}

    async def send(_: Message) -> None:
        """Nothing is sent."""

    local = at_site(app, a_site(url="https://example.org/news"))
    for path, root in (("/news/a", ""), ("/a", ""), ("/x/a", "/x"), ("/news", ""), ("/newsa", "")):
        await local({"type": "http", "path": path, "root_path": root}, receive, send)
    assert seen == ["/a", "/a", "/a", "/", "/newsa"]


@pytest.mark.parametrize("form", ["rss", "atom", "json"])
async def test_a_renamed_feed_has_moved_and_one_that_is_gone_is_gone(
    sqlite: Database, form: str
) -> None:
    async with a_publication(sqlite, a_feed(name="new", was=("old",)), gone=("late",)) as site:
        await site.publish(an_article(id="a"))
        answer = await site.client.get(f"/feeds/old.{form}", follow_redirects=False)
        assert answer.status_code == 301
        assert answer.headers["location"] == f"https://news.example.org/feeds/new.{form}"
        assert (await site.client.get(f"/feeds/late.{form}")).status_code == 410
        assert (await site.client.get(f"/feeds/never.{form}")).status_code == 404


async def test_archives_are_served_as_feeds_are(sqlite: Database) -> None:
    async with a_publication(sqlite, a_feed(items=2, was=("old",))) as site:
        await site.publish(*[an_article(id=str(n), text=f"{n} {WORDS}") for n in range(5)])
        spec = site.press.feeds[0]
        path = f"/feeds/all/{spec.archive_name(1)}.atom"
        first = await raw(site, "br", path)
        assert (first.status_code, first.headers["content-encoding"]) == (200, "br")
        assert first.headers["cache-control"] == "public, max-age=900"
        again = await site.client.get(path, headers={"If-None-Match": first.headers["etag"]})
        assert again.status_code == 304
        assert (await site.client.get(path.replace("-1.", "-9."))).status_code == 404
        moved = await site.client.get(path.replace("all", "old"), follow_redirects=False)
        assert moved.headers["location"] == f"https://news.example.org{path}"
        edited = an_article(id="0", text=f"another {WORDS}", updated=None)
        await site.publish(edited, now=NOW + timedelta(hours=1))
        later = await site.client.get(path, headers={"If-None-Match": first.headers["etag"]})
        assert later.status_code == 200
        assert "another" in later.text


async def test_more_feeds_than_fit_into_memory_are_served_all_the_same(sqlite: Database) -> None:
    feeds = [a_feed(name=f"f{n}") for n in range(4)]
    async with a_publication(sqlite, *feeds, keep=8000) as site:
        await site.publish(an_article(id="a", text=WORDS))
        paths = [f"/feeds/{feed.name}.{form}" for feed in feeds for form in ("rss", "json")]
        answers = await asyncio.gather(*[raw(site, "gzip", path) for path in paths * 2])
        assert {answer.status_code for answer in answers} == {200}
        await site.server.compressed()
        assert (await raw(site, "gzip", paths[0])).text == answers[0].text


async def test_how_long_a_copy_may_be_used_follows_the_pace_of_the_feed(sqlite: Database) -> None:
    async with a_publication(sqlite) as site:
        said = []
        for number in range(4):
            article = an_article(id=str(number), text=WORDS)
            await site.publish(article, now=NOW + number * timedelta(hours=1))
            said.append((await raw(site, None)).headers["cache-control"])
    assert said == ["public, max-age=300", *["public, max-age=360"] * 3]
