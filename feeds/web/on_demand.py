"""One answer for a document that is made when it is asked for: with validators, or unchanged.

Compressed for who takes that, personal ones too: nothing in them repeats what a request says, so
the length of an answer tells nothing to who can make a reader's program ask.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from feeds.kit.compression import SMALL, coded
from feeds.kit.http import IDENTITY, codings, http_date, is_fresh


async def conditional(
    request: Request,
    body: bytes,
    *,
    etag: str,
    modified: datetime | None = None,
    headers: Mapping[str, str],
) -> Response:
    """Return 200 with `body`, or 304 where the client has it (RFC 9110, 13.2.2).

    `etag` is the opaque tag of a weak validator, equal over codings; `headers` are sent with
    either. Without `modified` the tag alone decides. 406 for a client that takes
    neither br, gzip nor the document as it is.
    """
    said = _varying({**headers, "etag": f'W/"{etag}"'})
    if modified is not None:
        said["last-modified"] = http_date(modified)
    asked = request.headers
    if is_fresh(etag, modified, asked.get("if-none-match"), asked.get("if-modified-since")):
        return Response(status_code=304, headers=said)
    return await in_coding(request, body, said)


async def in_coding(request: Request, body: bytes, headers: Mapping[str, str]) -> Response:
    """Return 200 with `body` in the best coding that is taken (RFC 9110, 12.5.3), else 406."""
    headers = _varying(headers)
    taken = codings(request.headers.get("accept-encoding"))
    if not taken:
        return PlainTextResponse("Take br, gzip or identity.\n", 406, _without_validators(headers))
    coding = taken[0]
    if coding == IDENTITY or (len(body) < SMALL and IDENTITY in taken):
        return Response(body, headers=headers)
    form = await asyncio.to_thread(coded, body, coding)
    return Response(form, headers={**headers, "content-encoding": coding})


def _varying(headers: Mapping[str, str]) -> dict[str, str]:
    """Say that the answer follows from `Accept-Encoding`, too."""
    fields = {name.strip().lower(): name.strip() for name in headers.get("vary", "").split(",")}
    others = [name for key, name in fields.items() if name and key != "accept-encoding"]
    return {**headers, "vary": ", ".join(["Accept-Encoding", *others])}


def _without_validators(headers: Mapping[str, str]) -> dict[str, str]:
    about_it = {"etag", "last-modified", "content-type"}
    return {name: value for name, value in headers.items() if name not in about_it}
