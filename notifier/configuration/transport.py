"""The addresses of things outside: where mail goes, under which names, and where the store is.

Pure. Refuses passwords in addresses of mail servers, and never quotes an address: it may hold one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import parse_qsl, unquote

from notifier.configuration.problems import closest
from notifier.configuration.scalars import text, wrong
from notifier.delivery.addresses import is_selector, wire_address
from notifier.errors import InvalidMessage

_HOST = re.compile(
    r"\[(?P<ip>[0-9A-Fa-f:.]+)\]|[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9])?"
    r"(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9])?)*\Z"
)
_SCHEMES = {"maildir": 0, "smtp": 25, "smtps": 465, "lmtp": 24}
_SUBMISSION = 587  # RFC 6409: the port for mail with a login
_RATE = re.compile(r"(?P<count>[0-9]{1,9}) *(?:/|per) *(?P<unit>[a-z]+)\Z")
_SECONDS = {"s": 1, "second": 1, "m": 60, "min": 60, "minute": 60, "h": 3600, "hour": 3600}
_STORES = ("sqlite", "postgresql")
_EXAMPLE = "such as `maildir:../data/mail` or `smtp://user@mail.example.org:587`"
_STORE_EXAMPLE = "write `sqlite:///PATH` or `postgresql://USER@HOST/NAME`"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transport:
    """A way out: a Maildir with its `path` as written, or a mail server.

    `tls` is `starttls`, `implicit` or `none`. With `lmtp`, `host` may be the path of a socket.
    """

    path: str = ""
    host: str = ""
    port: int = 0
    username: str = ""
    tls: str = ""
    lmtp: bool = False


def transport(value: object) -> Transport:
    """Return what the address of a Maildir or mail server says.

    That is `maildir:PATH`, `smtp://[USER@]HOST[:PORT][?tls=none]`, `smtps://...`, `lmtp://HOST` or
    `lmtp:///SOCKET`.
    """
    scheme, colon, rest = text(value).strip().partition(":")
    if not colon or scheme not in _SCHEMES:
        meant = closest(scheme, tuple(_SCHEMES)) if colon else ""
        _refuse(f"did you mean `{meant}:`?" if meant else _EXAMPLE)
    if scheme == "maildir":
        return Transport(path=rest.strip()) if rest.strip() else _refuse(_EXAMPLE)
    if not rest.startswith("//"):
        _refuse(f"write `{scheme}://` before the host")
    return _nearby(rest[2:]) if scheme == "lmtp" else _server(scheme, rest[2:])


def rate(value: object) -> float:
    """Return the messages per second that `20/s`, `600/min` or `1000/hour` says."""
    match = _RATE.match(text(value).strip())
    seconds = _SECONDS.get(match["unit"]) if match else None
    if match is None or seconds is None or not int(match["count"]):
        hint = "such as `20/s`, `600/min` or `1000/hour`"
        wrong("expected a number of messages and a time", kind="a rate", hint=hint)
    return int(match["count"]) / seconds


def _nearby(rest: str) -> Transport:
    """Return the LMTP server at `rest`: without login and encryption, for it is on our network."""
    if rest.startswith("/"):
        return Transport(host=rest, tls="none", lmtp=True) if rest.strip("/") else _refuse(_EXAMPLE)
    if "@" in rest or "?" in rest:
        _refuse("LMTP has no login and no encryption here: write `lmtp://HOST:PORT`")
    host, port = _host_and_port(rest.rstrip("/"))
    return Transport(host=host, port=port or _SCHEMES["lmtp"], tls="none", lmtp=True)


def _server(scheme: str, rest: str) -> Transport:
    rest, _, query = rest.partition("?")
    login, at, place = rest.rstrip("/").rpartition("@")
    if ":" in login:
        hint = "take it out, and write `password: ${SMTP_PASSWORD}` below"
        wrong(
            "a password cannot stand in an address", kind="an address without a password", hint=hint
        )
    host, port = _host_and_port(place)
    loopback = host == "localhost" or host.startswith("127.") or host == "::1"
    usual = "none" if loopback and not login else "starttls"
    tls = "implicit" if scheme == "smtps" else _tls(query, usual)
    if tls == "none" and at:
        hint = "take `tls=none` out, or write `smtps://`"
        wrong("a login needs an encrypted connection", kind="an address with encryption", hint=hint)
    usual_port = _SUBMISSION if login and scheme == "smtp" else _SCHEMES[scheme]
    username = unquote(login)
    return Transport(host=host, port=port or usual_port, username=username, tls=tls)


def _host_and_port(place: str) -> tuple[str, int]:
    host, colon, port = place.rpartition(":")
    if not colon or place.endswith("]"):
        host, port = place, ""
    match = _HOST.fullmatch(host)
    if match is None:
        _refuse("the host is missing or cannot be one; " + _EXAMPLE)
    if port and not (port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65536):
        _refuse("a port is a number from 1 to 65535")
    return match["ip"] or host, int(port or 0)


def _tls(query: str, usual: str) -> str:
    options = dict(parse_qsl(query, keep_blank_values=True))
    chosen = options.pop("tls", usual)
    if options or chosen not in {"none", "starttls"}:
        _refuse("after `?` only `tls=starttls` and `tls=none` are known")
    return chosen


def store(value: object) -> str:
    """Return `value` if it is the address of a store."""
    found = text(value).strip()
    scheme, colon, rest = found.partition("://")
    known = scheme.partition("+")[0].replace("postgres", "postgresql", scheme == "postgres")
    path = rest.removeprefix("/")
    if not colon or known not in _STORES:
        wrong("this is not the address of a store", kind="a store", hint=_STORE_EXAMPLE)
    if known == "sqlite" and (not rest.startswith("/") or path in {"", ":memory:"}):
        hint = "three slashes and a path: `sqlite:///../data/paperround.db`"
        wrong("a SQLite store needs a file", kind="a store", hint=hint)
    if known == "postgresql" and not rest.rpartition("@")[2].strip("/"):
        wrong("this is not the address of a store", kind="a store", hint=_STORE_EXAMPLE)
    return found


def mail_domain(value: object) -> str:
    """Return the domain `value` of mail addresses as A-labels, in small letters."""
    found = text(value).strip().removesuffix(".").lower()
    try:
        return wire_address(f"x@{found}").removeprefix("x@")
    except InvalidMessage:
        hint = "it is written like `example.org`"
        wrong(f"`{found[:80]}` is not a domain", kind="a domain", hint=hint)


def selector(value: object) -> str:
    """Return `value` if DNS can have a DKIM key under it (RFC 6376, 3.1)."""
    found = text(value).strip()
    if not is_selector(found):
        hint = "letters, digits and hyphens, such as `p202611`"
        wrong(f"`{found[:60]}` is not a selector", kind="a selector", hint=hint)
    return found.lower()


def _refuse(hint: str) -> NoReturn:
    wrong("this is not a way out for mail", kind="a way out for mail", hint=hint)
