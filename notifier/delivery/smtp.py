"""The way out over SMTP (RFC 5321) or LMTP (RFC 2033): connecting and login through aiosmtplib.

Transactions are driven on our own Wire, so that every answer knows its phase: only when the final
dot may have left is a letter in doubt. Encryption that was asked for is verified or nothing is
said; a password never travels in the clear and never shows in an answer.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import re
import socket
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import cast

import aiosmtplib

from notifier.delivery.delivery import Answer, Phase, Verdict, classify, unanswered
from notifier.delivery.envelope import Offers
from notifier.delivery.pace import Limits
from notifier.delivery.pool import Pool
from notifier.delivery.session import SmtpSession
from notifier.delivery.transaction import Connection
from notifier.delivery.wire import Wire
from notifier.errors import TransportError
from notifier.settings import SmtpRelay

_HOST_NAME = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


@dataclass(slots=True)
class SmtpTransport:
    """Letters to one relay; each session is one connection.

    `patience` is how many seconds the answer to the final dot may take (RFC 5321, 4.5.3.2.6);
    every other step has the relay's timeout. `own_name` greets the relay; by default it is this
    machine's. `taken` is how many messages the relay has taken from us before, for its ramp, and
    `rest` how many seconds it is first left alone when it asks for less. TransportError when the
    relay's settings can never work.
    """

    relay: SmtpRelay
    patience: float = 600.0
    own_name: str = ""
    taken: int = 0
    rest: float = 1.0
    _pool: Pool = field(init=False, repr=False)
    _context: ssl.SSLContext | None = field(init=False, repr=False, default=None)

    def __post_init__(self) -> None:
        relay = self.relay
        if not relay.host.isprintable() or not relay.host or " " in relay.host:
            raise TransportError(f"not a host: {relay.host[:100]!r}")
        if relay.tls not in {"starttls", "implicit", "none"}:
            raise TransportError(f"unknown kind of encryption: {relay.tls!r}")
        if relay.tls == "none" and (relay.username or relay.password):
            raise TransportError("a password needs an encrypted connection: starttls or smtps")
        if relay.password and not relay.username:
            raise TransportError("a password needs a user name")
        if relay.lmtp and relay.tls != "none":
            raise TransportError("LMTP is for servers nearby: without encryption and login")
        if relay.tls != "none":
            self._context = _verifying(relay.ca_file)
        limits = Limits(
            connections=relay.connections,
            rate=relay.rate,
            warm_up=relay.warm_up,
            rest=self.rest,
        )
        self._pool = Pool(limits, self.taken)

    @contextlib.asynccontextmanager
    async def session(self) -> AsyncIterator[SmtpSession]:
        """Yield a session; it connects at its first letter and says goodbye at the end."""
        session = SmtpSession(self.relay, self.connect, self.patience, self._pool)
        try:
            yield session
        except BaseException:
            await session.abort()
            raise
        await session.close()

    async def check(self) -> Answer | None:
        """Return None when the relay can be reached and logged in to, else its answer."""
        async with self.session() as session:
            return await session.check()

    async def connect(self) -> Connection | Answer:
        """Return a connection that is encrypted and logged in as the relay's settings say."""
        if not self.own_name:
            self.own_name = await _own_name(self.relay.timeout)
        socket_path = self.relay.host if self.relay.host.startswith("/") else None
        client = aiosmtplib.SMTP(
            hostname=None if socket_path else self.relay.host,
            port=None if socket_path else self.relay.port,
            socket_path=socket_path,
            use_tls=self.relay.tls == "implicit",
            start_tls=False,
            tls_context=self._context,
            timeout=self.relay.timeout,
            local_hostname=self.own_name,
        )
        try:
            return await self._set_up(client) or _taken_over(client)
        finally:
            if client.transport is not None:
                _of_a_stream(
                    client.transport
                ).abort()  # close() would wait for a peer that has gone silent
            client.close()

    async def _set_up(self, client: aiosmtplib.SMTP) -> Answer | None:
        phase = Phase.CONNECT
        try:
            await client.connect()
            if self.relay.lmtp:
                return await self._greet_lmtp(client)
            await client.ehlo()
            if self.relay.tls == "starttls":
                if not client.supports_extension("starttls"):
                    return _halt(phase, "the relay offers no STARTTLS, so nothing is sent")
                await client.starttls()
                await client.ehlo()
            phase = Phase.LOGIN
            return await self._log_in(client) if self.relay.username else None
        except (aiosmtplib.SMTPException, OSError, UnicodeError, ValueError) as error:
            return self._setup_failure(phase, error)

    async def _greet_lmtp(self, client: aiosmtplib.SMTP) -> Answer | None:
        reply = await client.execute_command(b"LHLO", self.own_name.encode("ascii"))
        if reply.code != 250:
            return classify(reply.code, reply.message, Phase.CONNECT)
        client.last_ehlo_response = reply
        return None

    async def _log_in(self, client: aiosmtplib.SMTP) -> Answer | None:
        # One attempt by one method: a second one would hide the answer to the first.
        methods = client.server_auth_methods
        if "plain" in methods:
            await client.auth_plain(self.relay.username, self.relay.password)
        elif "login" in methods:
            await client.auth_login(self.relay.username, self.relay.password)
        else:
            return _halt(Phase.LOGIN, "the relay offers no login by PLAIN or LOGIN")
        return None

    def _setup_failure(self, phase: Phase, error: Exception) -> Answer:
        untrusted = _untrusted(error)
        if untrusted:
            return _halt(phase, f"the relay's certificate cannot be trusted: {untrusted}")
        if isinstance(error, aiosmtplib.SMTPResponseException) and error.code >= 200:
            return classify(error.code, self._without_secrets(error.message), phase)
        reason = _reason(error)
        host = f"{self.relay.host}:{self.relay.port}" if self.relay.port else self.relay.host
        text = f"{host}: {reason}" if reason else f"{type(error).__name__}: {error}"
        return unanswered(phase, self._without_secrets(text))

    def _without_secrets(self, text: str) -> str:
        """Some servers echo what they refuse, the password in it."""
        user, password = self.relay.username.encode(), self.relay.password.encode()
        if not password:
            return text
        secrets = (b"\0%b\0%b" % (user, password), password)
        for secret in (*(base64.b64encode(secret) for secret in secrets), password):
            text = text.replace(secret.decode(), "***")
        return text


