"""RFC 3229 with `feed`: only what is new or edited since a version that the reader has."""

from __future__ import annotations

import warnings
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import feedparser
import httpx
import pytest

from feeds import Format
from feeds.kit.database import Database
from feeds.publish import DatabaseShelf
from tests.conftest import NOW
from tests.feeds.builders import a_feed, an_article
from tests.feeds.web.builders import Publication, a_publication

HOUR = timedelta(hours=1)
WITH_NEWS = [Format.RSS, Format.ATOM]


@pytest.fixture
async def site(sqlite: Database) -> AsyncIterator[Publication]:
    async with a_publication(sqlite, a_feed(items=5)) as opened:
        await opened.publish(*[an_article(id=f"urn:x:{n}", title=f"Old {n}") for n in range(3)])
        yield opened


async def get(site: Publication, form: Format, *tags: str, a_im: str = "feed") -> httpx.Response:
    headers = {"A-IM": a_im} if a_im else {}
    if tags:
        headers["If-None-Match"] = ", ".join(tags)
    return await site.client.get(f"/feeds/all.{form}", headers=headers)


async def tag(site: Publication, form: Format) -> str:
    return str((await get(site, form)).headers["etag"])


def titles(answer: httpx.Response) -> list[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        parsed = feedparser.parse(answer.content)
    assert not parsed.bozo
    return [entry.title for entry in parsed.entries]


@pytest.mark.parametrize("form", WITH_NEWS)
async def test_who_has_an_earlier_version_gets_what_is_new(site: Publication, form: Format) -> None:
    seen = await tag(site, form)
    await site.publish(an_article(id="urn:x:new", title="New"), now=NOW + HOUR)
    answer = await get(site, form, seen)
    assert answer.status_code == 226
    assert answer.headers["im"] == "feed"
    assert answer.headers["cache-control"] == "no-store, im"
    assert answer.headers["delta-base"] == seen
    assert answer.headers["content-type"] == form.content_type
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert titles(answer) == ["New"]
    full = await get(site, form)
    assert answer.headers["etag"] == full.headers["etag"] != seen
    assert len(answer.content) < len(full.content)
    assert (await get(site, form, answer.headers["etag"])).status_code == 304
    head = await site.client.head(
        f"/feeds/all.{form}", headers={"A-IM": "feed", "If-None-Match": seen}
    )
    assert (head.status_code, head.content) == (226, b"")


async def test_an_edit_is_news_and_a_withdrawal_is_none(site: Publication) -> None:
    first = await tag(site, Format.ATOM)
    await site.publish(an_article(id="urn:x:1", title="Mended"), now=NOW + HOUR)
    assert titles(await get(site, Format.ATOM, first)) == ["Mended"]
    second = await tag(site, Format.ATOM)
    gone = an_article(id="urn:x:2", title="Old 2", withdrawn=True)
    await site.publish(gone, now=NOW + 2 * HOUR)
    answer = await get(site, Format.ATOM, second)
    assert (answer.status_code, sorted(titles(answer))) == (200, ["Mended", "Old 0"])
    assert titles(await get(site, Format.ATOM, first)) == ["Mended"]


async def test_of_several_versions_the_newest_counts(site: Publication) -> None:
    first = await tag(site, Format.RSS)
    await site.publish(an_article(id="urn:x:4", title="Second"), now=NOW + HOUR)
    second = await tag(site, Format.RSS)
    await site.publish(an_article(id="urn:x:5", title="Third"), now=NOW + 2 * HOUR)
    answer = await get(site, Format.RSS, '"unknown"', first, second.replace('"', '-gzip"', 2)[:-6])
    assert answer.status_code == 226
    both = await get(site, Format.RSS, first, second)
    assert (titles(both), both.headers["delta-base"]) == (["Third"], second)
    assert sorted(titles(await get(site, Format.RSS, first))) == ["Second", "Third"]


@pytest.mark.parametrize(
    ("form", "a_im"),
    [(Format.JSON, "feed"), (Format.ATOM, ""), (Format.ATOM, "vcdiff"), (Format.ATOM, "feed;q=0")],
)
async def test_who_cannot_take_news_gets_everything(
    site: Publication, form: Format, a_im: str
) -> None:
    seen = await tag(site, form)
    await site.publish(an_article(id="urn:x:new", title="New"), now=NOW + HOUR)
    answer = await get(site, form, seen, a_im=a_im)
    assert answer.status_code == 200
    assert "im" not in answer.headers


async def test_an_unknown_version_gets_everything(site: Publication) -> None:
    await site.publish(an_article(id="urn:x:new", title="New"), now=NOW + HOUR)
    for tags in ([], ['"unknown"'], ["garbage"], [f'"{n}"' for n in range(100)]):
        assert (await get(site, Format.ATOM, *tags)).status_code == 200


async def test_who_may_have_missed_something_gets_everything(site: Publication) -> None:
    seen = await tag(site, Format.ATOM)
    many = [an_article(id=f"urn:y:{n}", title=f"New {n}") for n in range(5)]
    await site.publish(*many, now=NOW + HOUR)
    assert (await get(site, Format.ATOM, seen)).status_code == 200


async def test_a_version_from_before_another_selection_or_look_is_too_old(
    sqlite: Database,
) -> None:
    async with a_publication(sqlite, a_feed(title="First")) as site:
        await site.publish(*[an_article(id=f"urn:x:{n}", title=f"Old {n}") for n in range(3)])
        seen = await tag(site, Format.ATOM)
    async with a_publication(sqlite, a_feed(title="Second")) as site:
        await site.publish(an_article(id="urn:x:new", title="New"), now=NOW + HOUR)
        assert (await get(site, Format.ATOM, seen)).status_code == 200


async def test_only_so_many_versions_are_remembered(site: Publication, sqlite: Database) -> None:
    site.press = replace(site.press, shelf=DatabaseShelf(sqlite, versions=3))
    tags = []
    for number in range(5):
        tags.append(await tag(site, Format.ATOM))
        edited = an_article(id="urn:x:1", title=f"Edit {number}")
        await site.publish(edited, now=NOW + number * HOUR)
    answers = [(await get(site, Format.ATOM, one)).status_code for one in tags]
    assert answers == [200, 200, 200, 226, 226]


async def test_walking_by_news_alone_misses_nothing(site: Publication) -> None:
    seen, known = await tag(site, Format.ATOM), {"Old 0", "Old 1", "Old 2"}
    for number in range(6):
        await site.publish(
            an_article(id=f"urn:y:{number}", title=f"New {number}"), now=NOW + (number + 1) * HOUR
        )
        if number % 2:
            answer = await get(site, Format.ATOM, seen)
            assert answer.status_code == 226
            seen, known = answer.headers["etag"], known | set(titles(answer))
    assert known == {f"Old {n}" for n in range(3)} | {f"New {n}" for n in range(6)}


@pytest.mark.parametrize("form", WITH_NEWS)
async def test_news_are_compressed_like_everything_else(site: Publication, form: Format) -> None:
    seen = await tag(site, form)
    await site.publish(an_article(id="urn:x:new", text="Fresh " * 500), now=NOW + HOUR)
    plain = await get(site, form, seen)
    for coding in ("gzip", "br"):
        asked = {"A-IM": "feed", "If-None-Match": seen, "Accept-Encoding": coding}
        answer = await site.client.get(f"/feeds/all.{form}", headers=asked)
        assert (answer.status_code, answer.headers["content-encoding"]) == (226, coding)
        assert int(answer.headers["content-length"]) < len(plain.content) / 2
        assert answer.content == plain.content
        assert answer.headers["cache-control"] == "no-store, im"
        assert answer.headers["delta-base"] == seen
