"""A real SMTP server in this process that records what it takes and misbehaves where it is told.

`SmtpServer(script={Step.RCPT: Say("450 4.2.1 later")})` answers every RCPT so; a list is used up
one action per occurrence, over all connections, and then the server behaves. Its own record of
messages is what a test compares with what the sender believes.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import enum
import socket
import ssl
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import TracebackType

import trustme


class Step(enum.StrEnum):
    """The moments at which the server can be told to misbehave."""

    BANNER = "banner"
    EHLO = "ehlo"
    STARTTLS = "starttls"
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"  # instead of 354
    BODY = "body"  # after the first octets of a message, before its end
    DOT = "dot"  # the message is whole; it is not taken
    TAKEN = "taken"  # the message is taken and recorded; before that is said
    AFTER = "after"  # taken, and said so
    RSET = "rset"
    NOOP = "noop"
    QUIT = "quit"


@dataclass(frozen=True)
class Say:
    """Answer with `text`, a whole reply without its line end; then close if `close`."""

    text: str
    close: bool = False


@dataclass(frozen=True)
class Raw:
    """Answer with any octets at all."""

    octets: bytes


@dataclass(frozen=True)
class Close:
    """Cut the connection; with `reset`, by RST instead of FIN."""

    reset: bool = False


@dataclass(frozen=True)
class Stall:
    """Say nothing more for `seconds`, then go on as if nothing had been; default: for ever."""

    seconds: float = 3600.0


@dataclass(frozen=True)
class Behave:
    """Do as a server should: a place holder in a list of actions."""


Action = Say | Raw | Close | Stall | Behave
Script = Mapping[Step, Action | Sequence[Action]]


class Tls(enum.StrEnum):
    """How the server encrypts."""

    NONE = "none"
    STARTTLS = "starttls"
    IMPLICIT = "implicit"


@dataclass(frozen=True)
class Received:
    """One message the server took: envelope, content without doubled dots, and how it came."""

    sender: str
    recipient: str
    content: bytes
    parameters: str
    asked: str
    connection: int
    encrypted: bool
    user: str


@dataclass
class _Visit:
    """What the server knows of one connection."""

    number: int
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    encrypted: bool
    user: str = ""
    sender: str | None = None
    recipient: str = ""
    parameters: str = ""
    asked: str = ""


class _Gone(Exception):
    """The script ends this connection."""


@dataclass(frozen=True)
class Authority:
    """A certificate authority of our own; `ca_file` is what a client must trust."""

    ca: trustme.CA = field(default_factory=trustme.CA)

    def server_context(self, *names: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.ca.issue_cert(*names).configure_cert(context)
        return context

    def write_ca_file(self, folder: Path) -> str:
        path = folder / "ca.pem"
        self.ca.cert_pem.write_to_path(str(path))
        return str(path)


@lru_cache(maxsize=1)
def authority() -> Authority:
    return Authority()


@lru_cache(maxsize=8)
def _server_context(names: tuple[str, ...]) -> ssl.SSLContext:
    return authority().server_context(*names)


class SmtpServer:
    """An SMTP server on `host`, on a `port` of its own choice; use it with `async with`.

    `login` is the one user name and password it knows; `names` are those in its certificate.
    `messages` has what it took (`took` is set from the first on), `commands` every command line
    with the connection's number, `clear` all octets that came unencrypted, `peak` how many were
    connected at most. Step.BODY comes after `body_step_after` lines. A `lenient` one takes RCPT and
    DATA whatever was said before. With `path` it listens on a socket there.
    """

    host = "127.0.0.1"

    def __init__(
        self,
        *,
        script: Script | None = None,
        tls: Tls = Tls.NONE,
        login: tuple[str, str] | None = None,
        auth: Sequence[str] = ("PLAIN", "LOGIN"),
        extensions: Sequence[str] = ("PIPELINING", "8BITMIME", "SMTPUTF8", "SIZE 10000000"),
        names: Sequence[str] = ("127.0.0.1", "localhost"),
        body_step_after: int = 1,
        lenient: bool = False,
        path: str = "",
    ) -> None:
        self._script = {
            step: list(actions) if isinstance(actions, Sequence) else actions
            for step, actions in (script or {}).items()
        }
        self._tls = tls
        self._login = login
        self._auth = tuple(auth)
        self._extensions = tuple(extensions)
        self._names = tuple(names)
        self._body_step_after = body_step_after
        self._lenient = lenient
        self._path = path
        self._visits: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.port = 0
        self.connections = 0
        self.peak = 0
        self.messages: list[Received] = []
        self.took = asyncio.Event()
        self.commands: list[tuple[int, str]] = []
        self.clear = bytearray()

    async def __aenter__(self) -> SmtpServer:
        if self._path:
            self._server = await asyncio.start_unix_server(self._accept, self._path)
            return self
        self._server = await asyncio.start_server(
            self._accept,
            self.host,
            0,
            limit=1 << 16,
            ssl=_server_context(self._names) if self._tls is Tls.IMPLICIT else None,
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        for visit in self._visits:
            visit.cancel()
        await asyncio.gather(*self._visits, return_exceptions=True)
        await self._server.wait_closed()

    def behave(self) -> None:
        """Misbehave no more."""
        self._script = {}

    def hang_up(self) -> None:
        """Cut all connections that there are."""
        for visit in self._visits:
            visit.cancel()

    def verbs(self, connection: int | None = None) -> list[str]:
        """Return the first words of the commands that came, in order."""
        return [line.split()[0].upper() for n, line in self.commands if connection in {None, n}]

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._visits.add(task)
        self.peak = max(self.peak, len(self._visits))
        self.connections += 1
        visit = _Visit(self.connections, reader, writer, self._tls is Tls.IMPLICIT)
        try:
            await self._converse(visit)
        except (_Gone, OSError, ValueError, EOFError, asyncio.CancelledError):
            pass
        finally:
            visit.writer.transport.abort()
            self._visits.discard(task)

    async def _converse(self, visit: _Visit) -> None:
        await self._reply(visit, Step.BANNER, "220 mx.example ESMTP")
        while line := await visit.reader.readline():
            self._overhear(visit, line)
            text = line.decode("utf-8", "replace").strip()
            self.commands.append((visit.number, text))
            verb, _, rest = text.partition(" ")
            await self._obey(visit, verb.upper(), rest)

    async def _obey(self, visit: _Visit, verb: str, rest: str) -> None:
        match verb:
            case "EHLO" | "LHLO":
                await self._reply(visit, Step.EHLO, self._offers(visit))
            case "STARTTLS" if self._tls is Tls.STARTTLS and not visit.encrypted:
                await self._start_tls(visit)
            case "AUTH" if self._login:
                await self._authenticate(visit, rest)
            case "MAIL" | "RCPT" | "DATA":
                await self._transaction(visit, verb, rest)
            case "RSET":
                visit.sender, visit.recipient = None, ""
                await self._reply(visit, Step.RSET, "250 2.0.0 Flushed")
            case "NOOP":
                await self._reply(visit, Step.NOOP, "250 2.0.0 Yes")
            case "QUIT":
                await self._reply(visit, Step.QUIT, "221 2.0.0 Bye")
                raise _Gone
            case _:
                await self._say(visit, "502 5.5.1 No such command")

    async def _transaction(self, visit: _Visit, verb: str, rest: str) -> None:
        if self._login and not visit.user:
            await self._say(visit, "530 5.7.0 Authentication required")
        elif verb == "MAIL" and visit.sender is None:
            path, _, visit.parameters = rest.partition(":")[2].partition(" ")
            if await self._reply(visit, Step.MAIL, "250 2.1.0 Sender ok"):
                visit.sender = path.strip("<>")
        elif verb == "RCPT" and (visit.sender is not None or self._lenient):
            if await self._reply(visit, Step.RCPT, "250 2.1.5 Recipient ok"):
                path, _, visit.asked = rest.partition(":")[2].partition(" ")
                visit.recipient = path.strip("<>")
        elif verb == "DATA" and (visit.recipient or self._lenient):
            if await self._reply(visit, Step.DATA, "354 Go on"):
                await self._receive(visit)
        else:
            await self._say(visit, "503 5.5.1 Bad sequence of commands")

    async def _receive(self, visit: _Visit) -> None:
        lines: list[bytes] = []
        while (line := await visit.reader.readuntil(b"\r\n")) != b".\r\n":
            self._overhear(visit, line)
            lines.append(line.removeprefix(b"."))
            if len(lines) == self._body_step_after:
                await self._reply(visit, Step.BODY, "")
        sender, visit.sender = visit.sender or "", None
        recipient, visit.recipient = visit.recipient, ""
        if not await self._reply(visit, Step.DOT, ""):
            return
        if not recipient:
            await self._say(visit, "554 5.5.1 No valid recipients")
            return
        self.messages.append(
            Received(
                sender=sender,
                recipient=recipient,
                content=b"".join(lines),
                parameters=visit.parameters,
                asked=visit.asked,
                connection=visit.number,
                encrypted=visit.encrypted,
                user=visit.user,
            )
        )
        self.took.set()
        if await self._reply(visit, Step.TAKEN, "250 2.0.0 Taken"):
            await self._reply(visit, Step.AFTER, "")

    async def _start_tls(self, visit: _Visit) -> None:
        if await self._reply(visit, Step.STARTTLS, "220 2.0.0 Go ahead"):
            await visit.writer.start_tls(_server_context(self._names))
            visit.encrypted = True

    async def _authenticate(self, visit: _Visit, rest: str) -> None:
        method, _, initial = rest.partition(" ")
        try:
            if method.upper() == "PLAIN":
                _, user, password = _decoded(initial).split("\0")
            else:
                user = _decoded(initial)
                await self._say(visit, "334 UGFzc3dvcmQ6")
                line = await visit.reader.readline()
                self._overhear(visit, line)
                password = _decoded(line.decode().strip())
        except (ValueError, binascii.Error):
            await self._say(visit, "501 5.5.2 Cannot decode")
            return
        if (user, password) != self._login:
            await self._reply(visit, Step.AUTH, "535 5.7.8 Wrong credentials")
        elif await self._reply(visit, Step.AUTH, "235 2.7.0 Welcome"):
            visit.user = user

    def _offers(self, visit: _Visit) -> str:
        offers = ["mx.example", *self._extensions]
        if self._tls is Tls.STARTTLS and not visit.encrypted:
            offers.append("STARTTLS")
        if self._login and self._auth:
            offers.append(f"AUTH {' '.join(self._auth)}")
        return "\r\n".join([*(f"250-{offer}" for offer in offers[:-1]), f"250 {offers[-1]}"])

    async def _reply(self, visit: _Visit, step: Step, proper: str) -> bool:
        """Do what the script says at `step`, else answer properly; tell whether it was proper."""
        match self._next(step):
            case Say(text, close):
                await self._say(visit, text)
                if close:
                    raise _Gone
                return False
            case Raw(octets):
                visit.writer.write(octets)
                await visit.writer.drain()
                return False
            case Close(reset):
                await self._cut(visit, reset)
                raise _Gone
            case Stall(seconds):
                await asyncio.sleep(seconds)
        if proper:
            await self._say(visit, proper)
        return True

    async def _cut(self, visit: _Visit, reset: bool) -> None:
        if reset:
            connection = visit.writer.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return
        visit.writer.close()
        with contextlib.suppress(OSError):
            await visit.writer.wait_closed()

    def _next(self, step: Step) -> Action:
        actions = self._script.get(step)
        if isinstance(actions, list):
            return actions.pop(0) if actions else Behave()
        return actions or Behave()

    async def _say(self, visit: _Visit, text: str) -> None:
        visit.writer.write(text.encode() + b"\r\n")
        await visit.writer.drain()

    def _overhear(self, visit: _Visit, line: bytes) -> None:
        if not visit.encrypted:
            self.clear += line


def _decoded(text: str) -> str:
    return base64.b64decode(text, validate=True).decode()