def _taken_over(client: aiosmtplib.SMTP) -> Connection | Answer:
    """Put our Wire in charge of aiosmtplib's connection, and detach the client from it."""
    if client.transport is None or client.transport.is_closing():
        return unanswered(Phase.LOGIN, "the connection was lost")
    transport = _of_a_stream(client.transport)
    wire = Wire(transport)
    transport.set_protocol(wire)
    size = client.esmtp_extensions.get("size", "")
    offers = Offers(
        size=client.supports_extension("size"),
        max_size=int(size) if re.fullmatch("[0-9]{1,19}", size) else 0,
        smtputf8=client.supports_extension("smtputf8"),
        pipelining=client.supports_extension("pipelining"),
        dsn=client.supports_extension("dsn"),
    )
    client.transport = None
    return Connection(wire, offers)


def _of_a_stream(transport: asyncio.BaseTransport) -> asyncio.Transport:
    """Say what a connection's transport is: those of uvloop do not inherit from asyncio's."""
    return cast("asyncio.Transport", transport)


def _verifying(ca_file: str) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=ca_file or None)
    except OSError as error:
        raise TransportError(f"the certificates in {ca_file} cannot be read: {error}") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


async def _own_name(seconds: float) -> str:
    """Return this machine's name for EHLO, or an address literal where it has none."""
    with contextlib.suppress(OSError, TimeoutError, UnicodeError):
        async with asyncio.timeout(seconds):
            name = await asyncio.to_thread(socket.getfqdn)
        if _HOST_NAME.fullmatch(name):
            return name
    return "[127.0.0.1]"


def _untrusted(error: BaseException | None) -> str:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return error.verify_message
        error = error.__cause__ or error.__context__
    return ""


def _reason(error: Exception) -> str:
    """Return what the system says of a connection that could not be made; empty if it is not it."""
    cause = error.__cause__
    if not isinstance(cause, OSError) or isinstance(cause, ssl.SSLError):
        return ""
    if cause.errno is not None and cause.errno > 0:  # below are those of looking a name up
        return os.strerror(cause.errno)
    return cause.strerror or ""


def _halt(phase: Phase, text: str) -> Answer:
    return Answer(verdict=Verdict.HALT, phase=phase, text=text)
