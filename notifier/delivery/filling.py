"""A frozen message made ready for many readers: bytes, slot, bytes, and what is hashed of them.

What all readers share is encoded, put into canonical form and hashed once; for each reader their
own values are written, put between, and signed. Two fillings with the same arguments are the same
bytes. Refuses values that are missing, and whatever could not stand in a header.
"""

from __future__ import annotations

import hashlib
import html as markup
import re
from collections.abc import Mapping, Sequence

from notifier.delivery import headers
from notifier.delivery.addresses import ascii_url, wire_address
from notifier.delivery.dkim import Seal, Signer, chosen, fields_of, relaxed_body
from notifier.delivery.frozen import Frozen, Place, Slot
from notifier.delivery.message import SLOT
from notifier.delivery.quoted_printable import encode
from notifier.errors import InvalidMessage

_MESSAGE_ID = re.compile(r"<[!-;=?A-~]{1,200}@[!-;=?A-~]{1,255}>")
_MAX_LINE = 998  # octets, RFC 5322, 2.1.1
_MAILTO = re.compile(r"[A-Za-z0-9-]+@[A-Za-z0-9.-]+")
_ONE_CLICK = b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
# What stands for itself in text and in HTML: most names and links, found in one step.
_AS_IT_IS = re.compile(r"(?!From )[!#-%(-\-/-;?-~](?:[ !#-%(-;?-~]{0,73}[!#-%(-;?-~])?")
_Piece = bytes | Slot


class Prepared:
    """A frozen message with everything done that does not depend on the reader.

    Holds nothing of a reader afterwards: threads may fill the same one at once. It is `sound` where
    all that becomes of it may be sent as it is: CRLF at the end and nowhere a bare line end, no
    line that begins with a dot, ASCII but for the reader's address. What is filled in never breaks
    that (see `headers` and `encode`).
    """

    def __init__(self, frozen: Frozen, signers: Sequence[Signer] = ()) -> None:
        """Take a message, and those who may sign: the ones that it names, or else all."""
        head, start, body = _parted(frozen.parts)
        slots = [part for part in body if isinstance(part, Slot)]
        self._names = [*dict.fromkeys(slot.name for slot in slots)]
        numbers = {
            slot: 2 * self._names.index(slot.name) + (slot.place is Place.HTML) for slot in slots
        }
        self._whole = _Template([*head, start, *body], numbers)
        own = [(at, part) for at, part in enumerate(head) if isinstance(part, Slot)]
        self._own = [at for at, _ in own]
        self._to = [at for at, slot in own if slot.place is Place.TO]
        self._message_id = [at for at, slot in own if slot.place is Place.MESSAGE_ID]
        self._unsubscribe = [at for at, slot in own if slot.place is Place.UNSUBSCRIBE]
        self._subjects = [(at, SLOT.split(s.name)) for at, s in own if s.place is Place.SUBJECT]
        self._seals = _seals(head, signers)
        self._prefix = hashlib.sha256(relaxed_body(start))
        canonical = [part if isinstance(part, Slot) else relaxed_body(part) for part in body]
        self._hashed = _Template(canonical, numbers)
        self.sound = _sound([*head, start, *body])

    def fill(
        self,
        values: Mapping[str, str],
        *,
        recipient: str,
        recipient_name: str,
        message_id: str,
        leave_address: str = "",
    ) -> bytes:
        """Return the finished message for one reader, signed by all who sign.

        `values` has one for every slot the words use (see `SLOTS`); `unsubscribe_url` becomes
        List-Unsubscribe too, with one click (RFC 8058) when it is https; mail to `leave_address`
        does the same. `message_id` has its angle brackets. InvalidMessage when a value is missing
        or cannot stand where it should.
        """
        written = _written(self._names, values)
        parts = self._whole.filled(written)
        for at in self._to:
            parts[at] = headers.mailbox("To", recipient_name, recipient)
        for at in self._message_id:
            parts[at] = _message_id(message_id)
        for at in self._unsubscribe:
            parts[at] = _unsubscribe(values.get("unsubscribe_url", ""), leave_address)
        for at, template in self._subjects:
            parts[at] = _subject(template, values)
        if self._seals:
            own = [parts[at] for at in self._own]
            return self._signatures(own, written) + b"".join(parts)
        return b"".join(parts)

    def _signatures(self, own: Sequence[bytes], written: Sequence[bytes]) -> bytes:
        state = self._prefix.copy()
        canonical = [relaxed_body(value) for value in written]
        state.update(b"".join(self._hashed.filled(canonical)))
        body = state.digest()
        fields = [field for raw in own for field in fields_of(raw)]
        return b"".join([seal.field(fields, body) for seal in self._seals])


