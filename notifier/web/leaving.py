"""Leaving a digest: one link, one button, no login (RFC 8058 for mail programs).

A GET changes nothing, for mail scanners follow links. Any POST that is neither a mail program's
nor our form's changes nothing either.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape

from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from feeds import Site
from notifier.roster import Roster, Subscription
from notifier.subscribing import claimed
from notifier.tokens import SecretKey

_FORM_LIMIT = 10_000  # octets; what mail programs and our form send is far below
_HEADERS = {
    "cache-control": "private, no-store",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
    "referrer-policy": "no-referrer",
    "x-robots-tag": "noindex",
}


def leaving(
    roster: Roster, site: Site, titles: dict[str, str], keys: Sequence[SecretKey]
) -> list[Route]:
    """Return the route of `/u/TOKEN`."""

    async def leave(request: Request) -> Response:
        subscription = await claimed(request.path_params["token"], roster, keys)
        if subscription is None:
            return PlainTextResponse("This link is not one of ours.\n", 404, _HEADERS)
        title = titles.get(subscription.digest, subscription.digest)
        wish = await _wish(request) if request.method == "POST" else ""
        if wish == "leave":
            await roster.leave(subscription.id, datetime.now(UTC))
        elif wish == "undo":
            await roster.come_back(subscription.id)
        gone = wish == "leave" or (wish != "undo" and subscription.left_at is not None)
        return HTMLResponse(_page(site, title, subscription, gone=gone), headers=_HEADERS)

    return [Route("/u/{token}", leave, methods=["GET", "HEAD", "POST"])]


async def _wish(request: Request) -> str:
    """Return what a form asks for: `leave`, `undo` or nothing that we know."""
    body = b""
    try:
        async for part in request.stream():
            body += part
            if len(body) > _FORM_LIMIT:
                return ""
    except ClientDisconnect:
        return ""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        one_click = b'name="List-Unsubscribe"' in body and b"One-Click" in body
        return "leave" if one_click else ""
    fields = {pair.strip() for pair in body.split(b"&")}
    if fields & {b"List-Unsubscribe=One-Click", b"wish=leave"}:
        return "leave"
    return "undo" if b"wish=undo" in fields else ""


def _page(site: Site, title: str, subscription: Subscription, *, gone: bool) -> str:
    reader, digest, name = escape(subscription.address), escape(title), escape(site.name)
    says, wish, button = (
        (f"{reader} no longer receives <b>{digest}</b>.", "undo", "Take that back")
        if gone
        else (f"{reader} receives <b>{digest}</b>.", "leave", "Unsubscribe")
    )
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{digest} — {name}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<style>body{{font:1.1rem/1.5 Georgia,serif;max-width:32rem;margin:4rem auto;padding:0 1rem}}
button{{font:inherit;padding:.6rem 1.4rem}}</style></head>
<body><main><h1>{name}</h1><p>{says}</p>
<form method="post"><input type="hidden" name="wish" value="{wish}">
<button type="submit">{button}</button></form></main></body></html>
"""
