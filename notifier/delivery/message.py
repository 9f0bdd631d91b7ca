"""An edition's MIME bytes, frozen once, with slots for what differs from reader to reader.

The words are encoded and folded when they are frozen, and the date of the message is that of its
signature too, so whatever is filled in later is the only difference between two readers. Refuses
control characters in headers, and links that could not stand in one.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from email.utils import format_datetime

from notifier.delivery import headers
from notifier.delivery.addresses import ascii_domain, ascii_url
from notifier.delivery.frozen import Frozen, Place, Slot
from notifier.delivery.quoted_printable import SOFT_BREAK, encode
from notifier.digest.placeholder import CLOSING, OPENING, SLOTS
from notifier.errors import InvalidMessage
from notifier.tokens import identity

SLOT = re.compile(f"{OPENING}({'|'.join(SLOTS)}){CLOSING}")  # any other mark is literal text

_LANGUAGE = re.compile(r"[A-Za-z0-9]{1,8}(-[A-Za-z0-9]{1,8})*")
_FEEDBACK_ID = re.compile(r"[!-~]{1,200}")
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
    list_archive: str = "",
    list_help: str = "",
    feedback_id: str = "",
    selectors: Sequence[str] = (),
    extra: Mapping[str, str] | None = None,
) -> Frozen:
    """Return the message as multipart/alternative (RFC 2046, 5.1.4), the text before the HTML.

    `subject`, `html` and `text` may hold slot tokens. `date` is aware; `list_id` a dotted name
    (RFC 2919; A-labels are made of it), `list_name` its title, left out when it is not ASCII.
    `list_archive` and `list_help` are addresses of pages (RFC 2369), `feedback_id` is what large
    providers count complaints by. `selectors` are those of the DKIM keys that sign what becomes of
    it, with `date` as the time of signing. `extra` are further fields, in ASCII, with names of
    their own. InvalidMessage says what cannot be written.
    """
    if date.tzinfo is None:
        raise InvalidMessage("the date of a message needs a zone")
    signature = Slot(Place.SIGNATURE, " ".join([str(int(date.timestamp())), *selectors]))
    parts: list[bytes | Slot] = [signature, headers.mailbox("From", from_name, from_address)]
    if reply_to:
        parts.append(headers.mailbox("Reply-To", "", reply_to))
    parts += [Slot(Place.TO), _subject(subject)]
    parts += [headers.structured("Date", format_datetime(date)), Slot(Place.MESSAGE_ID)]
    parts += [b"MIME-Version: 1.0\r\n", *_list_id(list_id, list_name), Slot(Place.UNSUBSCRIBE)]
    parts += [*_page("List-Archive", list_archive), *_page("List-Help", list_help)]
    parts += [*_feedback(feedback_id), *_language(language), _AUTOMATIC, *_extra(extra or {})]
    parts += _alternative(_body(text, Place.TEXT), _body(html, Place.HTML))
    return Frozen(_joined(parts))


def message_id(secret: bytes, issue: str, subscriber: str, domain: str) -> str:
    """Return the Message-ID of one delivery, in angle brackets: a keyed hash, always the same."""
    return in_brackets(identity(secret, issue, subscriber), domain)


def in_brackets(named: str, domain: str) -> str:
    """Return the Message-ID of a delivery of which the `identity` is known."""
    return f"<{named}@{ascii_domain(domain)}>"


# A field that occurs twice is a defect, and one of the two would be outside of the signature.
_OURS = frozenset(
    {
        *("from", "sender", "reply-to", "to", "cc", "bcc", "subject", "date", "message-id"),
        *("mime-version", "content-type", "content-transfer-encoding", "content-language"),
        *("auto-submitted", "precedence", "x-auto-response-suppress", "feedback-id"),
        *("dkim-signature", "received", "return-path"),
    }
)
_AUTOMATIC = (
    b"Auto-Submitted: auto-generated\r\n"  # RFC 3834
    b"Precedence: bulk\r\n"
    b"X-Auto-Response-Suppress: All\r\n"
)


def _subject(template: str) -> bytes | Slot:
    if len(SLOT.split(template)) > 1:
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


def _page(name: str, url: str) -> Iterable[bytes]:
    return (headers.structured(name, f"<{ascii_url(url)}>"),) if url else ()


def _feedback(identifier: str) -> Iterable[bytes]:
    if identifier and not _FEEDBACK_ID.fullmatch(identifier):
        raise InvalidMessage(f"not a Feedback-ID: {identifier[:100]!r}")
    return (headers.structured("Feedback-ID", identifier),) if identifier else ()


def _extra(fields: Mapping[str, str]) -> Iterable[bytes]:
    for name in fields:
        if name.lower() in _OURS or name.lower().startswith("list-"):
            raise InvalidMessage(f"the field {name[:60]} is ours")
    return [headers.structured(name, value) for name, value in fields.items()]


def _body(rendered: str, place: Place) -> list[bytes | Slot]:
    """Return the encoded body; each slot stands on a line of its own between soft breaks."""
    parts: list[bytes | Slot] = []
    at_line_start = True
    for index, piece in enumerate(SLOT.split(rendered)):
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
