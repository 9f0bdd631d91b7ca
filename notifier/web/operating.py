"""For operators, behind a token: a page about the configuration in use, and a wish to reload.

The page takes the token as a password, for browsers ask for one. A reload takes it as a bearer's
(RFC 6750) alone: browsers send passwords along with whatever another site lets them post. Neither
goes into a log. Without a token in the configuration nobody is let in.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from html import escape

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from notifier.reloads import Attempt, Outcome, Standing
from notifier.web.observing import is_token

_HEADERS = {
    "cache-control": "private, no-store",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "x-robots-tag": "noindex",
}
_STATUS = {Outcome.REFUSED: 422, Outcome.HELD: 409, Outcome.FAILED: 503}


@dataclass(frozen=True, slots=True)
class Operators:
    """What operators may ask for: `reload` (whether many readers may go), and what `stands`.

    The `token` is that of the configuration in use.
    """

    token: Callable[[], str]
    reload: Callable[[bool], Awaitable[Attempt]]
    stands: Callable[[], Awaitable[list[Standing]]]


def operating(operators: Operators) -> ASGIApp:
    """Return the application for what is below `/-/`."""

    async def reload(request: Request) -> Response:
        refusal = _refusal(operators.token(), _bearer(request), "Bearer")
        if refusal is not None:
            return refusal
        attempt = await operators.reload(request.query_params.get("yes") == "1")
        body = {
            "outcome": attempt.outcome,
            "problems": attempt.problems,
            "notes": attempt.notes,
            "added": attempt.added,
            "changed": attempt.changed,
            "removed": attempt.removed,
        }
        return JSONResponse(body, _STATUS.get(attempt.outcome, 200), _HEADERS)

    async def page(request: Request) -> Response:
        given = _bearer(request) or _password(request)
        refusal = _refusal(operators.token(), given, 'Basic realm="operators", charset="UTF-8"')
        if refusal is not None:
            return refusal
        return HTMLResponse(_page(await operators.stands()), headers=_HEADERS)

    return Starlette(
        routes=[
            Route("/-/reload", reload, methods=["POST"]),
            Route("/-/", page, methods=["GET", "HEAD"]),
        ]
    )


def _refusal(token: str, given: str, challenge: str) -> Response | None:
    if not token:
        words = "There is no `web.token` in the configuration.\n"
        return PlainTextResponse(words, 403, _HEADERS)
    if not given:
        headers = _HEADERS | {"www-authenticate": challenge}
        return PlainTextResponse("This needs the operator's token.\n", 401, headers)
    if is_token(given, token):
        return None
    headers = _HEADERS | ({"www-authenticate": challenge} if challenge != "Bearer" else {})
    status = 403 if challenge == "Bearer" else 401  # with which a browser asks again
    return PlainTextResponse("This is not the operator's token.\n", status, headers)


def _bearer(request: Request) -> str:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    return given.strip() if scheme.lower() == "bearer" else ""


def _password(request: Request) -> str:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        decoded = base64.b64decode(given.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        return ""
    return decoded.partition(":")[2]


def _page(standings: list[Standing]) -> str:
    parts = "".join(map(_part, standings)) or "<p>No process has said anything yet.</p>"
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Operators</title>'
        '<meta name="viewport" content="width=device-width">'
        "<style>body{font:1rem/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;"
        "padding:0 1rem}pre{overflow-x:auto;background:#f4f4f4;color:#222;padding:1rem}"
        ".bad{color:#a00000}@media(prefers-color-scheme:dark){body{background:#111;color:#eee}"
        ".bad{color:#ff9b9b}}</style>"
        f"<main><h1>Configuration</h1>{parts}</main></html>"
    )


def _part(standing: Standing) -> str:
    attempt = standing.attempt
    mark = "" if attempt.is_fine else ' class="bad"'
    told = "".join(f"<pre>{escape(one)}</pre>" for one in (*attempt.problems, *attempt.notes))
    return (
        f"<h2>{escape(standing.process)}</h2>"
        f"<p>In use since {standing.since:%Y-%m-%d %H:%M:%S} UTC.</p>"
        f"<p{mark}>Last attempt {attempt.at:%Y-%m-%d %H:%M:%S} UTC, by {escape(attempt.trigger)}:"
        f" <strong>{attempt.outcome}</strong></p>{told}"
    )
