"""Leaving by one click: never by GET, at once, idempotently, and it can be taken back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from notifier.service import House
from notifier.subscribing import reconcile
from notifier.tokens import LEAVE, make_token
from tests.conftest import NOW
from tests.notifier.builders import SITE, a_digest, a_house, a_reader, some_settings

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


@pytest.fixture
async def reader(store_url: str, tmp_path: Path) -> AsyncIterator[Reader]:
    settings = some_settings(
        store_url,
        tmp_path,
        digests=(a_digest(), a_digest("evening", title="The <i>evening</i> paper")),
        subscribers=(a_reader("first@readers.example", "morning", "evening"),),
    )
    async with a_house(settings, NOW) as house:
        await reconcile(settings, house.places, house.store, NOW)
        _, app = house.web()
        token = make_token(house.keys[0], LEAVE, 1, 1)
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url=SITE.url) as client:
            yield Reader(house, client, f"/u/{token}")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_looking_at_the_link_changes_nothing(reader: Reader, method: str) -> None:
    answer = await reader.client.request(method, f"{reader.url}?List-Unsubscribe=One-Click")
    assert answer.status_code == 200
    assert not await reader.has_left()
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    if method == "GET":
        assert "first@readers.example receives" in answer.text
        assert "Unsubscribe</button>" in answer.text


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (FORM, ONE_CLICK),
        ({"content-type": "Application/X-WWW-Form-Urlencoded; charset=utf-8"}, ONE_CLICK),
        (FORM, b"a=b&List-Unsubscribe=One-Click\r\n"),
        (MULTIPART, BOUNDARY),
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
    assert "first@readers.example receives" in answer.text
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
