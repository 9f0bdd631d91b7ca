"""Leaving takes no time while a big issue is opened, nor while it is sent."""

from __future__ import annotations

import asyncio
import statistics
import time
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import insert, select

from notifier.mailing import deliver, open_due
from notifier.service import House
from notifier.settings import SmtpRelay
from notifier.subscribing import reconcile
from notifier.tables import subscribers, subscriptions
from notifier.tokens import LEAVE, make_token
from tests.feeds.builders import an_article
from tests.notifier.builders import SITE, a_house, some_settings
from tests.notifier.issues import START
from tests.smtp_server import SmtpServer

pytestmark = pytest.mark.slow

READERS = 30_000
FORM = {"content-type": "application/x-www-form-urlencoded"}
AT_MOST = 0.1  # seconds
WAIT = 10  # times what it takes otherwise, on a machine that others use too
MORNING = START + timedelta(days=1)


async def many_readers(house: House) -> None:
    """Let as many others read what the one declared reader reads."""
    async with house.database.write() as connection:
        one = (await connection.execute(select(subscribers))).mappings().one()
        place = (await connection.execute(select(subscriptions))).mappings().one()
        for start in range(2, READERS, 1000):
            numbers = range(start, start + 1000)
            addresses = {number: f"reader{number}@readers.example" for number in numbers}
            rows: list[dict[str, Any]] = [
                dict(one) | {"id": number, "address": address, "address_key": address}
                for number, address in addresses.items()
            ]
            await connection.execute(insert(subscribers), rows)
            places = [dict(place) | {"id": number, "subscriber_id": number} for number in numbers]
            await connection.execute(insert(subscriptions), places)


class Leaving:
    """Readers who leave one after the other, for as long as something goes on."""

    def __init__(self, house: House, first: int) -> None:
        self.house, self.next = house, first
        self.times: list[float] = []

    @property
    def usual(self) -> float:
        """How many seconds it took half of them at most."""
        return statistics.median(self.times)

    async def during(self, work: asyncio.Task[Any], *, at_most: int) -> None:
        """Let at most so many leave until `work` is done."""
        _, app = self.house.web()
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url=SITE.url) as client:
            while not work.done() and len(self.times) < at_most:
                await asyncio.sleep(0.02)
                token = make_token(self.house.keys[0], LEAVE, self.next, 1)
                began = time.perf_counter()
                one_click = b"List-Unsubscribe=One-Click"
                answer = await client.post(f"/u/{token}", headers=FORM, content=one_click)
                self.times.append(time.perf_counter() - began)
                assert "no longer receives" in answer.text
                self.next += 1


async def test_leaving_takes_no_time_while_an_issue_is_opened_and_sent(tmp_path: Path) -> None:
    async with SmtpServer(extensions=("PIPELINING",)) as server:
        given = some_settings(f"sqlite:///{tmp_path}/store.db", tmp_path)
        assert given.mail is not None
        relay = SmtpRelay(host=server.host, port=server.port, tls="none", connections=4)
        settings = replace(given, mail=replace(given.mail, transport=relay))
        async with a_house(settings, START) as house:
            await reconcile(settings, house.places, house.store, START)
            await house.store.ingest([an_article()], START + timedelta(hours=1))
            await many_readers(house)

            idle = Leaving(house, 20_000)
            forever = asyncio.create_task(asyncio.sleep(60))
            await idle.during(forever, at_most=10)
            forever.cancel()
            opening = asyncio.create_task(open_due(house.desk(), MORNING))
            meanwhile = Leaving(house, 100)
            await meanwhile.during(opening, at_most=60)
            [opened] = await opening
            assert opened.readers > READERS - 200

            stop, later = asyncio.Event(), Leaving(house, 10_000)
            now: datetime = MORNING
            sending = asyncio.create_task(deliver(house.sender(), lambda: now, stop))
            await later.during(sending, at_most=30)
            stop.set()
            await sending
    assert len(meanwhile.times) > 5
    assert len(later.times) > 5
    assert server.messages
    limit = max(AT_MOST, WAIT * idle.usual)
    assert meanwhile.usual < limit, sorted(meanwhile.times)
    assert later.usual < limit, sorted(later.times)
