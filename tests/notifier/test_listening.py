"""The web server on a real socket: slow readers, the end of the service, and who answers what."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from feeds.web import Answer, Asked
from notifier.service.listening import Web, web_settings
from notifier.settings import Settings
from tests.feeds.builders import a_site

LARGE = 1 << 20  # octets
FEW = 4 * LARGE  # octets that may wait for one slow reader, the buffers of the system beside them
POLL = b"GET /large HTTP/1.1\r\n\r\n"
ANSWER = Answer(200, ((b"content-length", str(LARGE).encode()),), b"x" * LARGE)
HINT = b"HTTP/1.1 200 OK\r\ndate: "


@dataclass
class Listening:
    """A running server that has one large answer ready, and a connection to it."""

    web: Web
    serving: asyncio.Task[None]
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @property
    def waiting(self) -> int:
        """How many octets the server holds for its connections."""
        return sum(
            connection.transport.get_write_buffer_size()
            for connection in self.web.server_state.connections
        )

    async def answer(self) -> bytes:
        head = await self.reader.readuntil(b"\r\n\r\n")
        return head + await self.reader.readexactly(LARGE)


def ready(method: str, path: str, _: Asked) -> Answer | None:
    return ANSWER if (method, path) == ("GET", "/large") else None


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["path"] == "/large":
        assert scope["method"] == "GET"
        await ANSWER.send(send)
    else:
        await PlainTextResponse("from ASGI")(scope, receive, send)


@asynccontextmanager
async def listening() -> AsyncIterator[Listening]:
    settings = Settings(
        site=a_site(), store="", folder=Path(), templates=Path(), grace=timedelta(seconds=5)
    )
    with socket.create_server(("127.0.0.1", 0)) as listener:
        web = Web(web_settings(application, ready, settings))
        serving = asyncio.create_task(web.serve(sockets=[listener]))
        reader, writer = await asyncio.open_connection(*listener.getsockname())
        try:
            yield Listening(web, serving, reader, writer)
        finally:
            writer.transport.abort()
            web.should_exit = True
            await serving


async def test_the_front_and_asgi_answer_on_one_connection() -> None:
    async with listening() as site:
        for _ in range(2):
            site.writer.write(POLL + b"GET / HTTP/1.1\r\n\r\n")
            assert (await site.answer()).startswith(HINT)
            assert (await site.reader.readuntil(b"from ASGI")).startswith(HINT)


async def test_a_slow_reader_costs_no_memory_and_misses_nothing() -> None:
    async with listening() as site:
        site.writer.write(POLL)
        await site.answer()
        for _ in range(10):
            site.writer.write(POLL * 5)
            await asyncio.sleep(0.01)
            assert site.waiting < FEW
        assert site.waiting > 0
        for _ in range(50):
            assert (await site.answer()).startswith(HINT)
        site.writer.write(POLL)
        assert await site.answer()


async def test_the_end_closes_idle_connections_and_lets_answers_out() -> None:
    async with listening() as site:
        site.writer.write(POLL)
        await site.answer()
        idle, other = await asyncio.open_connection(*site.writer.get_extra_info("peername"))
        site.writer.write(POLL)
        await asyncio.sleep(0.05)
        site.web.should_exit = True
        assert await idle.read() == b""
        other.close()
        assert not site.serving.done()
        assert (await site.answer()).startswith(HINT)
        assert await site.reader.read() == b""
        await asyncio.wait_for(site.serving, 5)
