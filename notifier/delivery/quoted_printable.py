"""Quoted-printable (RFC 2045, 6.7) for text in UTF-8, in pieces that can be put together.

Every piece begins at the start of a line and ends with room for a soft line break, so pieces
may be joined by SOFT_BREAK. A line that starts with a dot or with "From " is encoded there, for
the relays and mailboxes that get those wrong. Refuses nothing: a lone surrogate becomes "?".
"""

from __future__ import annotations

import re
from collections.abc import Iterator

SOFT_BREAK = b"=\r\n"

_LIMIT = 75  # and one "=" more makes the standard's 76
_CODES = tuple(b"=%02X" % octet for octet in range(256))
_SPECIAL = re.compile(rb"[^ -<>-~]")
_PLAIN = re.compile(rb"(?!From )[!-\-/-<>-~](?:[ -<>-~]{0,73}[!-<>-~])?")


def encode(text: str) -> bytes:
    """Return `text` encoded; its line ends, of whatever kind, become CRLF."""
    raw = text.encode("utf-8", "replace")
    if _PLAIN.fullmatch(raw):
        return raw
    lines = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    return b"\r\n".join(_line(line) for line in lines)


def _line(raw: bytes) -> bytes:
    if _PLAIN.fullmatch(raw) or not raw:
        return raw
    coded = _SPECIAL.sub(_code, raw)
    if raw.startswith((b".", b"From ")):
        coded = b"=%02X" % raw[0] + coded[1:]
    if raw[-1] == 32:
        coded = coded[:-1] + b"=20"
    return SOFT_BREAK.join(_wrapped(coded)) if len(coded) > _LIMIT else coded


def _code(found: re.Match[bytes]) -> bytes:
    return _CODES[found[0][0]]


def _wrapped(coded: bytes) -> Iterator[bytes]:
    start = 0
    while len(coded) - start > _LIMIT:
        cut = start + _LIMIT
        if coded[cut - 1] == 61:  # never between "=" and its two digits
            cut -= 1
        elif coded[cut - 2] == 61:
            cut -= 2
        yield coded[start:cut]
        start = cut
    yield coded[start:]
