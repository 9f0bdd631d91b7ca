"""Sending in the service: a round of delivering at each ring, and a pause once no relay takes mail.

A round ends early when the service stops, or when an edit has changed the way out.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from feeds.kit.logs import logger
from notifier.errors import NotifierError
from notifier.mailing import deliver
from notifier.service.work import Round, counted, loop

log = logger()


async def deliver_all(round_: Round) -> None:
    """Deliver at each ring; after the relay has refused us, pause."""
    refused, until = NotifierError(), round_.clock()

    async def send(_: Round) -> None:
        nonlocal refused, until
        if round_.recall.is_set():
            round_.recall.clear()
            until = round_.clock()
        sender = round_.setup.sender
        if sender is None:
            return
        if round_.clock() < until:
            raise refused
        async with either(round_.stop, round_.recall) as over:
            done = await deliver(sender, round_.clock, over)
        if done.counts:
            log.info("mail.delivered", outcomes=counted(done.counts))
        if done.is_over:
            until = round_.clock() + done.pause
            why = "the relay refuses us" if done.halted else "no relay can be reached"
            refused = NotifierError(f"{why}, sending waits: {done.halted or done.unreachable}")
            raise refused
        if round_.recall.is_set():
            round_.send.set()

    await loop(round_, round_.send, send)


@asynccontextmanager
async def either(*events: asyncio.Event) -> AsyncIterator[asyncio.Event]:
    """Give an event that is set once one of `events` is."""
    found = asyncio.Event()

    async def wait(event: asyncio.Event) -> None:
        await event.wait()
        found.set()

    waiting = [asyncio.create_task(wait(event)) for event in events]
    try:
        yield found
    finally:
        for task in waiting:
            task.cancel()
