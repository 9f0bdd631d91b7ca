"""The service: web, watching, opening and delivering in one process, until it is told to stop.

Bells only say "look now"; what there is to do is read from the store each time. Everything is
started on one page and stopped in reverse.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import uvicorn

from feeds import FeedsError, Problem
from feeds.errors import SourceError
from feeds.kit.text import one_line
from feeds.library import SETTLE_NS, ingest_folder, publish
from feeds.sources import FileState
from feeds.web import FeedServer
from notifier.errors import NotifierError
from notifier.mailing import Desk, deliver, open_due
from notifier.schedule.alarm import Metronome
from notifier.service.alone import alone
from notifier.service.house import House, open_house
from notifier.service.pushing import Pusher
from notifier.settings import Settings
from notifier.subscribing import reconcile
from notifier.web import ASGIApp

log = logging.getLogger("paperround")

TICK = timedelta(seconds=1)  # how often we look for what is due


@dataclass(slots=True)
class _Round:
    """The service while it runs: the house, its bells, and what the last look saw."""

    house: House
    server: FeedServer
    desk: Desk | None
    pusher: Pusher
    push: asyncio.Event
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    look: asyncio.Event = field(default_factory=asyncio.Event)
    open: asyncio.Event = field(default_factory=asyncio.Event)
    send: asyncio.Event = field(default_factory=asyncio.Event)
    seen: dict[str, dict[str, FileState]] = field(default_factory=dict)
    refused: dict[str, tuple[Problem, ...]] = field(default_factory=dict)
    failing: set[str] = field(default_factory=set)


async def run(settings: Settings, announce: Callable[[str], None]) -> None:
    """Run until SIGTERM or SIGINT; letters in flight get the grace to have their answer.

    `announce` is told the address once everything is up. Raises AlreadyRunning, StoreError and
    TransportError before anything has begun.
    """
    now = _now()
    async with open_house(settings, now) as house:
        with alone(house.database.path, "run"), alone(house.database.path, "send"):
            if house.database.is_sqlite:
                await house.ledger.abandon(now)
            await reconcile(settings, house.roster, house.store, now)
            push = asyncio.Event()
            pusher = house.pusher(push.set)
            await pusher.begin(settings.gone, now, alone=house.database.is_sqlite)
            server, app = house.web(pusher)
            desk = house.desk() if settings.mail else None
            await _serve(_Round(house, server, desk, pusher, push), app, announce)


async def _serve(round_: _Round, app: ASGIApp, announce: Callable[[str], None]) -> None:
    settings = round_.house.settings
    metronome = Metronome()
    metronome.every(settings.watch / 2, round_.look)
    metronome.every(TICK, round_.open)
    metronome.every(TICK, round_.send)
    metronome.every(TICK, round_.push)
    with _listening(settings) as listener, _signals(round_.stop):
        web = _Web(_web_settings(app, settings))
        if not await _first_look(round_):
            return
        metronome.start()
        delivering = asyncio.create_task(_deliver_all(round_))
        loops = [
            asyncio.create_task(web.serve(sockets=[listener])),
            asyncio.create_task(_loop(round_, round_.look, _look)),
            asyncio.create_task(_loop(round_, round_.open, _open)),
            asyncio.create_task(_loop(round_, round_.push, _push)),
            delivering,
        ]
        host, port = listener.getsockname()[:2]
        announce(f"http://{host}:{port}/")
        stopping = asyncio.create_task(round_.stop.wait())
        await asyncio.wait([*loops, stopping], return_when=asyncio.FIRST_COMPLETED)
        round_.stop.set()
        metronome.stop()
        for bell in (round_.look, round_.open, round_.send, round_.push):
            bell.set()
        web.should_exit = True
        await asyncio.gather(
            _finish(loops, delivering, settings.grace),
            round_.pusher.stop(settings.grace.total_seconds()),
        )
        await stopping


async def _first_look(round_: _Round) -> bool:
    """Look once before anything is announced; False where we are told to stop meanwhile."""
    looking = asyncio.create_task(_look(round_))
    stopping = asyncio.create_task(round_.stop.wait())
    await asyncio.wait([looking, stopping], return_when=asyncio.FIRST_COMPLETED)
    await _cut(stopping if looking.done() else looking)
    if looking.done() and not looking.cancelled():
        looking.result()
    return not round_.stop.is_set()


def _web_settings(app: ASGIApp, settings: Settings) -> uvicorn.Config:
    """A client that never ends its request holds nothing up beyond the grace."""
    return uvicorn.Config(
        app,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        timeout_graceful_shutdown=math.ceil(settings.grace.total_seconds()),
    )


async def _finish(
    loops: Sequence[asyncio.Task[None]], delivering: asyncio.Task[None], grace: timedelta
) -> None:
    """Wait for what is in flight, then cut it; a letter without an answer then is in doubt.

    Whatever is cut is done again by the next start. Raises what ended a loop.
    """
    done, late = await asyncio.wait(loops, timeout=grace.total_seconds())
    if delivering in late:
        log.warning("some letters had no answer within the grace: they are in doubt")
    for task in late:
        await _cut(task)
    for task in done:
        task.result()


async def _cut(task: asyncio.Task[Any]) -> None:
    task.cancel()
    await asyncio.wait([task])


async def _loop(
    round_: _Round, bell: asyncio.Event, work: Callable[[_Round], Awaitable[None]]
) -> None:
    """Do `work` at each ring until told to stop; a failure is told once and tried again."""
    name = work.__name__.strip("_")
    while True:
        await bell.wait()
        bell.clear()
        if round_.stop.is_set():
            return
        try:
            await work(round_)
        except (FeedsError, NotifierError) as error:
            _complain(round_, name, error)
        else:
            _relieve(round_, name)


async def _look(round_: _Round) -> None:
    """Take in what is new in the folders, let embargoes end, publish, serve."""
    house = round_.house
    for folder in house.folders:
        earlier = round_.seen.setdefault(folder.name, {})
        try:
            report = await ingest_folder(folder, earlier, house.store, house.memory, _now())
        except SourceError as error:
            _complain(round_, folder.name, error)
            continue
        _relieve(round_, folder.name)
        for problem in report.problems:
            if problem not in round_.refused.get(folder.name, ()):
                log.warning("refused: %s", one_line(str(problem)))
        round_.refused[folder.name] = tuple(report.problems)
        _note_held(round_, folder.name, report.held)
        if report.outcomes.total():
            log.info("ingested: %s", ", ".join(f"{n} {o}" for o, n in report.outcomes.items()))
        if report.unsettled:
            asyncio.get_running_loop().call_later(SETTLE_NS / 1e9, round_.look.set)
    await house.store.reveal(_now())
    published = await publish(house.press, _now())
    if published.documents:
        log.info("published: %d feeds, %d documents", published.feeds, published.documents)
    for title in published.left_out:
        log.error("left out of feeds, for it cannot be rendered: %s", title)
    await round_.server.refresh()
    await round_.pusher.announce(_now())


def _note_held(round_: _Round, folder: str, held: int) -> None:
    name = f"{folder}, withdrawals"
    if held:
        words = f"{held} at once wait for your word: paperround ingest --withdraw PATH"
        _complain(round_, name, SourceError(words))
    else:
        _relieve(round_, name)


async def _push(round_: _Round) -> None:
    if round_.pusher.hub is not None:
        await round_.pusher.hub.work(_now)


async def _open(round_: _Round) -> None:
    if round_.desk is None:
        return
    for opened in await open_due(round_.desk, _now()):
        name = f"digest {opened.digest}"
        if opened.failed:
            _complain(round_, name, NotifierError(opened.reason))
            continue
        _relieve(round_, name)
        log.info(
            "opened: %s %s, %d articles for %d readers %s",
            opened.digest,
            opened.slot,
            opened.articles,
            opened.readers,
            opened.reason,
        )
        round_.send.set()


async def _deliver_all(round_: _Round) -> None:
    if round_.desk is None:
        await round_.stop.wait()
        return
    sender = round_.house.sender()
    refused, until = NotifierError(), _now()

    async def send(_: _Round) -> None:
        nonlocal refused, until
        if _now() < until:
            raise refused
        done = await deliver(sender, _now, round_.stop)
        if done.counts:
            log.info("delivered: %s", ", ".join(f"{n} {s}" for s, n in done.counts.items()))
        if done.halted:
            until = _now() + done.pause
            refused = NotifierError(f"the relay refuses us, sending waits: {done.halted}")
            raise refused

    await _loop(round_, round_.send, send)


def _complain(round_: _Round, name: str, error: Exception) -> None:
    words = one_line(f"{name}: {error}")
    if words not in round_.failing:
        round_.failing.add(words)
        log.error("%s", words)


def _relieve(round_: _Round, name: str) -> None:
    recovered = {words for words in round_.failing if words.startswith(f"{name}: ")}
    if recovered:
        round_.failing -= recovered
        log.info("%s: works again", name)


class _Web(uvicorn.Server):
    """uvicorn without its own signal handlers: the service stops it in its turn."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.contextmanager
def _signals(stop: asyncio.Event) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


@contextlib.contextmanager
def _listening(settings: Settings) -> Iterator[socket.socket]:
    try:
        listener = socket.create_server((settings.host, settings.port))
    except OSError as error:
        raise NotifierError(
            f"cannot listen on {settings.host}:{settings.port}: {error.strerror};"
            " choose another address in `web: {listen: ...}`"
        ) from error
    with listener:
        yield listener


def _now() -> datetime:
    return datetime.now(UTC)
