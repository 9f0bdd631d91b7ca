"""What operators and their machines are told about the running service, and where they may ask."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime

from notifier.service.health import Health
from notifier.service.house import House
from notifier.service.listening import Web, listening, plain_settings
from notifier.service.metrics import CONTENT_TYPE, Metrics
from notifier.service.pushing import Pusher
from notifier.web import Observed, observing


def observed(
    house: House, pusher: Pusher, health: Health, metrics: Metrics, clock: Callable[[], datetime]
) -> Observed:
    """Return what can be asked of the service that these are of."""

    async def numbers() -> bytes:
        now = clock()
        metrics.queue(await house.outbox.waiting(), now)
        if pusher.hub is not None:
            counts = await pusher.hub.counts(now)
            metrics.hub(counts.subscriptions, counts.behind)
        return metrics.text()

    return Observed(health.live, health.ready, numbers, CONTENT_TYPE, house.settings.token)


@asynccontextmanager
async def aside(where: tuple[str, int] | None, told: Observed) -> AsyncIterator[None]:
    """Serve `told` at an address of its own, from the first look to the end; None: nowhere."""
    if where is None:
        yield
        return
    with listening(*where, key="metrics") as listener:
        web = Web(plain_settings(observing(told)))
        serving = asyncio.create_task(web.serve(sockets=[listener]))
        try:
            yield
        finally:
            web.should_exit = True
            await serving
