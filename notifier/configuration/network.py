"""Checks of addresses on the network, each in words of our own.

What we are known by, where we listen, whom we trust, and whom we tell. Pure.
"""

from __future__ import annotations

import re
from ipaddress import ip_interface, ip_network
from urllib.parse import urlsplit

from feeds.kit.destinations import NotAllowed, Reach, target
from notifier.configuration.scalars import text, wrong

SHORTEST_TOKEN = 16  # characters

_LISTEN = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^\s:]+):(?P<port>[0-9]{1,5})\Z")


def web_address(value: object) -> str:
    """Return `value` without its last slash if it is an http or https address without a query."""
    found = text(value).strip().rstrip("/")
    hint = "it is written like `https://news.example.org`"
    try:
        parts = urlsplit(found)
        whole = parts.scheme in {"http", "https"} and parts.hostname and not parts.username
        plain = not (parts.query or parts.fragment) and (parts.port is None or parts.port > 0)
    except ValueError:
        whole = plain = False
    if not (whole and plain) or not found.isprintable() or " " in found:
        wrong(f"`{found[:80]}` is not a web address", kind="a web address", hint=hint)
    return found


def hub(value: object) -> str:
    """Return `value` if it is the http or https address of something that can be asked."""
    found = text(value).strip()
    try:
        target(found)
    except NotAllowed as error:
        message = "this is not the address of a hub"  # not quoted: it may hold a password
        wrong(message, kind="the address of a hub", hint=str(error))
    return found


def listen(value: object) -> tuple[str, int]:
    """Return host and port of `host:port`."""
    match = _LISTEN.match(value) if isinstance(value, str) else None
    if match is None or int(match["port"]) > 65535:
        hint = "it is written like `127.0.0.1:8000`"
        wrong("expected a host and a port", kind="a host and a port", hint=hint)
    return match["host"].strip("[]"), int(match["port"])


def operators_token(value: object) -> str:
    """Return `value` if it is long enough to be guessed by nobody, and fits into a header."""
    found = text(value).strip()
    if len(found) < SHORTEST_TOKEN or not found.isascii() or not found.isprintable():
        message = "this token is too short, or has characters beyond ASCII"  # never quoted
        hint = f"at least {SHORTEST_TOKEN} letters and digits, as `openssl rand -hex 16` makes them"
        wrong(message, kind="a token", hint=hint)
    return found


def network(value: object) -> str:
    """Return `value` if it is an IP address, or a network such as `10.0.0.0/8`."""
    found = text(value).strip()
    try:
        ip_network(found)
    except ValueError:
        message = f"`{found[:60]}` is not an address or network"
        wrong(message, kind="an address or network", hint=_network_hint(found))
    return found


def _network_hint(found: str) -> str:
    try:
        return f"did you mean `{ip_interface(found).network}`?"
    except ValueError:
        return "it is written like `127.0.0.1` or `10.0.0.0/8`"


def destination(value: object) -> str:
    """Return `value` if it is a host name, an IP address or a network."""
    found = text(value).strip()
    try:
        Reach.allowing([found])
    except ValueError:
        message = f"`{found[:60]}` is not a host, address or network"
        hint = "it is written like `callbacks.example.org`, `127.0.0.1` or `10.0.0.0/8`"
        wrong(message, kind="a host, address or network", hint=hint)
    return found