class _Template:
    """Bytes with places between them: those of `numbers` to be filled, the others left empty."""

    def __init__(self, parts: Sequence[_Piece], numbers: Mapping[Slot, int]) -> None:
        self._parts = [part if isinstance(part, bytes) else b"" for part in parts]
        self._places = [
            (at, numbers[part])
            for at, part in enumerate(parts)
            if isinstance(part, Slot) and part in numbers
        ]

    def filled(self, written: Sequence[bytes]) -> list[bytes]:
        """Return the bytes with those of `written` in their places."""
        parts = self._parts.copy()
        for at, number in self._places:
            parts[at] = written[number]
        return parts


def _parted(parts: Sequence[_Piece]) -> tuple[list[_Piece], bytes, list[_Piece]]:
    """Return what stands before the body, with the empty line; how the body begins; its rest."""
    head: list[_Piece] = []
    for number, part in enumerate(parts, 1):
        if isinstance(part, bytes):
            fields, empty, start = part.partition(b"\r\n\r\n")
            if empty:
                return [*head, fields + empty], start, list(parts[number:])
        head.append(part)
    raise InvalidMessage("a stored message has no body")


def _sound(parts: Sequence[_Piece]) -> bool:
    whole = b"\r\n" + b"".join(part if isinstance(part, bytes) else b"" for part in parts)
    ends = whole.count(b"\r\n")
    plain = whole.count(b"\r") == whole.count(b"\n") == ends and whole.isascii()
    return plain and b"\r\n." not in whole and whole.endswith(b"\r\n")


def _seals(head: Sequence[_Piece], signers: Sequence[Signer]) -> tuple[Seal, ...]:
    named = [part for part in head if isinstance(part, Slot) and part.place is Place.SIGNATURE]
    if not named:
        return ()
    time, *selectors = named[0].name.split(" ")
    common = [field for part in head if isinstance(part, bytes) for field in fields_of(part)]
    return tuple(Seal(each, common, int(time)) for each in chosen(signers, selectors))


def _written(names: Sequence[str], values: Mapping[str, str]) -> list[bytes]:
    """Return the value of each of `names` as it stands in text, and as it stands in HTML."""
    written: list[bytes] = []
    before: str | None = None
    for name in names:
        value = values[name] if name in values else _value(name, values)
        if value is before:  # two links are often one
            pass
        elif _AS_IT_IS.fullmatch(value):
            text = html = value.encode("ascii")
        else:
            text, html = encode(value), encode(markup.escape(value))
        before = value
        written += (text, html)
    return written


def _subject(template: Sequence[str], values: Mapping[str, str]) -> bytes:
    """Return the field; of `template` every second piece is the name of a value."""
    pieces = [*template]
    for at in range(1, len(pieces), 2):
        pieces[at] = _value(pieces[at], values)
    return headers.unstructured("Subject", "".join(pieces))


def _value(name: str, values: Mapping[str, str]) -> str:
    try:
        return values[name]
    except KeyError:
        raise InvalidMessage(f"no value for the slot {name}") from None


def _message_id(identifier: str) -> bytes:
    if not _MESSAGE_ID.fullmatch(identifier):
        raise InvalidMessage(f"not a Message-ID: {identifier[:100]!r}")
    return f"Message-ID: {identifier}\r\n".encode("ascii")


def _unsubscribe(url: str, address: str) -> bytes:
    """Return List-Unsubscribe (RFC 2369, 3.2) with the page first, folded before the address."""
    if not url and not address:
        return b""
    page = f"<{ascii_url(url)}>" if url else ""
    mail = f"<mailto:{_mailto(address)}>" if address else ""
    if len("List-Unsubscribe: ,") + max(len(page), len(mail)) > _MAX_LINE:
        raise InvalidMessage("a link is too long for a header")
    between = ",\r\n " if page and mail else ""
    field = f"List-Unsubscribe: {page}{between}{mail}\r\n".encode("ascii")
    return field + _ONE_CLICK if url.startswith("https:") else field


def _mailto(address: str) -> str:
    plain = wire_address(address)
    if not _MAILTO.fullmatch(plain):
        raise InvalidMessage("an address to leave by mail has letters, digits and hyphens only")
    return plain
