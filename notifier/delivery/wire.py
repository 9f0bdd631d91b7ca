"""Our end of an SMTP connection once it is set up: octets out, replies in, each with a deadline.

Knows lines and replies (RFC 5321, 4.2), not what they mean. Never speaks by itself, and refuses
to guess: a lost connection, a missed deadline and nonsense are all Silence.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Callable, Iterator
from typing import NamedTuple

_LINE = re.compile(rb"([2-5][0-9]{2})(?:([ -])([^\r\n]*))?\r?\n")
_CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f]")
_MAX_REPLY = 32_768


class Silence(Exception):
    """No reply came, and none will: the connection is of no more use."""


class Reply(NamedTuple):
    """A whole reply; `text` joins its lines by line feeds and holds no other control."""

    code: int
    text: str


class ReplyReader:
    """Octets in, whole replies out (RFC 5321, 4.2.1)."""

    def __init__(self) -> None:
        self._rest = b""
        self._lines: list[bytes] = []
        self._size = 0

    @property
    def idle(self) -> bool:
        """Tell whether nothing of a reply is waiting for its end."""
        return not self._rest and not self._lines

    def feed(self, data: bytes) -> Iterator[Reply]:
        """Yield the replies that `data` completes; Silence where it is no SMTP."""
        self._rest += data
        while b"\n" in self._rest:
            line, _, self._rest = self._rest.partition(b"\n")
            found = _LINE.fullmatch(line + b"\n")
            if found is None:
                raise Silence("the server's reply is not SMTP")
            self._size += len(line)
            self._lines.append(found[3] or b"")
            if found[2] != b"-":
                yield self._reply(int(found[1]))
            self._refuse_endless(self._size)
        self._refuse_endless(self._size + len(self._rest))

    def _reply(self, code: int) -> Reply:
        text = b"\n".join(self._lines).decode("utf-8", "replace")
        self._lines, self._size = [], 0
        return Reply(code, _CONTROL.sub("?", text))

    def _refuse_endless(self, size: int) -> None:
        if size > _MAX_REPLY:
            raise Silence("the server's reply has no end")


class Wire(asyncio.Protocol):
    """One connection; put it in charge with `transport.set_protocol(Wire(transport))`."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        # What is still buffered here has not left us. Not 0: asyncio's TLS would then call an
        # empty buffer full.
        transport.set_write_buffer_limits(high=1)
        self._reader = ReplyReader()
        self._replies: deque[Reply] = deque()
        self._lost = ""
        self._full = False
        self._changed = asyncio.Event()
        self._closed = asyncio.Event()

    @property
    def quiet(self) -> bool:
        """Tell whether the connection stands and the server has said nothing unasked."""
        return not self._lost and not self._replies and self._reader.idle

    @property
    def full(self) -> bool:
        """Tell whether some of what was written has not left us, or never will."""
        return self._full

    def write(self, data: bytes) -> None:
        """Hand `data` to the connection; a lost one swallows it, and is full from then on."""
        if not self._lost:
            self._transport.write(data)
        if self._lost or self._transport.is_closing():
            self._full = True

    async def flush(self, patience: float) -> None:
        """Wait until all was handed on or the server speaks; Silence after `patience` seconds."""
        await self._wait(lambda: not self._full or bool(self._replies), patience)

    async def reply(self, patience: float) -> Reply:
        """Return the next reply; Silence when none comes within `patience` seconds."""
        await self._wait(lambda: bool(self._replies), patience)
        return self._replies.popleft()

    async def command(self, line: bytes, patience: float) -> Reply:
        """Write one command line and return the reply to it."""
        self.write(line + b"\r\n")
        return await self.reply(patience)

    async def close(self) -> None:
        """Cut the connection and wait until it is cut."""
        self._transport.abort()
        try:
            async with asyncio.timeout(1):
                await self._closed.wait()
        except TimeoutError:
            pass

    def data_received(self, data: bytes) -> None:
        """Take what the server says (asyncio.Protocol)."""
        if self._lost:
            return
        try:
            for reply in self._reader.feed(data):  # what comes before nonsense counts
                self._replies.append(reply)
        except Silence as nonsense:
            self._lose(str(nonsense))
        self._changed.set()

    def pause_writing(self) -> None:
        """Note that octets wait to leave (asyncio.Protocol)."""
        self._full = True

    def resume_writing(self) -> None:
        """Note that all octets have been handed on (asyncio.Protocol)."""
        self._full = False
        self._changed.set()

    def connection_lost(self, exc: Exception | None) -> None:
        """Note the end (asyncio.Protocol); replies that came before it still count."""
        self._lose("the connection was lost")
        self._closed.set()

    def _lose(self, reason: str) -> None:
        self._lost = self._lost or reason
        self._changed.set()

    async def _wait(self, ready: Callable[[], bool], patience: float) -> None:
        if ready():
            return
        try:
            async with asyncio.timeout(patience):
                while not ready():
                    if self._lost:
                        raise Silence(self._lost)
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise Silence(f"no answer within {patience:g} s") from None
