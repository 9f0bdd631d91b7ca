"""Our end of an SMTP connection once it is set up: octets out, replies in, each with a deadline.

Knows lines and replies (RFC 5321, 4.2), not what they mean. Never speaks by itself, and refuses
to guess: a lost connection, a missed deadline and nonsense are all Silence.
"""

from __future__ import annotations

import asyncio
import math
import re
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

_LINE = re.compile(rb"([2-5][0-9]{2})(?:([ -])([^\r\n]*))?\r?")
_CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f]")
_MAX_REPLY = 32_768


class Silence(Exception):
    """No reply came, and none will: the connection is of no more use."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole reply; `text` joins its lines by line feeds and holds no other control."""

    code: int
    text: str


class ReplyReader:
    """Octets in, whole replies out (RFC 5321, 4.2.1)."""

    def __init__(self) -> None:
        self._rest = b""
        self._lines: list[str] = []
        self._size = 0

    @property
    def idle(self) -> bool:
        """Tell whether nothing of a reply is waiting for its end."""
        return not self._rest and not self._lines

    def feed(self, data: bytes, replies: deque[Reply]) -> None:
        """Append to `replies` those that `data` completes; Silence where it is no SMTP."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            reply, is_last = _read(line)
            if is_last and not self._lines:
                replies.append(reply)
                continue
            self._size += len(line)
            self._lines.append(reply.text)
            if is_last:
                whole, self._lines, self._size = "\n".join(self._lines), [], 0
                replies.append(Reply(reply.code, whole))
            self._refuse_endless(self._size)
        if self._rest:
            self._refuse_endless(self._size + len(self._rest))

    def _refuse_endless(self, size: int) -> None:
        if size > _MAX_REPLY:
            raise Silence("the server's reply has no end")


@lru_cache(maxsize=256)
def _read(line: bytes) -> tuple[Reply, bool]:
    """Return what a line says as a reply by itself, and whether it is the last of its reply.

    Most of what a server says it says again and again.
    """
    found = _LINE.fullmatch(line)
    if found is None:
        raise Silence("the server's reply is not SMTP")
    text = (found[3] or b"").decode("utf-8", "replace")
    return Reply(int(found[1]), _CONTROL.sub("?", text)), found[2] != b"-"


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
        self._loop = asyncio.get_running_loop()
        self._change: asyncio.Future[bool] | None = None  # what somebody waits for
        self._told: Callable[[], None] | None = None  # or who is told of every change
        self._deadline = math.inf  # until when
        self._patience = math.inf
        self._apart = 0  # octets that may wait here and it is not `full`
        self._watch: asyncio.TimerHandle | None = None  # over that: one timer for many waits
        self._closed = asyncio.Event()

    @property
    def quiet(self) -> bool:
        """Tell whether the connection stands and the server has said nothing unasked."""
        return not self._lost and not self._replies and self._reader.idle

    @property
    def full(self) -> bool:
        """Tell whether some of what was written has not left us, or never will.

        The transport is asked, for uvloop tells only once what stands behind has left too: an
        answer may be read before that.
        """
        if self._full and not self._lost:
            self._full = self._transport.get_write_buffer_size() > self._apart
        return self._full

    @property
    def lost(self) -> str:
        """Why there will be no more replies than those that are here; "" while there may be."""
        return self._lost

    def write(self, data: bytes, apart: int = 0) -> None:
        """Hand `data` to the connection; a lost one swallows it, and is full from then on.

        Of the last `apart` octets it does not matter whether they have left.
        """
        if apart != self._apart:
            self._transport.set_write_buffer_limits(high=max(apart, 1), low=apart)
            self._apart = apart
        if not self._lost:
            self._transport.write(data)
        if self._lost or self._transport.is_closing():
            self._full = True

    async def flush(self, patience: float) -> None:
        """Wait until all was handed on or the server speaks; Silence after `patience` seconds."""
        if self._full:
            await self._wait(patience, leaving=True)

    async def reply(self, patience: float) -> Reply:
        """Return the next reply; Silence when none comes within `patience` seconds."""
        if not self._replies:
            await self._wait(patience)
        return self._replies.popleft()

    async def command(self, line: bytes, patience: float) -> Reply:
        """Write one command line and return the reply to it."""
        self.write(line + b"\r\n")
        return await self.reply(patience)

    def tell(self, told: Callable[[], None] | None) -> None:
        """Call `told` whenever there is a reply, room, or no connection any more; None ends it."""
        self._told = told

    def expect(self, patience: float) -> None:
        """Give the connection up where nothing is written or expected anew for so many seconds."""
        self._patience, self._deadline = patience, self._loop.time() + patience
        if self._watch is None or self._watch.when() > self._deadline:
            self._watch_until(self._deadline)

    def expect_nothing(self) -> None:
        """Have patience without end again."""
        self._deadline = math.inf

    def next(self) -> Reply | None:
        """Return the next reply where it is here."""
        return self._replies.popleft() if self._replies else None

    def put_back(self, replies: Iterable[Reply]) -> None:
        """Put replies back, the last of them first, for somebody else to read."""
        self._replies.extendleft(replies)

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
            self._reader.feed(data, self._replies)  # what comes before nonsense counts
        except Silence as nonsense:
            self._lose(str(nonsense))
        self._tell(changed=True)

    def pause_writing(self) -> None:
        """Note that octets wait to leave (asyncio.Protocol)."""
        self._full = True

    def resume_writing(self) -> None:
        """Note that all octets have been handed on (asyncio.Protocol)."""
        self._full = False
        self._tell(changed=True)

    def connection_lost(self, exc: Exception | None) -> None:
        """Note the end (asyncio.Protocol); replies that came before it still count."""
        self._lose("the connection was lost")
        self._closed.set()
        if self._watch is not None:
            self._watch.cancel()

    def _lose(self, reason: str) -> None:
        self._lost = self._lost or reason
        self._tell(changed=True)

    async def _wait(self, patience: float, *, leaving: bool = False) -> None:
        """Wait for a reply, or until all octets have left; Silence after `patience` seconds."""
        deadline = self._loop.time() + patience
        while not self._replies and not (leaving and not self._full):
            if self._lost:
                raise Silence(self._lost)
            if not await self._changed_by(deadline):
                raise Silence(f"no answer within {patience:g} s")

    def _changed_by(self, deadline: float) -> asyncio.Future[bool]:
        """Return what tells whether anything has changed by `deadline`."""
        self._change, self._deadline = self._loop.create_future(), deadline
        if self._watch is None or self._watch.when() > deadline:
            self._watch_until(deadline)
        return self._change

    def _watch_until(self, deadline: float) -> None:
        if self._watch is not None:
            self._watch.cancel()
        self._watch = self._loop.call_at(deadline, self._look)

    def _look(self) -> None:
        """Go on watching for whoever waits longer than the one for whom the timer was set."""
        self._watch = None
        nobody = self._change is None or self._change.done()
        if (nobody and self._told is None) or math.isinf(self._deadline):
            return
        if self._loop.time() < self._deadline:
            self._watch_until(self._deadline)
        elif self._told is not None:
            self._lose(f"no answer within {self._patience:g} s")
        else:
            self._tell(changed=False)

    def _tell(self, *, changed: bool) -> None:
        if self._told is not None:
            self._told()
        elif self._change is not None and not self._change.done():
            self._change.set_result(changed)
