"""The one door for requests of ours to other web servers; the only importer of httpcore.

Every connection is made to an address that has been looked up and checked here, so that no
second look-up can lead elsewhere (DNS rebinding), and so is every redirect's. No proxy, cookie or
password comes from the environment, nothing is decompressed, no connection is kept. What goes
wrong is a value; neither it nor the log names more of a URL than its host.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import urljoin

import httpcore

from feeds.kit.destinations import NotAllowed, Reach, Target, target

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]

_ADDRESSES_TRIED = 4
_RESOLVERS = 16  # threads: a name server that hangs must not hold up the names of others
_REDIRECTS = {301, 302, 303, 307, 308}
_REDIRECTS_THAT_REPEAT = {307, 308}  # RFC 9110, 15.4: the method and content stay


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a server said: header names in lower case, at most the octets asked for of the body."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no answer; `refused` if it was we who would not go there."""

    reason: str
    refused: bool = False


class Outgoing:
    """Requests over HTTP/1.1, as `agent`, to wherever `reach` lets them go.

    `resolve` gives the addresses of a host; `connect_seconds` bounds look-up, connection and
    handshake together. TLS is verified against the URL's host with the system's certificates, or
    those in `ca_file`.
    """

    def __init__(
        self,
        agent: str,
        reach: Reach,
        *,
        resolve: Resolver | None = None,
        ca_file: str = "",
        connect_seconds: float = 5.0,
    ) -> None:
        self._agent = agent
        self._reach = reach
        self._connect_seconds = connect_seconds
        self._threads = ThreadPoolExecutor(_RESOLVERS, thread_name_prefix="resolve")
        context = ssl.create_default_context(cafile=ca_file or None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=context,
            max_connections=None,  # whoever asks bounds how much he asks at once
            max_keepalive_connections=0,
            network_backend=_CheckedNetwork(reach, resolve or self._system_resolver),
        )

    def check(self, url: str) -> Target:
        """Return the parts of `url`; raises NotAllowed if it can be told that we never go there."""
        wanted = target(url)
        self._reach.check_target(wanted)
        return wanted

    async def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        limit: int = 0,
        redirects: int = 0,
        seconds: float = 10.0,
    ) -> Answer | Failure:
        """Send one request and return the answer with at most `limit` octets of its body.

        Up to `redirects` redirects are followed, never from https to http; a request other than
        GET or HEAD follows only 307 and 308, which repeat it. `headers` go to wherever they lead.
        Everything together has `seconds`.
        """
        sent = {"User-Agent": self._agent, "Connection": "close", **(headers or {})}
        try:
            async with asyncio.timeout(seconds):
                while True:
                    answer = await self._once(method, url, sent, content, limit)
                    further = _redirected(method, url, answer)
                    if not redirects or not further:
                        return answer
                    url, redirects = further, redirects - 1
        except NotAllowed as error:
            return Failure(str(error), refused=True)
        except (TimeoutError, httpcore.TimeoutException):
            return Failure(f"no answer within {seconds:g} s")
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
            return Failure(_words(error))

    async def close(self) -> None:
        """Close what is open; look-ups under way are left to end by themselves."""
        await self._pool.aclose()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _once(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes | None, limit: int
    ) -> Answer:
        wanted = self.check(url)
        async with self._pool.stream(
            method,
            httpcore.URL(
                scheme=wanted.scheme.encode(),
                host=wanted.host.encode(),
                port=wanted.port,
                target=wanted.path.encode(),
            ),
            headers=[("Host", wanted.authority), *headers.items()],
            content=content,
            extensions={"timeout": {"connect": self._connect_seconds}},
        ) as response:
            body = bytearray()
            if limit:
                async for part in response.aiter_stream():
                    body += part[: limit - len(body)]
                    if len(body) >= limit:
                        break
            found = {
                name.decode("latin-1").lower(): value.decode("latin-1")
                for name, value in response.headers
            }
            return Answer(status=response.status, headers=found, body=bytes(body))

    async def _system_resolver(self, host: str, port: int) -> Sequence[str]:
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._threads, _look_up, host, port)
        return list(dict.fromkeys(found))


class _CheckedNetwork(httpcore.AsyncNetworkBackend):
    """Connects to nothing but addresses that it has looked up and found allowed itself."""

    def __init__(self, reach: Reach, resolve: Resolver) -> None:
        self._reach = reach
        self._resolve = resolve
        self._sockets = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the signature is httpcore's
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first address of `host` that answers; NotAllowed if one is forbidden.

        A name that leads to a public address and to another one is not trusted with either.
        """
        loop = asyncio.get_running_loop()
        ends = loop.time() + (timeout if timeout is not None else 60.0)
        async with asyncio.timeout_at(ends):
            addresses = await self._resolve(host, port)
        for address in addresses:
            self._reach.check_address(host, ip_address(address))
        tried = addresses[:_ADDRESSES_TRIED]
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        for number, address in enumerate(tried):
            share = max(ends - loop.time(), 0.01) / (len(tried) - number)
            try:
                return await self._sockets.connect_tcp(
                    address, port, share, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


def _look_up(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:  # a label of more than 63 octets
        raise OSError("not a host name") from error
    return [str(address[0]) for *_, address in found]


def _redirected(method: str, url: str, answer: Answer) -> str:
    """Return where `answer` sends a request of `method`, or nothing."""
    followed = _REDIRECTS if method in {"GET", "HEAD"} else _REDIRECTS_THAT_REPEAT
    location = answer.headers.get("location", "")
    if answer.status not in followed or not location:
        return ""
    try:
        further = urljoin(url, location).partition("#")[0]
    except ValueError:
        raise NotAllowed("redirected to what is no URL") from None
    if url.lower().startswith("https:") and not further.lower().startswith("https:"):
        raise NotAllowed("redirected from https to something less")
    return further


def _words(error: Exception) -> str:
    """Say what went wrong in a few words."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"the certificate cannot be trusted: {cause.verify_message}"
        if isinstance(cause, socket.gaierror):
            return "no address is known for the host"
        cause = cause.__cause__ or cause.__context__
    return f"{type(error).__name__}: {error}"[:200]
