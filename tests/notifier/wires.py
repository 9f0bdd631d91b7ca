"""What stands for a client's end of a connection, and for a clock, where the server is under test.

`talk` plays what a client does to one protocol of uvicorn's kind and tells what came of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from feeds.web import FeedServer

DATE = b"Mon, 23 Nov 2026 06:00:00 GMT"
SLOWER = 50  # times
AFTER_WAKING = 3  # rounds of the loop after which a task that was woken is running


class Clock(asyncio.SelectorEventLoop):
    """A loop whose time can be moved `ahead`, in seconds.

    Of real time hardly any passes: a busy machine must not add a second of silence.
    """

    ahead = 0.0

    def time(self) -> float:
        return super().time() / SLOWER + self.ahead


class Wire(asyncio.Transport):
    """A connection that keeps what was written until it is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = bytearray()
        self.closing = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self.closing:
            self.sent += data

    def close(self) -> None:
        self.closing = True

    def is_closing(self) -> bool:
        return self.closing

    def pause_reading(self) -> None:
        """Nothing to be done: the client of `talk` sends what it sends."""

    resume_reading = pause_reading


@dataclass
class Site:
    """Feeds, and at every other path an echo of what was sent there."""

    server: FeedServer
    asked: int = 0
    listening: set[asyncio.Task[None] | None] = field(default_factory=set)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked += 1
        if "/feeds/" in scope["path"]:
            await self.server(scope, receive, send)
            return
        body, more = b"", True
        while more:
            self.listening.add(asyncio.current_task())
            message = await receive()
            self.listening.discard(asyncio.current_task())
            body += message.get("body", b"")
            more = message.get("more_body", False)
        heading = f"{scope['method']} {scope['path']}?{scope['query_string']}\n".encode()
        length = (b"content-length", str(len(heading + body)).encode())
        await send({"type": "http.response.start", "status": 200, "headers": [length]})
        await send({"type": "http.response.body", "body": heading + body})


@dataclass(frozen=True)
class Step:
    """What a client does: be silent for `seconds`, send, and wait or not until all is answered."""

    data: bytes
    seconds: int = 0
    patient: bool = True


async def talk(
    kind: type[HttpToolsProtocol], site: Site, steps: Sequence[Step]
) -> tuple[bytes, list[bool]]:
    """Return all that was answered, and whether it was closed before each step and at the end."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, Clock)
    config = uvicorn.Config(
        site, http=kind, lifespan="off", log_config=None, access_log=False, timeout_keep_alive=75
    )
    config.load()
    state = ServerState()
    state.default_headers = [(b"date", DATE)]
    protocol, wire = kind(config, state, {}), Wire()
    protocol.connection_made(wire)
    closed = []
    for step in steps:
        if step.seconds:
            await settled(state, site)
            loop.ahead += step.seconds
        for _ in range(AFTER_WAKING):
            await asyncio.sleep(0)
        closed.append(wire.closing)
        if not wire.closing:
            protocol.data_received(step.data)
        if step.patient:
            await settled(state, site)
    await settled(state, site)
    closed.append(wire.closing)
    protocol.connection_lost(None)
    await settled(state, site)
    assert protocol.timeout_keep_alive_task is None
    return bytes(wire.sent), closed


async def settled(state: ServerState, site: Site) -> None:
    """Wait until every request is answered, but for those that wait for more of their body."""
    for _ in range(AFTER_WAKING):
        await asyncio.sleep(0)
    while state.tasks - site.listening:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0)
