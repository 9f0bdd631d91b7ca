"""A message in pieces, bytes and slots in turn, and the form in which it is stored.

Refuses to read what it has not written.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from notifier.errors import InvalidMessage

_MAGIC = b"paperround message 1\n"


class Place(enum.StrEnum):
    """Where a slot stands, which decides how its value is written."""

    TEXT = "t"
    HTML = "h"
    SUBJECT = "s"
    TO = "r"
    MESSAGE_ID = "i"
    UNSUBSCRIBE = "u"
    SIGNATURE = "d"


@dataclass(frozen=True, slots=True)
class Slot:
    """A gap in the frozen bytes; `name` is a slot's name, for a subject its whole template.

    For signatures it is the time of signing (Unix), and the selectors, with spaces between.
    """

    place: Place
    name: str = ""


@dataclass(frozen=True, slots=True)
class Frozen:
    """A message in pieces: bytes with CRLF line ends, and slots between them."""

    parts: tuple[bytes | Slot, ...]

    def to_bytes(self) -> bytes:
        """Return the pieces for storage: each as its kind, its length in octets, and itself."""
        stored = [_MAGIC]
        for part in self.parts:
            kind, raw = ("b", part) if isinstance(part, bytes) else (part.place, part.name.encode())
            stored.append(b"%s%d:%s" % (kind.encode(), len(raw), raw))
        return b"".join(stored)

    @classmethod
    def from_bytes(cls, stored: bytes) -> Frozen:
        """Return what `to_bytes` stored; InvalidMessage when it is anything else."""
        if not stored.startswith(_MAGIC):
            raise InvalidMessage("not a stored message")
        parts: list[bytes | Slot] = []
        at = len(_MAGIC)
        try:
            while at < len(stored):
                kind, colon = chr(stored[at]), stored.index(b":", at, at + 20)
                at = colon + 1 + int(stored[at + 1 : colon])
                raw = stored[colon + 1 : at]
                parts.append(raw if kind == "b" else Slot(Place(kind), raw.decode()))
        except ValueError as damaged:
            raise InvalidMessage("a stored message is damaged") from damaged
        if at != len(stored):
            raise InvalidMessage("a stored message is cut off")
        return cls(tuple(parts))
