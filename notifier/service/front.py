"""The front of the web server: plain requests for what is ready are answered below ASGI.

uvicorn parses every request. A reader's poll that can be answered from memory is, in the callback
that has its last field; a task, a scope and two messages would cost several times as much as the
answer. Readers poll with the same octets again and again, so what the parser has made of them is
remembered. Everything else goes on to uvicorn as if this were not here: bodies, upgrades, HTTP/1.0,
connections about to close, targets with a query or an escape, and whoever reads too slowly.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar, NamedTuple

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from feeds.kit.bounded import Bounded
from feeds.web import Answer, Asked

MOST = 65_536  # octets that may come without completing fields, or a part of a body

_KEEP = 8 << 20  # octets that remembered requests may take, about
_OVERHEAD = 1_500  # octets of a remembered request beside its own
_LONG = 4_096  # octets beyond which a request is not remembered
_STEPS = 2  # of a request without a body: its fields are complete, and so is itself
_NOT_PLAIN = frozenset({b"content-length", b"transfer-encoding", b"expect", b"upgrade"})


class Wanted(NamedTuple):
    """A plain request as it was parsed."""

    method: str
    path: str
    asked: Asked


Ready = Callable[[str, str, Asked], Answer | None]


@dataclass(frozen=True, slots=True)
class Memory:
    """What all connections share: where answers come from, and requests that came before.

    `ready` does not wait and raises nothing; it returns None where it has no answer. A request is
    `known` by the segment that was this request and no more.
    """

    ready: Ready
    known: Bounded[bytes, Wanted] = field(default_factory=lambda: Bounded(_KEEP))


class Front(HttpToolsProtocol):
    """One connection; see uvicorn's for all that is not here.

    A request's fields are read up to MOST octets, and a segment more; then it is told 400. There
    is one timer of an idle connection and not one per answer: when it runs out, it looks whether
    it was for nothing, and waits for the rest.
    """

    memory: ClassVar[Memory]

    _asgi = False  # whether it has had any request of this connection
    _between = True  # requests: nothing of the next one has come
    _wanted: Wanted | None = None  # what was last answered here
    _step = 0  # how often something was complete: fields, a part of a body, a request
    _incomplete = 0  # octets since then
    _idle_since: float | None = None  # on the loop's clock; None while there is something to do

    def data_received(self, data: bytes) -> None:
        """Take in what the client sent: mostly one request, which we may know by heart."""
        begins = self._between and self._is_free()
        wanted = self.memory.known.get(data) if begins else None
        answer = self.memory.ready(*wanted) if wanted else None
        if wanted and answer:
            self._incomplete = 0
            self._answer(wanted, answer)
            return
        step = self._step
        plain = self._parse(data)
        self._incomplete = self._incomplete + len(data) if step == self._step else 0
        if self._incomplete > MOST and not self.transport.is_closing():
            self.send_400_response("The request has too many or too long fields.")
        if plain and begins and self._between and self._step == step + _STEPS:
            self._remember(data, plain)

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of the connection, and of its timer."""
        super().connection_lost(exc)
        self._stop_timer()

    def on_message_begin(self) -> None:
        """Begin a request: its first octet is here."""
        self._between = False
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Answer if there is an answer; the parser has just read the last field."""
        self._step += 1
        wanted = self._parsed() if self._is_free() else None
        answer = self.memory.ready(*wanted) if wanted else None
        if wanted and answer:
            self._wanted = wanted
            self._answer(wanted, answer)
        else:
            self._asgi = True
            self._unset_keepalive_if_required()
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take in a part of a body: only ASGI's requests have any."""
        self._step += 1
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End a request; uvicorn needs to know of its own only."""
        self._step += 1
        self._between = True
        if self._asgi:
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """Go on after an answer of ASGI's: with the next request that waits, or idle."""
        self._stop_timer()
        super().on_response_complete()
        self._idle_since = self.loop.time() if self.timeout_keep_alive_task else None

    def timeout_keep_alive_handler(self) -> None:
        """Close the connection if it was idle for as long as it may be."""
        self.timeout_keep_alive_task = None
        if self._idle_since is None:
            return
        left = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._start_timer(left)
        else:
            super().timeout_keep_alive_handler()

    def _unset_keepalive_if_required(self) -> None:
        """Be idle no more; the timer finds out by itself."""
        self._idle_since = None

    def _start_timer(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(
            seconds, self.timeout_keep_alive_handler
        )

    def _stop_timer(self) -> None:
        if self.timeout_keep_alive_task is not None:
            self.timeout_keep_alive_task.cancel()
            self.timeout_keep_alive_task = None

    def _is_free(self) -> bool:
        """Whether an answer could go out now: none is on its way, and the client reads."""
        answering = self._asgi and not self.cycle.response_complete
        return not (answering or self.flow.write_paused)

    def _parsed(self) -> Wanted | None:
        """Return the request if it is plain, so that nothing can follow it but another one.

        uvicorn unquotes targets that have an escape, and refuses what is not ASCII.
        """
        parser, target = self.parser, self.url
        plain = (
            parser.get_http_version() == "1.1"
            and parser.should_keep_alive()
            and target.isascii()
            and b"%" not in target
            and _NOT_PLAIN.isdisjoint([name for name, _ in self.headers])
        )
        if not plain:
            return None
        return Wanted(parser.get_method().decode(), target.decode(), Asked(self.headers))

    def _parse(self, data: bytes) -> Wanted | None:
        """Let the parser call back, and return the request that was answered here meanwhile."""
        self._wanted = None
        super().data_received(data)
        return self._wanted

    def _answer(self, wanted: Wanted, answer: Answer) -> None:
        dates = [b"%b: %b\r\n" % header for header in self.server_state.default_headers]
        head = b"".join([answer.status_line, *dates, answer.fields])
        if answer.body and wanted.method == "GET":
            self.transport.writelines([head, answer.body])
        else:
            self.transport.write(head)
        self.server_state.total_requests += 1
        self._idle_since = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._start_timer(self.timeout_keep_alive)

    def _remember(self, data: bytes, wanted: Wanted) -> None:
        if len(data) <= _LONG:
            self.memory.known.put(data, wanted, len(data) + _OVERHEAD)


def front(ready: Ready) -> type[Front]:
    """Return the protocol that asks `ready`, as `http` of uvicorn's settings."""
    return type("Front", (Front,), {"memory": Memory(ready)})
