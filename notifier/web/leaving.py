"""Leaving a digest, or all: one link, one button, no login (RFC 8058 for mail programs).

A GET changes nothing, for mail scanners follow links. Any POST that is neither a mail program's
nor our form's changes nothing either.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from html import escape
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from feeds import Site
from feeds.store import ArticleStore
from notifier.roster import Places, Roster, Subscription
from notifier.settings import Settings
from notifier.subscribing import claimed, leave, take_back
from notifier.tokens import SecretKey

_FORM_LIMIT = 10_000  # octets; what mail programs and our form send is far below
_MOST_FIELDS = 20
_LEAVE, _LEAVE_ALL, _UNDO = "leave", "all", "undo"
_WISHES = frozenset({_LEAVE, _LEAVE_ALL, _UNDO})
_HEADERS = {
    "cache-control": "private, no-store",
    "content-security-policy": (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    ),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "x-robots-tag": "noindex",
}


@dataclass(frozen=True, slots=True)
class Register:
    """What letting readers go needs."""

    settings: Settings
    roster: Roster
    places: Places
    store: ArticleStore
    keys: tuple[SecretKey, ...]


@dataclass(frozen=True, slots=True)
class _Shown:
    """What the page says: the reader's address, the digest, the others they get; all titles."""

    reader: str
    digest: str
    others: tuple[str, ...]
    gone: bool


def leaving(register: Register) -> list[Route]:
    """Return the route of `/u/TOKEN`."""

    async def answer(request: Request) -> Response:
        token, roster = request.path_params["token"], register.roster
        subscription = await claimed(token, roster, register.keys)
        if subscription is None or not subscription.address:
            return PlainTextResponse("This link is not one of ours.\n", 404, _HEADERS)
        wish = await _wish(request) if request.method == "POST" else ""
        if wish:
            granted = await _grant(register, subscription, wish, datetime.now(UTC))
            subscription = granted or subscription
        shown = _shown(register.settings, subscription)
        return HTMLResponse(_page(register.settings.site, shown), headers=_HEADERS)

    return [Route("/u/{token}", answer, methods=["GET", "HEAD", "POST"])]


async def _grant(
    register: Register, subscription: Subscription, wish: str, now: datetime
) -> Subscription | None:
    """Do what was asked for; whatever else there is, the digest of the link is left at once."""
    where = (register.settings, register.places, register.store)
    if wish == _LEAVE:
        return await register.roster.leave(subscription.id, now)
    if wish == _LEAVE_ALL:
        await register.roster.leave(subscription.id, now)
        await leave(*where, subscription.address, (), now)
    else:
        await take_back(*where, subscription, now)
    return await register.roster.subscription(subscription.id)


def _shown(settings: Settings, subscription: Subscription) -> _Shown:
    titles = {spec.name: spec.title for spec in settings.digests}
    return _Shown(
        reader=subscription.address,
        digest=titles.get(subscription.digest, subscription.digest),
        others=tuple(title for name, title in titles.items() if name in subscription.others),
        gone=subscription.left_at is not None,
    )


async def _wish(request: Request) -> str:
    """Return what a form asks for: `leave`, `all`, `undo` or nothing that we know."""
    body = b""
    try:
        async for part in request.stream():
            body += part
            if len(body) > _FORM_LIMIT:
                return ""
    except ClientDisconnect:
        return ""
    kind = request.headers.get("content-type", "")
    media = kind.partition(";")[0].strip().lower()
    if media == "multipart/form-data":
        fields = _parts(body, kind)
    elif media in {"application/x-www-form-urlencoded", ""}:
        fields = _pairs(body)
    else:
        return ""
    if fields.get("List-Unsubscribe") == "One-Click":
        return _LEAVE
    return fields.get("wish", "") if fields.get("wish") in _WISHES else ""


def _pairs(body: bytes) -> dict[str, str]:
    """Return the fields of a form in a URL's way."""
    try:
        pairs = parse_qsl(body.decode("latin-1").strip(), max_num_fields=_MOST_FIELDS)
    except ValueError:
        return {}
    return {name: value.strip() for name, value in pairs}


def _parts(body: bytes, kind: str) -> dict[str, str]:
    """Return the fields of a form in parts (RFC 7578)."""
    said = Message()
    said["content-type"] = kind.encode("ascii", "replace").decode("ascii")
    boundary = said.get_boundary()
    if not boundary:
        return {}
    fields: dict[str, str] = {}
    text = body.decode("latin-1").replace("\r\n", "\n")
    for piece in text.split(f"--{boundary}")[1 : _MOST_FIELDS + 1]:
        head, _, value = piece.strip("\n").partition("\n\n")
        part = Message()
        for line in head.splitlines():
            name, _, words = line.partition(":")
            if name.strip().lower() == "content-disposition":
                part["content-disposition"] = words.strip()
        found = part.get_param("name", header="content-disposition")
        if isinstance(found, str):
            fields[found] = value.strip()
    return fields


_STYLE = """
:root{color-scheme:light dark;--paper:#fdfcfa;--ink:#1c1b19;--faint:#5c5850;--line:#8a857b}
@media (prefers-color-scheme:dark){
:root{--paper:#171614;--ink:#efece6;--faint:#b3ada2;--line:#7b766c}}
body{margin:0;background:var(--paper);color:var(--ink);font:1.125rem/1.55 Georgia,serif}
main{max-width:32rem;margin:0 auto;padding:clamp(2rem,12vh,7rem) 1.25rem 3rem}
h1{margin:0 0 1.5rem;font-size:1.05rem;font-weight:normal;color:var(--faint)}
p{margin:0 0 1.25rem;overflow-wrap:anywhere}.says{font-size:1.35rem;line-height:1.4}
form{display:flex;flex-wrap:wrap;gap:.75rem;margin:0 0 2rem}
button{font:inherit;min-height:3rem;padding:.5rem 1.4rem;border-radius:.35rem;cursor:pointer;
border:1px solid var(--ink);background:var(--ink);color:var(--paper)}
button.second{background:transparent;color:var(--ink);border-color:var(--line)}
button:focus-visible{outline:3px solid var(--line);outline-offset:3px}
.also{color:var(--faint)}
"""


def _page(site: Site, shown: _Shown) -> str:
    digest, name = escape(shown.digest), escape(site.name)
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{digest} — {name}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>{_STYLE}</style></head>
<body><main><h1>{name}</h1>
<p class="says" role="status">{_says(shown)}</p>
<form method="post">{_buttons(shown)}</form>
{_also(shown)}</main></body></html>
"""


def _says(shown: _Shown) -> str:
    reader, digest = escape(shown.reader), escape(shown.digest)
    if not shown.gone:
        return f"{reader} receives <b>{digest}</b>."
    return f"{reader} no longer receives <b>{digest}</b>."


def _buttons(shown: _Shown) -> str:
    first = (_UNDO, "Take that back") if shown.gone else (_LEAVE, "Unsubscribe")
    buttons = [f'<button name="wish" value="{first[0]}">{first[1]}</button>']
    if shown.others:
        words = "Leave the others too" if shown.gone else "Leave all digests"
        buttons.append(f'<button class="second" name="wish" value="{_LEAVE_ALL}">{words}</button>')
    return "\n".join(buttons)


def _also(shown: _Shown) -> str:
    if not shown.others:
        return ""
    titles = ", ".join(f"<b>{escape(title)}</b>" for title in shown.others)
    return f'<p class="also">{"Still received" if shown.gone else "Also received"}: {titles}.</p>\n'
