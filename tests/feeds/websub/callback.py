"""A subscriber's web server, small and real, with levers for everything that can go wrong."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True, slots=True)
class Got:
    """One request as it came over the wire; header names in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def query(self) -> dict[str, str]:
        pairs = parse_qs(urlsplit(self.path).query, keep_blank_values=True, strict_parsing=True)
        return {name: values[-1] for name, values in pairs.items()}


Answering = Callable[[Got], "bytes | None"]  # the whole response, or None to stall


def response(status: int, body: bytes = b"", **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def echo(got: Got) -> bytes:
    """What a subscriber that means it says to a GET, and a content one to a POST."""
    if got.method == "POST":
        return response(204)
    return response(200, got.query.get("hub.challenge", "").encode())


@dataclass(slots=True)
class Callback:
    """The server: what it got, by path, and how it answers (`levers` by path, else `echo`)."""

    port: int = 0
    got: list[Got] = field(default_factory=list)
    levers: dict[str, Answering] = field(default_factory=dict)
    stalled: list[asyncio.StreamWriter] = field(default_factory=list)

    def url(self, path: str = "/cb", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    def gets(self, path: str = "/cb") -> list[Got]:
        return [got for got in self._at(path) if got.method == "GET"]

    def posts(self, path: str = "/cb") -> list[Got]:
        return [got for got in self._at(path) if got.method == "POST"]

    def _at(self, path: str) -> list[Got]:
        return [got for got in self.got if urlsplit(got.path).path == path]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            got = await _read(reader)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()
            return
        self.got.append(got)
        answer = self.levers.get(urlsplit(got.path).path, echo)(got)
        if answer is None:
            self.stalled.append(writer)
            return
        writer.write(answer)
        writer.close()


async def _read(reader: asyncio.StreamReader) -> Got:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, path, _ = head[0].split(" ")
    headers = {
        name.lower(): value for name, value in (line.split(": ", 1) for line in head[1:] if line)
    }
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Got(method, path, headers, body, asyncio.get_running_loop().time())


@asynccontextmanager
async def callback_server(tls: ssl.SSLContext | None = None) -> AsyncIterator[Callback]:
    callback = Callback()
    server = await asyncio.start_server(callback.serve, "127.0.0.1", 0, ssl=tls)
    callback.port = server.sockets[0].getsockname()[1]
    try:
        yield callback
    finally:
        for writer in callback.stalled:
            writer.transport.abort()
        server.close()
        await server.wait_closed()
