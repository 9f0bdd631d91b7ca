"""POST /hub: where subscribers ask the hub (WebSub, section 5.1); GET explains it to people."""

from __future__ import annotations

from datetime import UTC, datetime

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from feeds.websub.hub import Hub
from feeds.websub.protocol import Reply
from feeds.websub.settings import PATH

_LIMIT = 10_000  # octets of a form
_FORM = "application/x-www-form-urlencoded"
_HEADERS = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
_ABOUT = """This is the WebSub hub of this site's feeds (https://www.w3.org/TR/websub/).
To be sent a feed whenever it changes, POST here, as application/x-www-form-urlencoded:
hub.mode=subscribe, hub.topic (the feed's address), hub.callback (yours),
and if you like hub.secret and hub.lease_seconds.
"""


def hub_routes(hub: Hub) -> list[Route]:
    """Return the route of the hub."""

    async def answer(request: Request) -> Response:
        if request.method != "POST":
            return PlainTextResponse(_ABOUT, headers=_HEADERS)
        form = await _form(request)
        reply = form if isinstance(form, Reply) else await hub.accept(form, datetime.now(UTC))
        headers = _HEADERS | ({"retry-after": "600"} if reply.status == 429 else {})
        return PlainTextResponse(f"{reply.text}\n", reply.status, headers)

    return [Route(PATH, answer, methods=["GET", "HEAD", "POST"])]


async def _form(request: Request) -> bytes | Reply:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != _FORM:
        return Reply(415, f"a subscription request is {_FORM}")
    body = bytearray()
    try:
        async for part in request.stream():
            body += part
            if len(body) > _LIMIT:
                return Reply(413, f"a subscription request has at most {_LIMIT} octets")
    except ClientDisconnect:
        return Reply(400, "the request broke off")
    return bytes(body)
