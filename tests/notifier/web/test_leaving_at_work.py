"""Leaving goes before whatever else is written, and asks the database for as little as it can."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Connection, Engine, event, select, update

from notifier.service import House
from notifier.service.public import web_of
from notifier.subscribing import reconcile
from notifier.tables import subscribers, subscriptions
from notifier.tokens import LEAVE, make_token
from tests.conftest import NOW
from tests.notifier.builders import SITE, a_digest, a_house, a_reader, some_settings

FORM = {"content-type": "application/x-www-form-urlencoded"}


@dataclass
class Reader:
    """A reader of two digests, and the house whose readers they are."""

    house: House
    client: httpx.AsyncClient
    url: str

    async def leave(self, body: bytes = b"List-Unsubscribe=One-Click") -> httpx.Response:
        return await self.client.post(self.url, headers=FORM, content=body)

    async def left_at(self) -> datetime | None:
        found = await self.house.roster.subscription(1)
        assert found is not None
        return found.left_at


@pytest.fixture
async def reader(store_url: str, tmp_path: Path) -> AsyncIterator[Reader]:
    settings = some_settings(
        store_url,
        tmp_path,
        digests=(a_digest(), a_digest("evening", title="The evening paper")),
        subscribers=(a_reader("first@readers.example", "morning", "evening"),),
    )
    async with a_house(settings, NOW) as house:
        await reconcile(settings, house.places, house.store, NOW)
        _, app = web_of(house)
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url=SITE.url) as client:
            yield Reader(house, client, f"/u/{make_token(house.keys[0], LEAVE, 1, 1)}")


@contextmanager
def transactions() -> Iterator[list[str]]:
    """Tell of each transaction that is begun meanwhile."""
    found: list[str] = []

    def began(_: Connection) -> None:
        found.append("begun")

    event.listen(Engine, "begin", began)
    try:
        yield found
    finally:
        event.remove(Engine, "begin", began)


async def test_a_click_costs_one_look_and_one_transaction(reader: Reader) -> None:
    with transactions() as begun:
        answer = await reader.leave()
    assert "no longer receives" in answer.text
    assert "Still received: <b><bdi>The evening paper</bdi></b>" in answer.text
    assert len(begun) == 2


async def test_a_link_that_is_none_of_ours_keeps_no_writer_waiting(reader: Reader) -> None:
    async with reader.house.database.write():  # nobody else could write now, on SQLite
        answer = await asyncio.wait_for(
            reader.client.post("/u/abc", headers=FORM, content=b"wish=leave"), 30
        )
    assert answer.status_code == 404


async def test_leaving_goes_before_all_large_work_that_waits(reader: Reader) -> None:
    database, left_when_it_wrote = reader.house.database, []

    async def large_work() -> None:
        async with database.write() as connection:
            await connection.execute(update(subscribers).values(name="somebody"))
            gone = await connection.scalar(
                select(subscriptions.c.left_at).where(subscriptions.c.id == 1)
            )
            left_when_it_wrote.append(gone is not None)

    async with database.write() as connection:  # what is being written when the click comes
        await connection.execute(update(subscribers).values(name="anybody"))
        waiting = [asyncio.create_task(large_work()) for _ in range(5)]
        leaving = asyncio.create_task(reader.leave())
        if database.is_sqlite:
            await asyncio.sleep(0.2)
            assert await reader.left_at() is None
        else:  # nobody waits there for those who write other rows
            assert (await asyncio.wait_for(leaving, 30)).status_code == 200
    assert (await leaving).status_code == 200
    await asyncio.gather(*waiting)
    assert left_when_it_wrote == [True] * 5
