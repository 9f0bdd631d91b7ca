"""Addresses in articles: made absolute, or refused.

Refuses every scheme that is not named here (`javascript:`, `data:`, `file:` ...) and whatever is
relative to an unknown base.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote, urljoin, urlsplit

FOLLOWED = frozenset({"http", "https", "mailto", "tel"})
LOADED = frozenset({"http", "https"})

_SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*):")
# The URL Standard strips these before it looks for a scheme.
_EDGES = "".join(map(chr, range(0x21)))
_INSIDE = re.compile("[\t\n\r]")
_UNSAFE = re.compile(r"[\s\"<>\\^`{|}\x00-\x1f\x7f-\x9f]")
_BLANK = re.compile(r"[\s,]*+")
_WORD = re.compile(r"\S++")
_REST = re.compile(r"[^,]*+")
_DESCRIPTOR = re.compile(r"[0-9]{1,6}(\.[0-9]{1,3})?[wx]\Z")


def absolute(address: str, base: str, schemes: frozenset[str] = LOADED) -> str:
    """Return `address` absolute against `base` (an http address, or empty), else nothing.

    `schemes` are those that may be used; http and https need a host.
    """
    address = _INSIDE.sub("", address.strip(_EDGES))
    if not address:
        return ""
    scheme = _SCHEME.match(address)
    try:
        if not scheme:
            address = urljoin(base, address) if base else _with_scheme(address)
            scheme = _SCHEME.match(address)
        if not scheme or scheme[1].lower() not in schemes:
            return ""
        if scheme[1].lower() in LOADED and not urlsplit(address).hostname:
            return ""
    except ValueError:  # an address that is none, such as "http://["
        return ""
    return _UNSAFE.sub(lambda match: quote(match[0]), address)


def absolute_set(candidates: str, base: str) -> str:
    """Return the `srcset` with each address absolute; the candidates that are not go."""
    found = []
    for given, descriptor in _candidates(candidates):
        address = absolute(given, base)
        if address and (not descriptor or _DESCRIPTOR.match(descriptor)):
            found.append(f"{address} {descriptor}".rstrip())
    return ", ".join(found)


def first_of_set(candidates: str) -> str:
    """Return the address of the first candidate of a `srcset`, or nothing."""
    return next((address for address, _ in _candidates(candidates)), "")


def _candidates(text: str) -> Iterator[tuple[str, str]]:
    """Yield address and descriptor (HTML Standard, "parse a srcset attribute")."""
    at = 0
    while True:
        blank = _BLANK.match(text, at)
        word = _WORD.match(text, blank.end() if blank else at)
        if word is None:
            return
        at = word.end()
        address = word[0].rstrip(",")
        if address != word[0]:
            yield address, ""
            continue
        rest = _REST.match(text, at)
        descriptor = rest[0] if rest else ""
        at += len(descriptor)
        yield address, descriptor.strip()


def _with_scheme(address: str) -> str:
    """A scheme-relative address names its host: that much is known without a base."""
    return f"https:{address}" if address.startswith("//") else address
