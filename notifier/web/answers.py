"""One answer for all documents of this package: with validators, or that nothing has changed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from feeds.kit.http import http_date, is_fresh


def conditional(
    request: Request,
    body: bytes,
    *,
    etag: str,
    modified: datetime,
    headers: Mapping[str, str],
) -> Response:
    """Return 200 with `body`, or 304 where the client has it (RFC 9110, 13.2.2).

    `etag` is the opaque tag of a weak validator; `headers` are sent with either.
    """
    said = {**headers, "etag": f'W/"{etag}"', "last-modified": http_date(modified)}
    asked = request.headers
    if is_fresh(etag, modified, asked.get("if-none-match"), asked.get("if-modified-since")):
        return Response(status_code=304, headers=said)
    return Response(body, headers=said)
