"""`/livez`, `/readyz` and `/metrics`: for service managers, load balancers and Prometheus.

Whether we live and are ready anybody may ask; the answers name parts, never paths or addresses of
the store. The numbers are for who has the operator's token, or asks at an address of their own.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

OK = "ok"

_HEADERS = {"cache-control": "no-store", "x-content-type-options": "nosniff"}


@dataclass(frozen=True, slots=True)
class Observed:
    """What can be asked: each part with `ok`, or with what is wrong; the numbers as text.

    An empty `token` opens nothing.
    """

    live: Callable[[], Mapping[str, str]]
    ready: Callable[[], Awaitable[Mapping[str, str]]]
    metrics: Callable[[], Awaitable[bytes]]
    content_type: str
    token: str = field(default="", repr=False)


def observing_routes(observed: Observed, *, guarded: bool = True) -> Sequence[Route]:
    """Return the routes; where they are not `guarded`, the numbers need no token."""

    async def live(_: Request) -> Response:
        return _told(observed.live())

    async def ready(_: Request) -> Response:
        return _told(await observed.ready())

    async def metrics(request: Request) -> Response:
        if guarded and not observed.token:
            return PlainTextResponse("Not Found", 404, _HEADERS)
        if guarded and not has_token(request, observed.token):
            headers = _HEADERS | {"www-authenticate": 'Bearer realm="operators"'}
            return PlainTextResponse("Unauthorized", 401, headers)
        body = await observed.metrics()
        return Response(body, headers=_HEADERS, media_type=observed.content_type)

    return [Route("/livez", live), Route("/readyz", ready), Route("/metrics", metrics)]


def observing(observed: Observed) -> ASGIApp:
    """Return an application of these routes alone, for an address that operators reach."""
    return Starlette(routes=observing_routes(observed, guarded=False))


def has_token(request: Request, token: str) -> bool:
    """Tell whether `request` has the operator's token (RFC 6750, 2.1), in constant time."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    return scheme.lower() == "bearer" and is_token(given, token)


def is_token(given: str, token: str) -> bool:
    """Tell whether `given` is `token`, in constant time."""
    return hmac.compare_digest(given.encode(), token.encode())


def _told(parts: Mapping[str, str]) -> Response:
    """Return 200 where every part is well, else 503; a remark after `ok` is no failure."""
    well = all(state == OK or state.startswith(f"{OK},") for state in parts.values())
    body = {"status": OK if well else "failing", "checks": dict(parts)}
    return JSONResponse(body, 200 if well else 503, _HEADERS)
