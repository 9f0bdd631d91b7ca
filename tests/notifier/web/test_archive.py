"""Past issues: public ones by date, as a list and as a feed, personal ones behind a signature."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import feedparser
import httpx
import pytest

from feeds import Article, Query
from notifier.archive import BackIssues, issue_list
from notifier.delivery.archive import Archive
from notifier.digest.spec import DigestSpec, Topic
from notifier.mailing import Desk, deliver, open_due, open_now
from notifier.schedule.language import parse_schedule
from notifier.service import House
from notifier.service.public import web_of
from notifier.settings import Settings
from notifier.subscriber import Choice
from notifier.subscribing import reconcile
from notifier.tokens import LEAVE, PAGE, signed
from tests.feeds.builders import an_article as an_article_with
from tests.feeds.render.validity import faults_of_atom, faults_of_json, faults_of_rss
from tests.notifier.builders import SITE, a_digest, a_house, a_reader, messages_in, some_settings

START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SLOT = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)  # 07:30 in Paris
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
LIST, FIRST = "/digests/morning", "/digests/morning/2026-11-23"
SPORT = Topic(name="sport", title="Sport", select=Query(sections=("Sport",)))


@dataclass
class Stand:
    """A house with its web application, and what happens in it."""

    house: House
    client: httpx.AsyncClient
    desk: Desk

    async def print_(self, *names: str, now: datetime = START, **fields: Any) -> None:
        """Take articles in, `fields` those of a document."""
        await self.house.store.ingest([an_article(name, **fields) for name in names], now)

    async def issue(self, *names: str, now: datetime = SLOT) -> None:
        """Open what is due at `now`, with articles of an hour before."""
        await self.print_(*names, now=now - HOUR)
        await open_due(self.desk, now)

    async def get(self, path: str, **headers: str) -> httpx.Response:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.get(path, headers=names)

    async def text(self, path: str) -> str:
        answer = await self.get(path)
        assert answer.status_code == 200, (path, answer.status_code, answer.text)
        return answer.text

    async def mailed(self, now: datetime = SLOT) -> list[str]:
        """Send what is open; return the links to pages in the messages, by address."""
        await deliver(self.house.sender(), lambda: now, asyncio.Event())
        found = []
        for message in messages_in(self.house.settings.folder / "mail"):
            part = message.get_body(("plain",))
            assert part is not None
            words = part.get_content().split()
            found.append(next(word for word in words if word.startswith(f"{SITE.url}{LIST}/")))
        return found


def an_article(name: str, **fields: Any) -> Article:  # keyword arguments of Document
    given = {"id": name, "path": "", "title": f"About {name}", "text": f"Words of {name}."}
    return an_article_with(**(given | {"published": None} | fields))


@asynccontextmanager
async def a_stand(settings: Settings) -> AsyncIterator[Stand]:
    async with a_house(settings, START) as house:
        await reconcile(settings, house.places, house.store, START)
        _, app = web_of(house)
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url=SITE.url) as client:
            yield Stand(house, client, house.desk())


@pytest.fixture
def settings(store_url: str, tmp_path: Path) -> Settings:
    templates = tmp_path / "templates"
    templates.mkdir()
    for ending in ("html", "txt"):  # what messages look like does not matter here
        (templates / f"plain.{ending}").write_text("{{ page_url }}", encoding="utf-8")
    digest = a_digest(topics={"sport": SPORT}, template="plain")
    return some_settings(store_url, tmp_path, digests=(digest,))


@pytest.fixture
async def stand(settings: Settings) -> AsyncIterator[Stand]:
    async with a_stand(settings) as stand:
        yield stand


def with_digest(settings: Settings, **fields: Any) -> Settings:  # keyword arguments of DigestSpec
    digest: DigestSpec = replace(settings.digests[0], **fields)
    return replace(settings, digests=(digest,))


async def withdraw(stand: Stand, *names: str, now: datetime = SLOT + HOUR) -> None:
    await stand.print_(*names, now=now, withdrawn=True)


@pytest.mark.both
async def test_an_issue_has_a_page_at_its_date_with_all_that_is_in_it(settings: Settings) -> None:
    async with a_stand(with_digest(settings, maximum=1)) as stand:
        await stand.issue("a", "b", "c")
        page = await stand.text(FIRST)
        [linked] = await stand.mailed()
    assert linked == f"{SITE.url}{FIRST}"
    assert "Monday, November 23, 2026" in page
    assert '<html lang="en" dir="ltr">' in page
    assert all(f"About {name}" in page for name in "abc")


async def test_sections_stand_as_they_do_in_the_message(stand: Stand) -> None:
    await stand.print_("a", section="Culture")
    await stand.print_("b", section="Sport")
    await stand.issue("c")
    page = await stand.text(FIRST)
    order = ["About c", '<h2 class="section">Sport', "About b", '<h2 class="section">Culture']
    assert sorted(order, key=page.index) == order


async def test_the_page_is_in_the_language_of_the_digest(settings: Settings) -> None:
    async with a_stand(with_digest(settings, language="ar")) as stand:
        await stand.issue("a")
        page = await stand.text(FIRST)
        assert 'lang="ar" dir="rtl"' in page
        assert "23 نوفمبر" in page
        assert "23 نوفمبر" in await stand.text(LIST)


async def test_all_that_the_pages_say_is_in_the_language_of_the_digest(settings: Settings) -> None:
    async with a_stand(with_digest(settings, language="de")) as stand:
        await stand.issue("a", "b")
        await stand.issue("c", now=SLOT + DAY)
        first, listed = await stand.text(FIRST), await stand.text(LIST)
    for page in (first, listed):
        assert '<html lang="de" dir="ltr">' in page
        assert '<footer lang="de" dir="ltr">' in page
        assert "Alle Feeds von Riverside Courier" in page
        assert "Montag, 23. November 2026" in page
    assert '<nav class="turn" lang="de" dir="ltr" aria-label="Ausgaben">' in first
    assert ">Spätere Ausgabe</a>" in first
    assert ">Alle Ausgaben</a>" in first
    assert "Jede Ausgabe von „The morning paper“" in listed
    assert "2 Artikel<" in listed


async def test_pages_in_a_language_without_words_say_that_they_speak_english(
    settings: Settings,
) -> None:
    async with a_stand(with_digest(settings, language="he")) as stand:
        await stand.issue("a")
        page = await stand.text(FIRST)
    assert '<html lang="he" dir="rtl">' in page
    assert '<nav class="turn" lang="en" dir="ltr" aria-label="Issues">' in page


async def test_an_operators_phrases_are_on_the_pages_too(settings: Settings) -> None:
    own = replace(settings, words={"en": {"all_issues": "The whole run"}})
    async with a_stand(own) as stand:
        await stand.issue("a")
        assert ">The whole run</a>" in await stand.text(FIRST)


async def test_an_issue_that_catches_up_says_what_it_covers(stand: Stand) -> None:
    await stand.issue("a")
    await stand.issue("b", now=SLOT + 4 * DAY)
    assert "This issue covers Nov 23" in await stand.text(f"{LIST}/2026-11-27")
    assert "This issue covers" not in await stand.text(FIRST)


async def test_issues_lead_to_those_beside_them_and_to_the_list(stand: Stand) -> None:
    for number, name in enumerate("abc"):
        await stand.issue(name, now=SLOT + number * DAY)
    page = await stand.text(f"{LIST}/2026-11-24")
    for path in (FIRST, f"{LIST}/2026-11-25", LIST):
        assert f'href="{SITE.url}{path}"' in page
    first, last = await stand.text(FIRST), await stand.text(f"{LIST}/2026-11-25")
    assert 'rel="prev"' not in first
    assert 'rel="next"' not in last


async def test_the_list_names_every_issue_newest_first(stand: Stand) -> None:
    await stand.issue("a", "b")
    await stand.issue("c", now=SLOT + DAY)
    page = await stand.text(LIST)
    order = ["Tuesday, November 24", "Riverside Courier: About c", "1 article<", "Monday, November"]
    assert sorted(order, key=page.index) == order
    assert "2 articles<" in page
    for ending in ("rss", "atom", "json"):
        assert f'href="{SITE.url}{LIST}.{ending}"' in page


async def test_a_long_list_goes_on_at_its_older_issues(stand: Stand) -> None:
    for number, name in enumerate("abcd"):
        await stand.issue(name, now=SLOT + number * DAY)
    house = stand.house
    back = BackIssues(Archive(house.database), house.store, SITE, {})
    newest = await issue_list(back, house.settings.digests[0], limit=2)
    assert newest is not None
    assert b"About c" in newest.body
    assert b"About b" not in newest.body
    older = f"{LIST}?before=2026-11-25T0730"
    assert f'href="{SITE.url}{older}"'.encode() in newest.body
    page = await stand.text(older)
    assert "About b" in page
    assert "About a" in page
    assert "About c" not in page
    assert "?before=" not in await stand.text(LIST)


async def test_a_schedule_of_several_a_day_names_the_time(settings: Settings) -> None:
    twice = parse_schedule("every day at 07:30 and 18:00")
    async with a_stand(with_digest(settings, schedule=twice)) as stand:
        await stand.issue("a")
        [linked] = await stand.mailed()
        moved = await stand.get(FIRST)
        await stand.issue("b", now=SLOT + timedelta(hours=10, minutes=30))
        day = await stand.text(FIRST)
        early, late = await stand.text(f"{FIRST}T0730"), await stand.text(f"{FIRST}T1800")
    assert (moved.status_code, moved.headers["location"]) == (302, f"{SITE.url}{FIRST}T0730")
    assert day.index("T1800") < day.index("T0730")
    assert "About a" in early
    assert "Monday, November 23, 2026, 18:00" in late
    assert linked == f"{SITE.url}{FIRST}T0730"


async def test_an_issue_by_hand_has_a_page_beside_that_of_its_date(stand: Stand) -> None:
    await stand.issue("a")
    await stand.print_("b", now=SLOT + HOUR)
    await open_now(stand.desk, ["morning"], SLOT + HOUR + timedelta(seconds=5))
    assert "About b" not in await stand.text(FIRST)
    assert "About b" in await stand.text(f"{FIRST}T083005")


async def test_the_longer_address_leads_to_the_same_issue(stand: Stand) -> None:
    await stand.issue("a")
    page = await stand.text(f"{FIRST}T0730")
    assert page == await stand.text(FIRST)
    assert f'<link rel="canonical" href="{SITE.url}{FIRST}">' in page


async def test_what_is_not_there_is_not_found(stand: Stand) -> None:
    await stand.issue("a")
    for path in (
        f"{LIST}/2026-11-22",
        f"{LIST}/2026-02-30",
        f"{LIST}/0001-01-01",
        f"{LIST}/9999-12-31",
        f"{FIRST}T0731",
        f"{FIRST}T",
        f"{FIRST}/",
        f"{LIST}/",
        f"{LIST}/%00",
        f"{LIST}/1",
        f"{LIST}?before=2025-01-01",
        f"{LIST}?before=%00",
        "/digests/evening",
        "/digests/evening.atom",
        "/digests/evening/2026-11-23",
        "/digests/.atom",
        "/digests/morning.xml",
    ):
        assert (await stand.get(path)).status_code == 404, path


async def test_a_withdrawn_article_is_nowhere_to_be_seen(stand: Stand) -> None:
    await stand.issue("a", "b", "c")
    subject = "Riverside Courier: About "
    assert subject in await stand.text(LIST)
    await withdraw(stand, "a", "b")
    for path in (FIRST, LIST, f"{LIST}.atom", f"{LIST}.json"):
        found = await stand.text(path)
        assert "About a" not in found
        assert "About b" not in found
        assert subject not in found
    assert "About c" in await stand.text(FIRST)
    assert "1 article<" in await stand.text(LIST)


async def test_an_issue_all_of_whose_articles_are_withdrawn_is_gone(stand: Stand) -> None:
    for number, name in enumerate("abc"):
        await stand.issue(name, now=SLOT + number * DAY)
    await withdraw(stand, "b", now=SLOT + 3 * DAY)
    middle = f"{LIST}/2026-11-24"
    assert (await stand.get(middle)).status_code == 410
    for path in (FIRST, LIST, f"{LIST}.rss"):
        assert middle not in await stand.text(path)
    assert f"{LIST}/2026-11-25" in await stand.text(FIRST)
    await stand.print_("b", now=SLOT + 4 * DAY)
    assert "About b" in await stand.text(middle)


async def test_no_subject_shows_a_value_that_belongs_to_a_reader(settings: Settings) -> None:
    subject = "For {{ reader.name }}: {{ articles[0].title }}"
    async with a_stand(with_digest(settings, subject=subject)) as stand:
        await stand.issue("a")
        for path in (FIRST, LIST, f"{LIST}.atom"):
            found = await stand.text(path)
            assert "\ue000" not in found
            assert "For " not in found


async def test_pages_are_validated_and_not_sent_twice(stand: Stand) -> None:
    await stand.issue("a")
    paths = (FIRST, LIST, f"{LIST}.atom")
    for path in paths:
        answer = await stand.get(path)
        assert answer.headers["cache-control"].startswith("public, max-age=")
        etag, modified = answer.headers["etag"], answer.headers["last-modified"]
        assert modified == "Mon, 23 Nov 2026 06:30:00 GMT"
        assert (await stand.get(path, if_none_match=etag)).status_code == 304
        assert (await stand.get(path, if_modified_since=modified)).status_code == 304
        head = await stand.client.head(path)
        assert (head.status_code, head.headers["etag"]) == (200, etag)
    tags = [(await stand.get(path)).headers["etag"] for path in paths]
    await withdraw(stand, "b")  # which is in none of them
    for path, etag in zip(paths, tags, strict=True):
        assert (await stand.get(path, if_none_match=etag)).status_code == 304
    await stand.issue("c", now=SLOT + DAY)
    for path, etag in zip(paths, tags, strict=True):
        assert (await stand.get(path, if_none_match=etag)).status_code == 200


async def test_the_archive_can_only_be_read(stand: Stand) -> None:
    await stand.issue("a")
    for path in (FIRST, LIST, f"{LIST}.json"):
        for method in ("POST", "PUT", "DELETE"):
            answer = await stand.client.request(method, path)
            assert answer.status_code == 405
            assert {"GET", "HEAD"} == set(answer.headers["allow"].split(", "))


async def test_the_same_store_gives_the_same_bytes(settings: Settings) -> None:
    paths = (FIRST, LIST, *(f"{LIST}.{ending}" for ending in ("rss", "atom", "json")))
    async with a_stand(settings) as stand:
        await stand.issue("a", "b")
        first = [(await stand.get(path)).content for path in paths]
    async with a_stand(settings) as stand:
        assert [(await stand.get(path)).content for path in paths] == first


async def test_the_feed_of_issues_is_valid_in_every_format(stand: Stand) -> None:
    await stand.print_("a", title="Salt & <Water>", section="Sport", text="1 < 2 & 3")
    await stand.issue("b")
    await stand.issue("c", now=SLOT + DAY)
    bodies = {e: (await stand.get(f"{LIST}.{e}")).content for e in ("atom", "rss", "json")}
    assert faults_of_atom(bodies["atom"]) == []
    assert faults_of_rss(bodies["rss"]) == []
    assert faults_of_json(bodies["json"]) == []
    for ending in ("atom", "rss"):
        feed = feedparser.parse(bodies[ending])
        assert feed.feed.title == "Riverside Courier: The morning paper"
        assert feed.feed.link == f"{SITE.url}{LIST}"
        assert [e.link for e in feed.entries] == [f"{SITE.url}{LIST}/2026-11-24", SITE.url + FIRST]
        first = feed.entries[1]
        assert first.title == "Riverside Courier: About b"
        assert first.published_parsed[:5] == (2026, 11, 23, 6, 30)
        content = first.content[0].value
        assert "Salt &amp; &lt;Water&gt;</a>" in content
        assert "<h3>Sport</h3>" in content


async def test_an_entry_keeps_its_id_and_is_updated_by_what_changes_in_it(stand: Stand) -> None:
    await stand.issue("a", "b")
    [before] = feedparser.parse(await stand.text(f"{LIST}.atom")).entries
    assert before.updated_parsed[:5] == (2026, 11, 23, 6, 30)
    await withdraw(stand, "b", now=SLOT + 2 * HOUR)
    [after] = feedparser.parse(await stand.text(f"{LIST}.atom")).entries
    assert after.id == before.id
    assert after.updated_parsed[:5] == (2026, 11, 23, 8, 30)


async def test_a_digest_without_issues_has_an_empty_list_and_feed(stand: Stand) -> None:
    assert "There are no issues here." in await stand.text(LIST)
    atom = (await stand.get(f"{LIST}.atom")).content
    assert faults_of_atom(atom) == []
    assert feedparser.parse(atom).entries == []


async def test_a_browser_gets_the_list_at_the_address_of_the_feed(stand: Stand) -> None:
    await stand.issue("a")
    browser = {"sec_fetch_mode": "navigate", "sec_fetch_dest": "document"}
    page, feed = await stand.get(f"{LIST}.rss", **browser), await stand.get(f"{LIST}.rss")
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["cache-control"] == "private, no-store"
    assert feed.headers["content-type"].startswith("application/rss+xml")
    assert page.headers["vary"] == feed.headers["vary"]
    assert feed.headers["vary"] == "Accept-Encoding, Sec-Fetch-Mode, Sec-Fetch-Dest"


async def test_the_landing_page_leads_to_the_issues_and_no_outline_does(stand: Stand) -> None:
    page = await stand.text("/")
    assert f'href="{SITE.url}{LIST}"' in page
    assert f'href="{SITE.url}{LIST}.atom"' in page
    assert "/digests/" not in await stand.text("/feeds.opml")


async def test_what_goes_out_at_once_has_no_archive(settings: Settings) -> None:
    at_once = with_digest(settings, schedule=parse_schedule("at once"))
    async with a_stand(at_once) as stand:
        await stand.issue("a")
        assert (await stand.get(LIST)).status_code == 404
        assert (await stand.get(f"{LIST}.atom")).status_code == 404
        assert "/digests/" not in await stand.text("/")
        [linked] = await stand.mailed()
        page = await stand.text(linked)
    assert "About a" in page
    assert f'href="{SITE.url}{LIST}"' not in page


@pytest.fixture
def picky(settings: Settings) -> Settings:
    choice = Choice(topics=("sport",))
    reader = a_reader("picky@readers.example", digests={"morning": choice})
    return replace(settings, subscribers=(a_reader(), reader))


async def test_a_personal_edition_stands_behind_a_signature(picky: Settings) -> None:
    async with a_stand(picky) as stand:
        await stand.print_("a", "b", section="Sport")
        await stand.issue("c")
        public, personal = await stand.mailed()
        assert public == f"{SITE.url}{FIRST}"
        answer = await stand.get(personal)
        assert "About a" in answer.text
        assert "About c" not in answer.text
        assert "<span>Monday, November 23, 2026</span>" in answer.text
        assert personal not in await stand.text(LIST) + await stand.text(FIRST)
        assert answer.headers["cache-control"] == "private, no-cache"
        assert "noindex" in answer.headers["x-robots-tag"]
        assert answer.headers["referrer-policy"] == "no-referrer"
        etag = answer.headers["etag"]
        assert (await stand.get(personal, if_none_match=etag)).status_code == 304
        await withdraw(stand, "a", "b")
        assert (await stand.get(personal)).status_code == 410


async def test_the_name_of_an_edition_opens_nothing(picky: Settings) -> None:
    async with a_stand(picky) as stand:
        await stand.print_("a", section="Sport")
        await stand.issue("b")
        good = (await stand.mailed())[-1].rpartition("/")[2]
        name, key = good.partition("-")[0], stand.house.keys[0]
        assert good == signed(key, PAGE, name)
        other = replace(key, secret=b"another" * 5)
        forged = [
            name,
            f"{name}-1-",
            f"{good[:-1]}{'A' if good[-1] != 'A' else 'B'}",
            good.replace("-1-", "-2-", 1),
            signed(key, LEAVE, name),
            signed(other, PAGE, name),
            signed(key, PAGE, "0" * 32),
            f"{good}x",
        ]
        for wrong in forged:
            answer = await stand.get(f"{LIST}/{wrong}")
            assert answer.status_code == 404, wrong
            assert "About" not in answer.text
        assert (await stand.get(f"{LIST}/{good}")).status_code == 200


async def test_an_old_key_still_opens_what_it_has_signed(picky: Settings) -> None:
    async with a_stand(picky) as stand:
        await stand.print_("b", section="Sport")
        await stand.issue("a")
        personal = (await stand.mailed())[-1]
        old = stand.house.keys[0]
        keys = (replace(old, id=2, secret=b"new" * 11), old)
        _, app = web_of(replace(stand.house, keys=keys))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
            assert (await client.get(personal)).status_code == 200
