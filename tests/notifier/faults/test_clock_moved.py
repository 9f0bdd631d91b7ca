"""The clock of the machine is moved while an issue is delivered: nobody is lost, nobody doubled."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from notifier.delivery.delivery import State
from notifier.mailing import deliver, open_due
from notifier.settings import MailSettings, SmtpRelay
from tests.notifier.builders import a_house, a_reader, some_settings
from tests.notifier.faults.comparing import compare, fates
from tests.notifier.test_mailing import SLOT, START, begin, write
from tests.smtp_server import SmtpServer

pytestmark = pytest.mark.slow

READERS = 450
HOUR = timedelta(hours=1)

# After so many messages the clock is so far ahead: past every lease, back before the issue was
# opened, forward again, and in small steps.
MOVES = {0: 0 * HOUR, 40: 2 * HOUR, 120: -3 * HOUR, 200: 8 * HOUR, 280: HOUR / 60, 360: HOUR}


def ahead(taken: int) -> timedelta:
    return next(move for since, move in reversed(MOVES.items()) if taken >= since)


async def test_a_clock_that_is_moved_costs_nobody_anything(store_url: str, tmp_path: Path) -> None:
    async with SmtpServer() as server:
        relay = SmtpRelay(host=server.host, port=server.port, tls="none", connections=3)
        mail = MailSettings(
            from_address="news@example.org", transport=relay, lease=timedelta(seconds=2)
        )
        readers = tuple(a_reader(f"reader{number}@readers.example") for number in range(READERS))
        settings = some_settings(store_url, tmp_path, mail=mail, subscribers=readers)
        loop = asyncio.get_running_loop()
        began = loop.time()

        def clock() -> datetime:
            elapsed = timedelta(seconds=loop.time() - began)
            return SLOT + HOUR + elapsed + ahead(len(server.messages))

        async with a_house(settings, START) as house:
            await begin(house)
            await write(house, "a", now=START)
            [opened] = await open_due(house.desk(), SLOT)
            assert opened.readers == READERS
            sender = house.sender(house.queue())
            async with asyncio.timeout(60):
                while len(server.messages) < READERS:
                    await deliver(sender, clock, asyncio.Event())
                    await house.mend_jobs(clock())
                    await asyncio.sleep(0.1)
            books = await fates(house.database)
    assert {fate.state for fate in books.values()} == {State.ACCEPTED}
    assert compare(books, server.messages).wrongs(0) == []
    assert len(server.messages) == READERS
