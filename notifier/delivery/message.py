"""An edition's MIME bytes, frozen once, with slots that are filled for each reader.

The words are encoded, folded and hashed when they are frozen; filling only puts a reader's
values between the frozen pieces, so it costs microseconds and two fillings of one delivery are
the same bytes. Refuses control characters in headers, values that are missing, and links that
could not stand in a header.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import html as markup
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from email.utils import format_datetime

from notifier.delivery import headers
from notifier.delivery.addresses import ascii_domain
from notifier.delivery.frozen import Frozen, Place, Slot
from notifier.delivery.quoted_printable import SOFT_BREAK, encode
from notifier.digest.placeholder import CLOSING, OPENING, SLOTS
from notifier.errors import InvalidMessage

_TOKEN = re.compile(f"{OPENING}({'|'.join(SLOTS)}){CLOSING}")  # any other mark is literal text
_LANGUAGE = re.compile(r"[A-Za-z0-9]{1,8}(-[A-Za-z0-9]{1,8})*")
_LINK = re.compile(r"https?://[!#-;=?-~]+", re.ASCII)
_MESSAGE_ID = re.compile(r"<[^\s<>@]{1,200}@[^\s<>@]{1,255}>", re.ASCII)
_LIST_ID = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+")


def freeze(  # noqa: PLR0913 - one keyword for each thing that becomes a header or a part
    *,
    subject: str,
    html: str,
    text: str,
    from_name: str,
    from_address: str,
    date: datetime,
    reply_to: str = "",
    language: str = "",
    list_id: str = "",
    list_name: str = "",
    extra: Mapping[str, str] | None = None,
) -> Frozen:
    """Return the message as multipart/alternative (RFC 2046, 5.1.4), the text before the HTML.

    `subject`, `html` and `text` may hold slot tokens. `date` is aware; `list_id` a dotted name
    (RFC 2919; A-labels are made of it), `list_name` its title, left out when it is not ASCII.
    `extra` are further fields, in ASCII. InvalidMessage says what cannot be written.
    """
    if date.tzinfo is None:
        raise InvalidMessage("the date of a message needs a zone")
    parts: list[bytes | Slot] = [headers.mailbox("From", from_name, from_address)]
    if reply_to:
        parts.append(headers.mailbox("Reply-To", "", reply_to))
    parts += [Slot(Place.TO), _subject(subject)]
    parts += [headers.structured("Date", format_datetime(date)), Slot(Place.MESSAGE_ID)]
    parts += [b"MIME-Version: 1.0\r\n", *_list_id(list_id, list_name), Slot(Place.UNSUBSCRIBE)]
    parts += [*_language(language), _AUTOMATIC, *_extra(extra or {})]
    return Frozen(
        _joined([*parts, *_alternative(_body(text, Place.TEXT), _body(html, Place.HTML))])
    )


def fill(
    frozen: Frozen,
    values: Mapping[str, str],
    *,
    recipient: str,
    recipient_name: str,
    message_id: str,
) -> bytes:
    """Return the finished message for one reader; the same arguments give the same bytes.

    `values` has one for every slot the words use (see `SLOTS`); `unsubscribe_url` becomes
    List-Unsubscribe too, with one click (RFC 8058) when it is https. `message_id` has its angle
    brackets. InvalidMessage when a value is missing or cannot stand where it should.
    """
    own = {
        Place.TO: headers.mailbox("To", recipient_name, recipient),
        Place.MESSAGE_ID: _message_id_field(message_id),
        Place.UNSUBSCRIBE: _unsubscribe(values.get("unsubscribe_url", "")),
    }
    return b"".join(
        part if isinstance(part, bytes) else own.get(part.place) or _filled(part, values)
        for part in frozen.parts
    )


def message_id(secret: bytes, issue: str, subscriber: str, domain: str) -> str:
    """Return the Message-ID of one delivery, in angle brackets: a keyed hash, always the same."""
    state = hmac.new(secret, b"message-id", hashlib.sha256)
    for part in (issue, subscriber):
        raw = part.encode("utf-8", "surrogatepass")
        state.update(b"%d:%s" % (len(raw), raw))
    local = base64.b32encode(state.digest()[:20]).decode("ascii").lower()
    return f"<{local}@{ascii_domain(domain)}>"


_AUTOMATIC = (
    b"Auto-Submitted: auto-generated\r\n"  # RFC 3834
    b"Precedence: bulk\r\n"
    b"X-Auto-Response-Suppress: All\r\n"
)


def _subject(template: str) -> bytes | Slot:
    if len(_TOKEN.split(template)) > 1:
        headers.one_line(template)
        return Slot(Place.SUBJECT, template)
    return headers.unstructured("Subject", template)


def _list_id(list_id: str, list_name: str) -> Iterable[bytes]:
    if not list_id:
        return ()
    identifier = ascii_domain(list_id)
    if not _LIST_ID.fullmatch(identifier):
        raise InvalidMessage(f"not a List-Id: {list_id[:100]!r}")
    return (headers.structured("List-Id", f"{headers.phrase(list_name)} <{identifier}>"),)


def _language(language: str) -> Iterable[bytes]:
    if not language:
        return ()
    if not _LANGUAGE.fullmatch(language):
        raise InvalidMessage(f"not a language: {language[:100]!r}")
    return (headers.structured("Content-Language", language),)


def _extra(fields: Mapping[str, str]) -> Iterable[bytes]:
    return [headers.structured(name, value) for name, value in fields.items()]


def _body(rendered: str, place: Place) -> list[bytes | Slot]:
    """Return the encoded body; each slot stands on a line of its own between soft breaks."""
    parts: list[bytes | Slot] = []
    at_line_start = True
    for index, piece in enumerate(_TOKEN.split(rendered)):
        if index % 2:
            parts += [] if at_line_start else [SOFT_BREAK]
            parts += [Slot(place, piece), SOFT_BREAK]
            at_line_start = True
        elif piece:
            parts.append(encode(piece))
            at_line_start = piece.endswith(("\n", "\r"))
    if parts and parts[-1] == SOFT_BREAK:
        parts.pop()
    return parts


def _alternative(text: list[bytes | Slot], html: list[bytes | Slot]) -> list[bytes | Slot]:
    """Return the multipart; "=_" in the boundary never occurs in quoted-printable text."""
    digest = hashlib.sha256(Frozen((*text, b"\n", *html)).to_bytes()).hexdigest()[:32]
    boundary = b"=_" + digest.encode("ascii")
    kind = b"Content-Type: text/%s; charset=utf-8\r\n"
    coding = b"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    start = b"--" + boundary + b"\r\n"
    return [
        b'Content-Type: multipart/alternative;\r\n boundary="' + boundary + b'"\r\n\r\n',
        *(start + kind % b"plain" + coding, *text, b"\r\n"),
        *(start + kind % b"html" + coding, *html, b"\r\n"),
        b"--" + boundary + b"--\r\n",
    ]


def _joined(parts: Iterable[bytes | Slot]) -> tuple[bytes | Slot, ...]:
    joined: list[bytes | Slot] = []
    for part in parts:
        last = joined[-1] if joined else None
        if isinstance(part, bytes) and isinstance(last, bytes):
            joined[-1] = last + part
        else:
            joined.append(part)
    return tuple(joined)


def _filled(slot: Slot, values: Mapping[str, str]) -> bytes:
    match slot.place:
        case Place.TEXT:
            return encode(_value(slot.name, values))
        case Place.HTML:
            return encode(markup.escape(_value(slot.name, values)))
        case Place.SUBJECT:
            pieces = _TOKEN.split(slot.name)
            pieces[1::2] = [_value(name, values) for name in pieces[1::2]]
            return headers.unstructured("Subject", "".join(pieces))
        case _:
            return b""


def _value(name: str, values: Mapping[str, str]) -> str:
    try:
        return values[name]
    except KeyError:
        raise InvalidMessage(f"no value for the slot {name}") from None


def _message_id_field(identifier: str) -> bytes:
    if not _MESSAGE_ID.fullmatch(identifier):
        raise InvalidMessage(f"not a Message-ID: {identifier[:100]!r}")
    return headers.structured("Message-ID", identifier)


def _unsubscribe(url: str) -> bytes:
    if not url:
        return b""
    if not _LINK.fullmatch(url):
        raise InvalidMessage(f"not a link for List-Unsubscribe: {url[:100]!r}")
    field = headers.structured("List-Unsubscribe", f"<{url}>")
    if not url.startswith("https:"):
        return field
    return field + b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
