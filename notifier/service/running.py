"""The service: web, watching, opening and delivering in one process, until it is told to stop.

Everything is started on one page and stopped in reverse.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any

from feeds.kit.logs import logger
from feeds.web import Answer, Asked
from notifier.service.alone import alone
from notifier.service.edits import Source
from notifier.service.front import Ready
from notifier.service.health import INTERVAL, Health
from notifier.service.house import House, open_house
from notifier.service.listening import Web, listening, signals, web_settings
from notifier.service.metrics import Metrics
from notifier.service.observing import aside
from notifier.service.opening import open_issues
from notifier.service.reloading import Reloader
from notifier.service.roles import Role
from notifier.service.sending import deliver_all
from notifier.service.setup import Instruments, set_up
from notifier.service.systemd import Manager
from notifier.service.work import (
    Round,
    follow,
    look,
    loop,
    mend,
    push,
    show_life,
    take_returns,
    tidy_up,
)
from notifier.settings import Settings
from notifier.subscribing import Reconciled, take_in
from notifier.web import ASGIApp, Receive, Scope, Send, operating

log = logger()

TICK = timedelta(seconds=1)  # how often we look for what is due
RETURNS = timedelta(seconds=10)  # how often we look for what came back
MEND = timedelta(seconds=10)  # how often we look whether each chunk has its job
TIDY = timedelta(hours=1)  # how often we look for what is old


def utc_now() -> datetime:
    """Return the time; the service is a door, so it is read here."""
    return datetime.now(UTC)


async def run(
    settings: Settings,
    announce: Callable[[str], None],
    *,
    clock: Callable[[], datetime] = utc_now,
    tick: timedelta = TICK,
    role: Role = Role.ALL,
    manager: Manager | None = None,
    source: Source | None = None,
    yes: bool = False,
) -> None:
    """Run until SIGTERM or SIGINT; letters in flight get the grace to have their answer.

    `announce` is told the address, or the role of a process that has none, once everything is up;
    so is `manager`. With a `source` edits of the configuration are taken up; many readers are only
    removed if that is said by `yes`. Raises AlreadyRunning, StoreError and TransportError before
    anything has begun.
    """
    began = clock()
    role.check(is_sqlite=settings.store.startswith("sqlite"))
    async with open_house(settings, began) as house:
        with alone(house.database.path, "run"), alone(house.database.path, "send"):
            if house.database.is_sqlite:
                await house.ledger.abandon(began)
            declared = await _take_in(house, began, yes=yes) if role.schedules else Reconciled()
            bell = asyncio.Event()
            metrics = Metrics()
            instruments = Instruments(Health(house.outbox.waiting), metrics, clock, bell.set)
            setup = set_up(house, role, instruments)
            if role.schedules:
                await setup.pusher.begin(settings.gone, began, alone=house.database.is_sqlite)
            metrics.reloaded(began, successful=True)
            round_ = Round(setup, instruments, manager or Manager(), bell)
            reloader = Reloader.of(source, role, round_) if source else None
            if reloader:
                await reloader.begin(declared)
            async with aside(settings.metrics, setup.observed):
                await _serve(round_, role, announce, tick, reloader)


async def _take_in(house: House, now: datetime, *, yes: bool) -> Reconciled:
    """Let readers be as declared; what needs the operator's word is left undone, and told."""
    done = await take_in(house.settings, house.places, house.store, now, yes=yes)
    if done.held:
        removed, declared = done.held.removed, done.held.declared
        log.error("readers.removal_held", removed=removed, declared=declared)
    return done


async def _serve(
    round_: Round,
    role: Role,
    announce: Callable[[str], None],
    tick: timedelta,
    reloader: Reloader | None,
) -> None:
    settings, metronome = round_.setup.house.settings, round_.metronome
    with _listening(role, settings) as listener, signals(round_.stop, round_.again):
        web = Web(web_settings(*_answering(round_, reloader), settings))
        if role.schedules and not await _first_look(round_):
            return
        loops = [asyncio.create_task(work) for work in _works(round_, role, tick)]
        delivering = asyncio.create_task(deliver_all(round_)) if role.sends else None
        if delivering:
            metronome.every(tick, round_.send)
            loops.append(delivering)
        if reloader:
            metronome.every(tick, round_.asked)
            loops += [asyncio.create_task(work) for work in reloader.works()]
        if listener:
            loops.append(asyncio.create_task(web.serve(sockets=[listener])))
        metronome.start()
        where = _address(listener) if listener else f"{role} of {round_.setup.house.database.name}"
        up = web.up.wait if listener else _at_once
        coming = asyncio.create_task(_come_up(round_, role, up, where, announce))
        stopping = asyncio.create_task(round_.stop.wait())
        await asyncio.wait([*loops, stopping], return_when=asyncio.FIRST_COMPLETED)
        await _cut(coming)
        round_.stop.set()
        round_.health.stopping = True
        round_.manager.stopping()
        log.info("service.stopping")
        metronome.stop()
        for bell in round_.bells:
            bell.set()
        web.should_exit = True
        grace = round_.setup.house.settings.grace
        await asyncio.gather(
            _finish(loops, delivering, grace),
            round_.setup.pusher.stop(grace.total_seconds()),
        )
        await stopping


def _answering(round_: Round, reloader: Reloader | None) -> tuple[ASGIApp, Ready]:
    """Return what answers requests, by the setup that is there when one comes."""
    desk = operating(reloader.operators()) if reloader else None

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if desk and scope["type"] == "http" and scope["path"].startswith("/-/"):
            await desk(scope, receive, send)
        else:
            await round_.setup.app(scope, receive, send)

    def ready(method: str, path: str, asked: Asked) -> Answer | None:
        return round_.setup.server.ready(method, path, asked)

    return app, ready


def _works(round_: Round, role: Role, tick: timedelta) -> Iterator[Coroutine[Any, Any, None]]:
    """Return what a process does besides delivering, with the bells that it is done at."""
    round_.metronome.beat(timedelta(seconds=INTERVAL), round_.beat)
    yield loop(round_, round_.beat, show_life)
    if not role.schedules:
        round_.metronome.every(tick, round_.look)
        yield loop(round_, round_.look, follow)
        return
    for bell, every, work in (
        (round_.look, round_.setup.house.settings.watch / 2, look),
        (round_.open, tick, open_issues),
        (round_.push, tick, push),
        (round_.returns, RETURNS, take_returns),
        (round_.mend, MEND, mend),
        (round_.tidy, TIDY, tidy_up),
    ):
        round_.metronome.every(every, bell)
        yield loop(round_, bell, work)


def _listening(role: Role, settings: Settings) -> AbstractContextManager[socket.socket | None]:
    return listening(settings.host, settings.port) if role.serves else nullcontext()


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


async def _at_once() -> bool:
    return True


async def _come_up(
    round_: Round,
    role: Role,
    up: Callable[[], Awaitable[bool]],
    where: str,
    announce: Callable[[str], None],
) -> None:
    """Tell that we are ready: not before requests are taken and the scheduler has rung."""
    await up()
    await round_.health.pulse.begun.wait()
    round_.health.listening = True
    round_.manager.ready(f"running at {where}")
    log.info("service.started", role=str(role), where=where)
    announce(where)


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
    loops: Sequence[asyncio.Task[None]], delivering: asyncio.Task[None] | None, grace: timedelta
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
