"""Feeds over HTTP: stored bytes, validators, conditions, methods."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path

import pytest

from feeds import Format
from feeds.kit.database import Database
from feeds.web import Asked
from tests.conftest import NOW
from tests.feeds.builders import a_feed, an_article
from tests.feeds.web.builders import Publication, a_publication

HOUR = timedelta(hours=1)
ATOM = "/feeds/all.atom"


@pytest.fixture
async def site(sqlite: Database) -> AsyncIterator[Publication]:
    async with a_publication(sqlite) as opened:
        await opened.publish(an_article(id="a"))
        yield opened


@pytest.mark.parametrize("form", Format)
async def test_a_feed_is_served_as_it_stands_on_the_shelf(database: Database, form: Format) -> None:
    async with a_publication(database) as site:
        await site.publish(an_article(id="a"))
        answer = await site.client.get(f"/feeds/all.{form}")
        stored = {one.format: one for one in await site.press.shelf.documents()}[form]
    assert (answer.status_code, answer.content) == (200, stored.body)
    headers = answer.headers
    assert headers["content-type"] == form.content_type
    assert headers["etag"] == f'W/"{stored.etag}"'
    assert parsedate_to_datetime(headers["last-modified"]) == stored.modified
    assert headers["cache-control"].startswith("public, max-age=")
    assert f'<https://news.example.org/feeds/all.{form}>; rel="self"' in headers["link"]
    assert headers["access-control-allow-origin"] == "*"
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "tags",
    [
        'W/"{}"',
        '"{}"',
        '"other", W/"{}", "more"',
        "*",
        " * ",
        'W/"{}-gzip"',
        '"{}-gzip"',
        '"x" ,W/"{}"',
    ],
)
async def test_who_has_the_feed_is_told_so(site: Publication, tags: str) -> None:
    etag = (await site.client.get(ATOM)).headers["etag"]
    wanted = {"If-None-Match": tags.format(etag[3:-1])}
    for method in ("GET", "HEAD"):
        answer = await site.client.request(method, ATOM, headers=wanted)
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == etag  # RFC 9110, 15.4.5
        assert {"cache-control", "last-modified"} <= set(answer.headers)
        assert "content-length" not in answer.headers


@pytest.mark.parametrize("tags", ['"other"', "", 'W/"{}x"', '"', '""', "W/*", "\xff"])
async def test_who_has_another_feed_gets_it(site: Publication, tags: str) -> None:
    etag = (await site.client.get(ATOM)).headers["etag"][3:-1]
    wanted = {b"If-None-Match": tags.format(etag).encode("latin-1")}
    assert (await site.client.get(ATOM, headers=wanted)).status_code == 200


async def test_a_list_of_tags_may_come_in_several_lines(site: Publication) -> None:
    etag = (await site.client.get(ATOM)).headers["etag"]
    lines = [("If-None-Match", etag), ("If-None-Match", '"other"')]
    assert (await site.client.get(ATOM, headers=lines)).status_code == 304


async def test_the_date_decides_where_no_tag_is_sent(site: Publication) -> None:
    modified = parsedate_to_datetime((await site.client.get(ATOM)).headers["last-modified"])
    for moved, status in ((timedelta(0), 304), (HOUR, 304), (-timedelta(seconds=1), 200)):
        since = {"If-Modified-Since": format_datetime(modified + moved, usegmt=True)}
        assert (await site.client.get(ATOM, headers=since)).status_code == status


@pytest.mark.parametrize(
    "since",
    [
        "",
        "yesterday",
        "Mon, 32 Jan 2024 99:00:00 GMT",
        f"Mon, 01 Jan {'9' * 12} 00:00:00 GMT",
        f"Mon, 01 Jan 2024 00:00:00 +{'9' * 20}",
    ],
)
async def test_a_date_that_is_none_is_no_condition(site: Publication, since: str) -> None:
    answer = await site.client.get(ATOM, headers={"If-Modified-Since": since})
    assert answer.status_code == 200


async def test_a_tag_outranks_a_date(site: Publication) -> None:
    etag = (await site.client.get(ATOM)).headers["etag"]
    future = format_datetime(NOW + 1000 * HOUR, usegmt=True)
    past = format_datetime(NOW - 1000 * HOUR, usegmt=True)
    both = {"If-None-Match": '"other"', "If-Modified-Since": future}
    assert (await site.client.get(ATOM, headers=both)).status_code == 200
    both = {"If-None-Match": etag, "If-Modified-Since": past}
    assert (await site.client.get(ATOM, headers=both)).status_code == 304


async def test_serving_touches_no_database(sqlite: Database, tmp_path: Path) -> None:
    async with a_publication(sqlite) as site:
        await site.publish(an_article(id="a"))
        etag = (await site.client.get(ATOM)).headers["etag"]
        await sqlite.close()
        remove_store(tmp_path)
        has = {"If-None-Match": etag}
        assert (await site.client.get(ATOM, headers=has)).status_code == 304
        assert (await site.client.get(ATOM)).status_code == 200
        assert remove_store(tmp_path) == 0  # nobody has opened it again


def remove_store(folder: Path) -> int:
    found = list(folder.glob("store.db*"))
    for path in found:
        path.unlink()
    return len(found)


async def test_head_is_get_without_the_body(site: Publication) -> None:
    got, headed = await site.client.get(ATOM), await site.client.head(ATOM)
    assert (headed.status_code, headed.content) == (200, b"")
    assert headed.headers == got.headers
    assert int(headed.headers["content-length"]) == len(got.content)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
async def test_other_methods_are_not_allowed(site: Publication, method: str) -> None:
    answer = await site.client.request(method, ATOM)
    assert answer.status_code == 405
    assert {"GET", "HEAD"} <= set(answer.headers["allow"].split(", "))


@pytest.mark.parametrize(
    "path",
    [
        "/feeds/",
        "/feeds/no.atom",
        "/feeds/all",
        "/feeds/all.pdf",
        "/feeds/%00",
        "/feeds/../all.atom/",
    ],
)
async def test_a_feed_that_is_not_there_is_not_found(site: Publication, path: str) -> None:
    assert (await site.client.get(path)).status_code == 404
    answer = await site.client.head(path)
    assert (answer.status_code, answer.content) == (404, b"")


async def test_a_change_is_served_after_the_next_refresh(site: Publication) -> None:
    before = (await site.client.get(ATOM)).headers
    await site.publish(an_article(id="b", text="More."), now=NOW + HOUR)
    after = await site.client.get(ATOM, headers={"If-None-Match": before["etag"]})
    assert after.status_code == 200
    assert after.headers["etag"] != before["etag"]
    since = {"If-Modified-Since": before["last-modified"]}
    assert (await site.client.get(ATOM, headers=since)).status_code == 200


async def test_a_feed_that_was_taken_down_is_gone_after_the_next_refresh(
    sqlite: Database,
) -> None:
    async with a_publication(sqlite, a_feed(), a_feed(name="other")) as site:
        await site.publish(an_article(id="a"))
        assert (await site.client.get("/feeds/other.rss")).status_code == 200
        async with a_publication(sqlite, a_feed()) as fewer:
            await fewer.publish()
        await site.server.refresh()
        assert (await site.client.get("/feeds/other.rss")).status_code == 404
        assert (await site.client.get("/feeds/all.rss")).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "fields"),
    [
        ("POST", ATOM, []),
        ("OPTIONS", ATOM, []),
        ("GET", "/feeds/none.atom", []),
        ("GET", ATOM, [(b"sec-fetch-mode", b"navigate"), (b"sec-fetch-dest", b"document")]),
        ("GET", ATOM, [(b"a-im", b"feed"), (b"if-none-match", b'"an-earlier-one"')]),
        ("GET", ATOM, [(b"accept-encoding", b"identity;q=0, *;q=0")]),
    ],
)
async def test_what_must_be_made_first_is_not_ready(
    site: Publication, method: str, path: str, fields: list[tuple[bytes, bytes]]
) -> None:
    assert site.server.ready(method, path, Asked(fields)) is None
    assert site.server.ready("GET", ATOM, Asked([])) is not None


async def test_without_room_for_the_bytes_only_the_304_is_ready(sqlite: Database) -> None:
    async with a_publication(sqlite, keep=0) as small:
        await small.publish(an_article(id="a"))
        etag = (await small.client.get(ATOM)).headers["etag"].encode()
        assert small.server.ready("GET", ATOM, Asked([])) is None
        answer = small.server.ready("GET", ATOM, Asked([(b"if-none-match", etag)]))
        assert answer
        assert answer.status == 304


async def test_an_answer_is_written_as_http_says(site: Publication) -> None:
    answer = site.server.ready("GET", ATOM, Asked([]))
    assert answer
    assert answer.status_line == b"HTTP/1.1 200 OK\r\n"
    lines = answer.fields.split(b"\r\n")
    assert lines[-2:] == [b"", b""]
    assert [tuple(line.split(b": ", 1)) for line in lines[:-2]] == list(answer.headers)
