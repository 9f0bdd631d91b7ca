"""The web server and the socket it listens on, and the signals that end the service."""

from __future__ import annotations

import asyncio
import contextlib
import math
import signal
import socket
from collections.abc import Iterator

import uvicorn

from notifier.errors import NotifierError
from notifier.service.front import Ready, front
from notifier.settings import Settings
from notifier.web import ASGIApp

IDLE = 75  # seconds that a connection stays open; proxies keep theirs about as long


class Web(uvicorn.Server):
    """uvicorn without its own signal handlers: the service stops it in its turn.

    `up` is set once it takes requests.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to take requests."""
        await super().startup(sockets)
        if self.started:
            self.up.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the service."""
        yield


@contextlib.contextmanager
def signals(stop: asyncio.Event, again: asyncio.Event) -> Iterator[None]:
    """Set `stop` on SIGTERM and SIGINT, and `again` on SIGHUP."""
    loop = asyncio.get_running_loop()
    meant = {signal.SIGTERM: stop, signal.SIGINT: stop, signal.SIGHUP: again}
    for number, event in meant.items():
        loop.add_signal_handler(number, event.set)
    try:
        yield
    finally:
        for number in meant:
            loop.remove_signal_handler(number)


@contextlib.contextmanager
def listening(host: str, port: int, key: str = "listen") -> Iterator[socket.socket]:
    """Give a socket at that address, which `key` of `web` says; NotifierError if it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family)
    except OSError as error:
        words = str(error.strerror).partition(" (while ")[0]  # the library repeats the address
        raise NotifierError(
            f"cannot listen on {host}:{port}: {words};"
            f" stop what listens there, or choose another address in `web: {{{key}: ...}}`"
        ) from error
    with listener:
        yield listener


def web_settings(app: ASGIApp, ready: Ready, settings: Settings) -> uvicorn.Config:
    """Return how requests are answered: what is `ready` below ASGI, all else by `app`.

    A client that never ends its request holds nothing up beyond the grace.
    """
    return uvicorn.Config(
        app,
        http=front(ready),
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=IDLE,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        timeout_graceful_shutdown=math.ceil(settings.grace.total_seconds()),
    )


def plain_settings(app: ASGIApp) -> uvicorn.Config:
    """Return how `app`, which is for operators, is served."""
    return uvicorn.Config(
        app,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=1,
    )
