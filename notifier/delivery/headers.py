"""Header fields as bytes: encoded, quoted and folded by us (RFC 5322, RFC 2047).

Refuses line breaks and other control characters in any value, and whatever would need an
encoded word where none may stand.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator

from notifier.delivery.addresses import wire_address
from notifier.errors import InvalidMessage

_LINE = 78
_MAX_LINE = 998
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_FIELD_NAME = re.compile(r"[A-Za-z0-9-]{1,60}")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
# 39 octets make an encoded word of 64, which fits behind any of our field names in 76 columns.
_WORD_OCTETS = 39


def one_line(value: str) -> str:
    """Return `value` with runs of white space as one space; InvalidMessage on a control."""
    found = _CONTROL.search(value)
    if found:
        raise InvalidMessage(f"control character U+{ord(found[0]):04X} in a header")
    return " ".join(value.split())


def unstructured(name: str, value: str) -> bytes:
    """Return the field `name` with free text: as it is when it can be, else in encoded words."""
    text = one_line(value)
    if _plain(text):
        return _folded(name, text.split(" "))
    return _folded(name, list(_encoded_words(text)))


def structured(name: str, value: str) -> bytes:
    """Return the field `name` with `value` on one line, ASCII only: List- fields, tokens."""
    text = one_line(value)
    line = f"{name}: {text}"
    if not text.isascii() or not _FIELD_NAME.fullmatch(name) or len(line) > _MAX_LINE:
        raise InvalidMessage(f"cannot stand in a header: {line[:100]!r}")
    return line.encode("ascii") + b"\r\n"


def mailbox(name: str, display: str, address: str) -> bytes:
    """Return the field `name` with one mailbox (RFC 5322, 3.4); `display` may be empty.

    A local part that is not ASCII stands there in UTF-8 (RFC 6532).
    """
    addr_spec = wire_address(address)
    if _ATOMS.fullmatch(display) and "=?" not in display:  # most names, in one step
        line = f"{name}: {display} <{addr_spec}>\r\n"
        if len(line) <= _LINE:
            return line.encode("utf-8")
    if not (text := one_line(display)):
        return _folded(name, [addr_spec])
    return _folded(name, [*_phrase(text), f"<{addr_spec}>"])


def phrase(display: str) -> str:
    """Return `display` as an ASCII phrase, quoted where needed, or "" when it is not ASCII."""
    text = one_line(display)
    if not text.isascii() or not text:
        return ""
    return " ".join(_phrase(text)) if _plain(text) else ""


def _phrase(text: str) -> list[str]:
    if not _plain(text):
        return list(_encoded_words(text))
    if not _ATOMS.fullmatch(text):
        text = '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return text.split(" ")


def _plain(text: str) -> bool:
    return text.isascii() and "=?" not in text and all(len(word) <= 70 for word in text.split(" "))


def _encoded_words(text: str) -> Iterator[str]:
    """Cut between characters: each encoded word must stand by itself (RFC 2047, 5)."""
    word = b""
    for character in text:
        octets = character.encode("utf-8")
        if len(word) + len(octets) > _WORD_OCTETS:
            yield _encoded_word(word)
            word = b""
        word += octets
    yield _encoded_word(word)


def _encoded_word(octets: bytes) -> str:
    return f"=?utf-8?B?{base64.b64encode(octets).decode('ascii')}?="


def _folded(name: str, words: list[str]) -> bytes:
    lines, line = [], f"{name}:"
    for word in words:
        limit = 76 if word.startswith("=?") else _LINE
        if len(line) + 1 + len(word) > limit and line != f"{name}:":
            lines.append(line)
            line = ""
        line += f" {word}"
    lines.append(line.rstrip())
    if any(len(folded.encode("utf-8")) > _MAX_LINE for folded in lines):
        raise InvalidMessage(f"a line of {name} is too long")
    return "\r\n".join(lines).encode("utf-8") + b"\r\n"
