"""A message as bytes, taken apart within bounds: fields, human text, the parts of a report.

Pure; standard library only. Refuses nothing and raises nothing: what cannot be read, or is made to
be slow, is a message without parts. Keeps at most the first half megabyte.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from email import message_from_bytes, message_from_string
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message

MOST_OCTETS = 512 * 1024
_MOST_LINES = 20_000
_MOST_TYPES = 40  # each level of nesting needs a Content-Type of its own
_MOST_BLOCKS = 100
_MOST_ALIKE = 50  # fields of one name
_LONGEST_FIELD = 2000

_TYPES = re.compile(rb"content-type:", re.IGNORECASE)
_BLANK = re.compile(r"\n[ \t\r]*\n")
_STATUS = frozenset({"message/delivery-status", "message/global-delivery-status"})
_RETURNED = frozenset({"message/rfc822", "message/global"})
_HEADERS = frozenset({"text/rfc822-headers", "message/global-headers"})

Fields = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A message taken apart; names of fields are in small letters, values on one line.

    `text` is what people read of it, without returned messages; `blocks` those of a delivery
    status; `feedback` the fields of a feedback report; `returned` the header of a message that was
    sent back; `raw` everything as it came, and `decoded` the text of parts that were encoded.
    """

    fields: Fields = field(default_factory=dict)
    content_type: str = "text/plain"
    text: str = ""
    blocks: tuple[Fields, ...] = ()
    feedback: Fields | None = None
    returned: Fields = field(default_factory=dict)
    raw: str = ""
    decoded: str = ""

    def first(self, name: str) -> str:
        """Return the first field `name`, or nothing."""
        return first(self.fields, name)


def first(fields: Fields, name: str) -> str:
    """Return the first value of `name`, or nothing."""
    return fields.get(name, ("",))[0]


def parse(raw: bytes) -> Mail:
    """Return the message that `raw` holds, or its first half megabyte."""
    kept = _bounded(raw)
    text = kept.decode("latin-1")
    if len(_TYPES.findall(kept)) > _MOST_TYPES:
        return Mail(raw=text)
    try:
        return _taken_apart(message_from_bytes(kept), text)
    except (MessageError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return Mail(raw=text)  # what the parser of the standard library raises for hostile bytes


def digest_of(raw: bytes) -> str:
    """Return what two copies of a message share, whatever servers have written in front of them."""
    lines = raw.replace(b"\r\n", b"\n")
    head, _, body = lines.partition(b"\n\n")
    kept: list[bytes] = []
    keeping = False
    for line in head.split(b"\n"):
        if not line.startswith((b" ", b"\t")):
            keeping = line.partition(b":")[0].strip().lower() in _LASTING
        if keeping:
            kept.append(line)
    state = hashlib.sha256(b"\n".join(kept))
    state.update(b"\n\n" + body.rstrip(b"\n"))
    return state.hexdigest()[:40]


_LASTING = frozenset({b"from", b"to", b"date", b"subject", b"message-id", b"content-type"})


def _bounded(raw: bytes) -> bytes:
    lines = raw[:MOST_OCTETS].split(b"\n", _MOST_LINES)
    return b"\n".join(lines[:_MOST_LINES])


def _taken_apart(message: Message, raw: str) -> Mail:
    texts: list[str] = []
    decoded: list[str] = []
    blocks: list[Fields] = []
    feedback: Fields | None = None
    returned: dict[str, tuple[str, ...]] = {}
    for part in _leaves(message):
        kind = part.get_content_type()
        if kind in _STATUS:
            blocks += _blocks(part)
        elif kind == "message/feedback-report":
            feedback = next(iter(_blocks(part)), {})
        elif kind in _RETURNED:
            returned |= next((_fields(one) for one in _inner(part)), {})
        elif kind in _HEADERS:
            returned |= _fields(message_from_string(_text(part)))
        elif kind.startswith("text/"):
            text = _text(part)
            texts += [text] if kind == "text/plain" else []
            decoded += [text] if part["content-transfer-encoding"] else []
    return Mail(
        fields=_fields(message),
        content_type=message.get_content_type(),
        text="\n".join(texts),
        blocks=tuple(blocks[:_MOST_BLOCKS]),
        feedback=feedback,
        returned=returned,
        raw=raw,
        decoded="\n".join(decoded),
    )


def _leaves(message: Message) -> Iterator[Message]:
    """Yield the parts of a message, but none of those of a message within it."""
    payload = message.get_payload()
    if message.get_content_maintype() == "multipart" and isinstance(payload, list):
        for part in payload:
            if isinstance(part, Message):
                yield from _leaves(part)
    else:
        yield message


def _inner(part: Message) -> Iterator[Message]:
    payload = part.get_payload()
    if isinstance(payload, list):
        yield from (one for one in payload if isinstance(one, Message))


def _blocks(part: Message) -> list[Fields]:
    """Return the groups of fields in a part, parted by empty lines (RFC 3464, 2.1)."""
    payload = part.get_payload()
    rest = payload if isinstance(payload, str) else ""
    found = []
    for one in _inner(part):
        found.append(_fields(one))
        inside = one.get_payload()
        rest += inside if isinstance(inside, str) else ""
    pieces = _BLANK.split(rest, _MOST_BLOCKS)[:_MOST_BLOCKS]
    found += [_fields(message_from_string(piece.strip("\r\n"))) for piece in pieces]
    return [fields for fields in found if fields]


def _fields(message: Message) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for name, value in message.items():
        values = found.setdefault(name.strip().lower(), [])
        if len(values) < _MOST_ALIKE:
            values.append(_line(value))
    return {name: tuple(values) for name, values in found.items()}


def _line(value: object) -> str:
    text = str(value)[:_LONGEST_FIELD]
    with suppress(MessageError, ValueError, LookupError):  # then it stays as it stands
        text = str(make_header(decode_header(text))) if "=?" in text else text
    return " ".join(text.encode("utf-8", "replace").decode("utf-8").split())


def _text(part: Message) -> str:
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    try:
        return payload.decode(part.get_content_charset("utf-8"), "replace")
    except (LookupError, ValueError):
        return payload.decode("latin-1")
