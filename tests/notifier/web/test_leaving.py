"""Leaving by one click: never by GET, at once, idempotently, and it can be taken back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from feeds.kit.database import Database
from notifier.delivery.delivery import State
from notifier.preferences import Profile, Wish
from notifier.roster import Roster
from notifier.service import House
from notifier.service.public import web_of
from notifier.settings import Settings
from notifier.subscribing import choose, reconcile
from notifier.tokens import LEAVE, make_token
from tests.conftest import NOW
from tests.notifier.builders import SITE, a_digest, a_house, a_reader, some_settings
from tests.notifier.clerk import Clerk
from tests.notifier.issues import LEASE, SLOT, claimed, open_for

ONE_CLICK = b"List-Unsubscribe=One-Click"
FORM = {"content-type": "application/x-www-form-urlencoded"}
BOUNDARY = (
    b'--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--\r\n'
)
MULTIPART = {"content-type": "multipart/form-data; boundary=x"}


@dataclass
class Reader:
    """A reader with a link, and the house whose link it is."""

    house: House
    client: httpx.AsyncClient
    url: str

    async def has_left(self, subscription: int = 1) -> bool:
        found = await self.house.roster.subscription(subscription)
        assert found is not None
        return found.left_at is not None


@asynccontextmanager
async def a_leaving_reader(settings: Settings) -> AsyncIterator[Reader]:
    async with a_house(settings, NOW) as house:
        await reconcile(settings, house.places, house.store, NOW)
        _, app = web_of(house)
        token = make_token(house.keys[0], LEAVE, 1, 1)
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url=SITE.url) as client:
            yield Reader(house, client, f"/u/{token}")


@pytest.fixture
async def reader(store_url: str, tmp_path: Path) -> AsyncIterator[Reader]:
    settings = some_settings(
        store_url,
        tmp_path,
        digests=(a_digest(), a_digest("evening", title="The <i>evening</i> paper")),
        subscribers=(a_reader("first@readers.example", "morning", "evening"),),
    )
    async with a_leaving_reader(settings) as reader:
        yield reader


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_looking_at_the_link_changes_nothing(reader: Reader, method: str) -> None:
    answer = await reader.client.request(method, f"{reader.url}?List-Unsubscribe=One-Click")
    assert answer.status_code == 200
    assert not await reader.has_left()
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    if method == "GET":
        assert "<bdi>first@readers.example</bdi> receives" in answer.text
        assert "Unsubscribe</button>" in answer.text


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (FORM, ONE_CLICK),
        ({"content-type": "Application/X-WWW-Form-Urlencoded; charset=utf-8"}, ONE_CLICK),
        (FORM, b"a=b&List-Unsubscribe=One-Click\r\n"),
        (MULTIPART, BOUNDARY),
        (FORM, b"List%2DUnsubscribe=One%2DClick"),
        ({}, ONE_CLICK),
        (MULTIPART, BOUNDARY.replace(b"\r\n", b"\n")),
        (
            {"content-type": 'Multipart/Form-Data; charset=utf-8; boundary="x"'},
            BOUNDARY.replace(b'"List-Unsubscribe"', b"List-Unsubscribe").replace(
                b"\r\n\r\n", b"\r\nContent-Type: text/plain\r\n\r\n"
            ),
        ),
        (FORM, b"wish=leave"),
    ],
)
async def test_a_mail_programs_click_or_our_button_leaves(
    reader: Reader, headers: dict[str, str], body: bytes
) -> None:
    answer = await reader.client.post(reader.url, headers=headers, content=body)
    assert answer.status_code == 200
    assert "no longer receives" in answer.text
    assert await reader.has_left()
    assert not await reader.has_left(2)  # the other digest goes on


async def test_leaving_twice_is_the_same(reader: Reader) -> None:
    for _ in range(2):
        answer = await reader.client.post(reader.url, headers=FORM, content=ONE_CLICK)
        assert answer.status_code == 200
    assert await reader.has_left()
    assert "no longer receives" in (await reader.client.get(reader.url)).text


async def test_leaving_can_be_taken_back(reader: Reader) -> None:
    await reader.client.post(reader.url, headers=FORM, content=ONE_CLICK)
    answer = await reader.client.post(reader.url, headers=FORM, content=b"wish=undo")
    assert "<bdi>first@readers.example</bdi> receives" in answer.text
    assert not await reader.has_left()


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({}, b""),
        (FORM, b""),
        (FORM, b"List-Unsubscribe="),
        (FORM, b"wish=stay&x=wish=leave"),
        (FORM, b"xList-Unsubscribe=One-Click"),
        (MULTIPART, b"--x\r\n\r\nnothing\r\n--x--\r\n"),
        (MULTIPART, BOUNDARY.replace(b"One-Click", b"Two-Click")),
        (MULTIPART, BOUNDARY.replace(b'name="', b'name="x-')),
        (MULTIPART, b'--x\r\n\r\nname="List-Unsubscribe" One-Click\r\n--x--\r\n'),
        ({"content-type": "multipart/form-data"}, BOUNDARY),
        (FORM, b"&".join(b"x=1" for _ in range(50)) + b"&" + ONE_CLICK),
        (FORM, b"wish=everything"),
        (FORM, b"x" * 20_000 + b"&" + ONE_CLICK),
        ({"content-type": "application/json"}, b'{"wish": "leave"}'),
    ],
)
async def test_any_other_post_changes_nothing(
    reader: Reader, headers: dict[str, str], body: bytes
) -> None:
    answer = await reader.client.post(reader.url, headers=headers, content=body)
    assert answer.status_code == 200
    assert not await reader.has_left()


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
async def test_other_methods_are_not_allowed(reader: Reader, method: str) -> None:
    answer = await reader.client.request(method, reader.url, content=ONE_CLICK)
    assert answer.status_code == 405
    assert "POST" in answer.headers["allow"]
    assert not await reader.has_left()


async def test_a_link_that_is_not_ours_tells_and_changes_nothing(reader: Reader) -> None:
    key = reader.house.keys[0]
    good = reader.url.removeprefix("/u/")
    forged = [
        f"{good[:-1]}{'A' if good[-1] != 'A' else 'B'}",
        good.replace("1-1-", "1-2-", 1),
        good.replace("1-1-", "2-1-", 1),
        make_token(key, "confirm", 1, 1),
        make_token(key, LEAVE, 1, 2),
        make_token(key, LEAVE, 999, 1),
        make_token(key, LEAVE, 10**17, 1),
        "x",
        "%00",
        "1-1-",
    ]
    for token in forged:
        for method in ("GET", "POST"):
            answer = await reader.client.request(
                method, f"/u/{token}", headers=FORM, content=ONE_CLICK
            )
            assert answer.status_code == 404, token
            assert "@" not in answer.text
    assert not await reader.has_left()


async def test_names_on_the_page_are_text(reader: Reader) -> None:
    token = make_token(reader.house.keys[0], LEAVE, 2, 1)
    page = (await reader.client.get(f"/u/{token}")).text
    assert "The &lt;i&gt;evening&lt;/i&gt; paper" in page
    assert "<i>" not in page


async def test_who_has_left_gets_no_letter(reader: Reader) -> None:
    await reader.client.post(reader.url, headers=FORM, content=ONE_CLICK)
    left = await reader.house.roster.subscription(1)
    assert left is not None
    assert left.left_at is not None
    assert abs((left.left_at - datetime.now(UTC)).total_seconds()) < 60
    audience = reader.house.audience
    read = {
        lane.key.digest: sum(readers for _, readers in await audience.places(lane, left.left_at))
        for lane in await audience.lanes(["morning", "evening"])
    }
    assert read == {"morning": 0, "evening": 1}


async def test_all_digests_are_left_with_one_click_and_taken_back_with_one(
    reader: Reader,
) -> None:
    page = await reader.client.get(reader.url)
    assert "Leave all digests</button>" in page.text
    answer = await reader.client.post(reader.url, headers=FORM, content=b"wish=all")
    assert "Still received" not in answer.text
    assert [await reader.has_left(number) for number in (1, 2)] == [True, True]
    answer = await reader.client.post(reader.url, headers=FORM, content=b"wish=undo")
    assert "<bdi>first@readers.example</bdi> receives" in answer.text
    assert [await reader.has_left(number) for number in (1, 2)] == [False, False]


async def test_taking_one_back_leaves_those_alone_that_were_left_before(reader: Reader) -> None:
    other = f"/u/{make_token(reader.house.keys[0], LEAVE, 2, 1)}"
    await reader.client.post(other, headers=FORM, content=ONE_CLICK)
    await reader.client.post(reader.url, headers=FORM, content=ONE_CLICK)
    await reader.client.post(reader.url, headers=FORM, content=b"wish=undo")
    assert [await reader.has_left(number) for number in (1, 2)] == [False, True]


async def test_what_is_left_can_be_left_from_the_answer_too(reader: Reader) -> None:
    answer = await reader.client.post(reader.url, headers=FORM, content=ONE_CLICK)
    assert "Leave the others too</button>" in answer.text
    assert "Still received: <b><bdi>The &lt;i&gt;evening&lt;/i&gt; paper</bdi></b>" in answer.text
    await reader.client.post(reader.url, headers=FORM, content=b"wish=all")
    assert await reader.has_left(2)


async def test_whoever_leaves_all_reads_everything_that_was_left(reader: Reader) -> None:
    both = "no longer receives <b><bdi>The morning paper</bdi></b> and <b><bdi>The &lt;i&gt;evening"
    answer = await reader.client.post(reader.url, headers=FORM, content=b"wish=all")
    assert both in answer.text
    assert both in (await reader.client.get(reader.url)).text


async def test_whoever_leaves_the_others_too_reads_everything_that_was_left(
    reader: Reader,
) -> None:
    await reader.client.post(reader.url, headers=FORM, content=ONE_CLICK)
    answer = await reader.client.post(reader.url, headers=FORM, content=b"wish=all")
    assert "<bdi>The morning paper</bdi></b> and <b><bdi>The &lt;i&gt;evening" in answer.text


@pytest.mark.parametrize(
    ("reads", "digest", "language", "says"),
    [
        ("de", "", "de", ("erhält", ">Abbestellen</button>", ">Alles abbestellen</button>")),
        ("de", "fr", "de", ("erhält", ">Abbestellen</button>", "Außerdem abonniert")),
        ("", "fr", "fr", ("reçoit", ">Se désabonner</button>", "Reçoit aussi")),
        ("ar", "de", "ar", ("تصل إلى", ">إلغاء الاشتراك</button>", "تصل أيضًا")),
        ("he", "", "en", ("receives", ">Unsubscribe</button>", "Also received")),
        ("it", "", "it", ("riceve", ">Unsubscribe</button>", "Also received")),
    ],
)
async def test_the_page_is_in_the_language_of_its_reader(
    store_url: str, tmp_path: Path, reads: str, digest: str, language: str, says: tuple[str, ...]
) -> None:
    settings = some_settings(
        store_url,
        tmp_path,
        digests=(a_digest(language=digest), a_digest("evening", title="The evening paper")),
        subscribers=(a_reader("first@readers.example", "morning", "evening", language=reads),),
        words={"it": {"receives": "{email} riceve {digests}."}},
    )
    async with a_leaving_reader(settings) as reader:
        page = (await reader.client.get(reader.url)).text
    way = "rtl" if language == "ar" else "ltr"
    assert f'<html lang="{language}" dir="{way}">' in page
    assert [words for words in says if words not in page] == []


async def test_a_language_that_was_chosen_goes_before_the_declared_one_even_after_leaving(
    store_url: str, tmp_path: Path
) -> None:
    declared = a_reader("first@readers.example", language="fr")
    settings = some_settings(store_url, tmp_path, subscribers=(declared,))
    async with a_leaving_reader(settings) as reader:
        house, wish = reader.house, Wish(profile=Profile(language="de"))
        outcome = await choose(settings, house.places, house.store, (declared.email, wish), NOW)
        assert outcome.changed
        answer = await reader.client.post(reader.url, headers=FORM, content=b"wish=all")
    assert '<html lang="de" dir="ltr">' in answer.text
    assert "<b><bdi>The morning paper</bdi></b> nicht mehr" in answer.text
    assert ">Rückgängig machen</button>" in answer.text


async def test_an_erased_reader_has_no_page(reader: Reader) -> None:
    await reader.house.roster.erase(1, NOW)
    assert (await reader.client.get(reader.url)).status_code == 404


@pytest.mark.both
async def test_leaving_takes_no_time_and_no_login(reader: Reader) -> None:
    times = []
    for _ in range(5):
        began = time.perf_counter()
        answer = await reader.client.post(reader.url, headers=FORM, content=ONE_CLICK)
        times.append(time.perf_counter() - began)
        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers
        assert "location" not in answer.headers
    assert min(times) < 0.1


@pytest.mark.both
async def test_nothing_is_marked_as_being_sent_after_a_reader_has_left(
    store_url: str, tmp_path: Path
) -> None:
    """A sender marks one reader after the other while they leave by another connection."""
    names = [f"r{one}" for one in range(16)]
    database, other = Database(store_url), Database(store_url)
    try:
        await open_for(database, *names)
        ledger, roster = Clerk(database), Roster(other)
        chunk = await claimed(database)
        jobs = {job.subscription_id: job for job in await ledger.jobs(chunk, SLOT)}
        first = jobs.pop(min(jobs))
        assert await ledger.start(chunk, first, SLOT, LEASE) is State.SENDING
        gone: dict[int, float] = {}

        async def leave() -> None:
            for one in sorted(jobs, reverse=True):
                await roster.leave(one, SLOT)
                gone[one] = time.perf_counter()

        async def send() -> dict[int, tuple[float, State | None]]:
            found = {}
            while not gone:  # noqa: ASYNC110 - some leave before, some meanwhile
                await asyncio.sleep(0)
            for one in sorted(jobs):
                began = time.perf_counter()
                found[one] = began, await ledger.start(chunk, jobs[one], SLOT, LEASE)
            return found

        _, started = await asyncio.gather(leave(), send())
    finally:
        await database.close()
        await other.close()
    late = [one for one, (began, _) in started.items() if began > gone[one]]
    assert late
    assert {started[one][1] for one in late} == {State.SKIPPED}
