"""Leaving a digest, or all: one link, one button, no login (RFC 8058 for mail programs).

A GET changes nothing, for mail scanners follow links. Any POST that is neither a mail program's
nor our form's changes nothing either.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from feeds.store import ArticleStore
from notifier.digest.words import spoken, words
from notifier.roster import Places, Roster, Subscription
from notifier.settings import Settings
from notifier.subscribing import claimed, leave, take_back
from notifier.tokens import SecretKey
from notifier.web.leave_page import LEAVE, LEAVE_ALL, UNDO, Shown, leave_page

_FORM_LIMIT = 10_000  # octets; what mail programs and our form send is far below
_MOST_FIELDS = 20
_WISHES = frozenset({LEAVE, LEAVE_ALL, UNDO})
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


def leaving(register: Register) -> list[Route]:
    """Return the route of `/u/TOKEN`."""

    async def answer(request: Request) -> Response:
        token, roster = request.path_params["token"], register.roster
        subscription = await claimed(token, roster, register.keys)
        if subscription is None or not subscription.address:
            return PlainTextResponse("This link is not one of ours.\n", 404, _HEADERS)
        wish, before = await _wish(request) if request.method == "POST" else "", subscription
        if wish:
            granted = await _grant(register, subscription, wish, datetime.now(UTC))
            subscription = granted or subscription
        left = subscription.left_with | (before.others - subscription.others)
        shown = _shown(register.settings, subscription, left)
        language = spoken(shown.language, register.settings.words)
        phrases = words(language, register.settings.words)
        page = leave_page(register.settings.site, shown, phrases, language)
        return HTMLResponse(page, headers=_HEADERS)

    return [Route("/u/{token}", answer, methods=["GET", "HEAD", "POST"])]


async def _grant(
    register: Register, subscription: Subscription, wish: str, now: datetime
) -> Subscription | None:
    """Do what was asked for; whatever else there is, the digest of the link is left at once."""
    where = (register.settings, register.places, register.store)
    if wish == LEAVE:
        return await register.roster.leave(subscription.id, now)
    if wish == LEAVE_ALL:
        await register.roster.leave(subscription.id, now)
        await leave(*where, subscription.address, (), now)
    else:
        await take_back(*where, subscription, now)
    return await register.roster.subscription(subscription.id)


def _shown(settings: Settings, subscription: Subscription, left: frozenset[str]) -> Shown:
    """Return what the page says; `left` are the digests that were left with that of the link."""
    specs = {spec.name: spec for spec in settings.digests}
    spec = specs.get(subscription.digest)
    own = spec.language if spec else ""
    gone = subscription.left_at is not None
    with_it = [one.title for name, one in specs.items() if gone and name in left]
    return Shown(
        reader=subscription.address,
        language=subscription.language or own or settings.site.language,
        digests=(spec.title if spec else subscription.digest, *with_it),
        others=tuple(one.title for name, one in specs.items() if name in subscription.others),
        gone=gone,
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
        return LEAVE
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
