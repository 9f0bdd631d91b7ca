"""The service: web, watching, opening and delivering in one process, until it is told to stop.

Everything is started on one page and stopped in reverse.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from feeds.kit.logs import logger
from notifier.schedule.alarm import Metronome
from notifier.service.alone import alone
from notifier.service.house import open_house
from notifier.service.listening import Web, listening, signals, web_settings
from notifier.service.work import (
    Round,
    deliver_all,
    look,
    loop,
    open_issues,
    push,
    take_returns,
)
from notifier.settings import Settings
from notifier.subscribing import reconcile
from notifier.web import ASGIApp

log = logger()

TICK = timedelta(seconds=1)  # how often we look for what is due
RETURNS = timedelta(seconds=10)  # how often we look for what came back


def utc_now() -> datetime:
    """Return the time; the service is a door, so it is read here."""
    return datetime.now(UTC)


async def run(
    settings: Settings,
    announce: Callable[[str], None],
    *,
    clock: Callable[[], datetime] = utc_now,
    tick: timedelta = TICK,
) -> None:
    """Run until SIGTERM or SIGINT; letters in flight get the grace to have their answer.

    `announce` is told the address once everything is up. Raises AlreadyRunning, StoreError and
    TransportError before anything has begun.
    """
    began = clock()
    async with open_house(settings, began) as house:
        with alone(house.database.path, "run"), alone(house.database.path, "send"):
            if house.database.is_sqlite:
                await house.ledger.abandon(began)
            await reconcile(settings, house.places, house.store, began)
            bell = asyncio.Event()
            pusher = house.pusher(bell.set)
            await pusher.begin(settings.gone, began, alone=house.database.is_sqlite)
            server, app = house.web(pusher)
            desk = house.desk() if settings.mail else None
            await _serve(Round(house, server, desk, pusher, bell, clock), app, announce, tick)


async def _serve(
    round_: Round, app: ASGIApp, announce: Callable[[str], None], tick: timedelta
) -> None:
    settings = round_.house.settings
    metronome = Metronome()
    metronome.every(settings.watch / 2, round_.look)
    metronome.every(tick, round_.open)
    metronome.every(tick, round_.send)
    metronome.every(tick, round_.push)
    metronome.every(RETURNS, round_.returns)
    with listening(settings) as listener, signals(round_.stop):
        web = Web(web_settings(app, round_.server.ready, settings))
        if not await _first_look(round_):
            return
        metronome.start()
        delivering = asyncio.create_task(deliver_all(round_))
        loops = [
            asyncio.create_task(web.serve(sockets=[listener])),
            asyncio.create_task(loop(round_, round_.look, look)),
            asyncio.create_task(loop(round_, round_.open, open_issues)),
            asyncio.create_task(loop(round_, round_.push, push)),
            asyncio.create_task(loop(round_, round_.returns, take_returns)),
            delivering,
        ]
        host, port = listener.getsockname()[:2]
        log.info("service.started", host=host, port=port)
        announce(f"http://{host}:{port}/")
        stopping = asyncio.create_task(round_.stop.wait())
        await asyncio.wait([*loops, stopping], return_when=asyncio.FIRST_COMPLETED)
        round_.stop.set()
        log.info("service.stopping")
        metronome.stop()
        for bell in (round_.look, round_.open, round_.send, round_.push, round_.returns):
            bell.set()
        web.should_exit = True
        await asyncio.gather(
            _finish(loops, delivering, settings.grace),
            round_.pusher.stop(settings.grace.total_seconds()),
        )
        await stopping


async def _first_look(round_: Round) -> bool:
    """Look once before anything is announced; False where we are told to stop meanwhile."""
    looking = asyncio.create_task(look(round_))
    stopping = asyncio.create_task(round_.stop.wait())
    await asyncio.wait([looking, stopping], return_when=asyncio.FIRST_COMPLETED)
    await _cut(stopping if looking.done() else looking)
    if looking.done() and not looking.cancelled():
        looking.result()
    return not round_.stop.is_set()


async def _finish(
    loops: Sequence[asyncio.Task[None]], delivering: asyncio.Task[None], grace: timedelta
) -> None:
    """Wait for what is in flight, then cut it; a letter without an answer then is in doubt.

    Whatever is cut is done again by the next start. Raises what ended a loop.
    """
    done, late = await asyncio.wait(loops, timeout=grace.total_seconds())
    if delivering in late:
        log.warning("mail.letters_left_in_doubt")
    for task in late:
        await _cut(task)
    for task in done:
        task.result()


async def _cut(task: asyncio.Task[Any]) -> None:
    task.cancel()
    await asyncio.wait([task])
