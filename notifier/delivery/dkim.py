"""DKIM signatures (RFC 6376), relaxed/relaxed, made of parts that are hashed once.

A signature covers the fields that say who wrote, to whom, when and what, and every List- field;
those that a forger would add are signed once more than they occur (RFC 6376, 8.15). No `x=`: a
message may wait long at a relay. No `l=`: nobody may append. Refuses nothing: what the fields
hold was checked when they were written.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from notifier.settings import Dkim, DkimProfile

if TYPE_CHECKING:
    from notifier.delivery.keys import SigningKey

_OVERSIGNED = (b"From", b"To", b"Subject", b"Date", b"Message-ID", b"Reply-To", b"Content-Type")
_SIGNED = frozenset(
    {
        *(name.lower() for name in _OVERSIGNED),
        *(b"mime-version", b"content-language", b"auto-submitted", b"feedback-id"),
    }
)
_REWRITTEN = frozenset({b"date", b"message-id"})  # by relays that set their own
_RUN = re.compile(rb"[ \t]+")
_AT_END = re.compile(rb"[ \t]+(?=\r\n)")
_FIELD = re.compile(rb"[^:\r\n]+:[^\r\n]*\r\n(?:[ \t][^\r\n]*\r\n)*")
_LINE = 72


@dataclass(frozen=True, slots=True)
class Signer:
    """A key with the name under which DNS publishes its public half; `covers` no field in `bare`.

    `bare` has names of fields in small letters.
    """

    domain: str
    selector: str
    key: SigningKey = field(repr=False)
    bare: frozenset[bytes] = frozenset()

    def covers(self, name: bytes) -> bool:
        """Tell whether fields called `name`, in small letters, are signed."""
        return (name in _SIGNED or name.startswith(b"list-")) and name not in self.bare


def signers_of(settings: Dkim | None, profile: DkimProfile | None = None) -> tuple[Signer, ...]:
    """Return who signs what leaves through a relay: nobody where the relay does it.

    `profile` is that of the relay, where it has one of its own. InvalidKey when a key cannot be
    used.
    """
    profile = profile or (settings.profile if settings else DkimProfile.RELAY)
    if settings is None or profile is DkimProfile.RELAY:
        return ()
    from notifier.delivery.keys import read_key  # noqa: PLC0415 - slow to import, and few have a key

    bare = _REWRITTEN if profile is DkimProfile.REWRITTEN else frozenset[bytes]()
    return tuple(
        Signer(settings.domain, each.selector, read_key(each.key), bare) for each in settings.keys
    )


def signers_by_profile(settings: Dkim | None) -> dict[DkimProfile, tuple[Signer, ...]]:
    """Return who signs what leaves through relays of each profile. InvalidKey as above."""
    return {profile: signers_of(settings, profile) for profile in DkimProfile}


def chosen(signers: Sequence[Signer], selectors: Iterable[str]) -> tuple[Signer, ...]:
    """Return those of `signers` that have one of `selectors`, or all where none of them has."""
    named = frozenset(selectors)
    return tuple(each for each in signers if each.selector in named) or tuple(signers)


def relaxed_body(raw: bytes) -> bytes:
    """Return lines of a body in canonical form (RFC 6376, 3.4.4), whose last one is not empty.

    May be done piece by piece, where no piece ends within white space.
    """
    if b"  " in raw or b" \r" in raw or b"\t" in raw:
        return _RUN.sub(b" ", _AT_END.sub(b"", raw))
    return raw


def relaxed_field(raw: bytes) -> bytes:
    """Return one field, folded or not, in canonical form (RFC 6376, 3.4.2)."""
    name, _, value = raw.partition(b":")
    return b"%s:%s\r\n" % (name.strip().lower(), b" ".join(value.split()))


def fields_of(raw: bytes) -> list[bytes]:
    """Return the fields of which `raw` consists, as they are."""
    return _FIELD.findall(raw)


class Seal:
    """Signs messages that have some fields in common, which are hashed once.

    Knows nothing of one message that it would need for the next: threads may share it.
    """

    def __init__(self, signer: Signer, common: Sequence[bytes], time: int) -> None:
        """Take the fields that all messages have, from the top, and the time of signing (Unix)."""
        covered = [raw for raw in reversed(common) if signer.covers(_name(raw).lower())]
        self._signer = signer
        self._names = [_name(raw) for raw in covered]
        self._hash = hashlib.sha256(b"".join(map(relaxed_field, covered)))
        who = f"d={signer.domain}; s={signer.selector}; t={time}"
        start = f"DKIM-Signature: v=1; a={signer.key.algorithm}; c=relaxed/relaxed;\r\n {who};\r\n"
        self._start = start.encode("ascii")
        self._kept: dict[tuple[bytes, ...], tuple[bytes, bytes]] = {}

    def field(self, fields: Iterable[bytes], body: bytes) -> bytes:
        """Return DKIM-Signature for a message with these `fields` too, and this hash of its body.

        None of `fields` may have the name of another one, or of one that is common.
        """
        covered = [raw for raw in fields if self._signer.covers(_name(raw).lower())]
        start, canonical = self._started(tuple(map(_name, covered)))
        hashed = base64.b64encode(body)
        state = self._hash.copy()
        state.update(b"".join(map(relaxed_field, covered)))
        state.update(b"%s bh=%s; b=" % (canonical, hashed))
        made = base64.b64encode(self._signer.key.sign(state.digest()))
        lines = b"\r\n ".join(made[at : at + _LINE] for at in range(0, len(made), _LINE))
        return b"%s bh=%s;\r\n b=%s\r\n" % (start, hashed, lines)

    def _started(self, names: tuple[bytes, ...]) -> tuple[bytes, bytes]:
        """Return the field up to its `bh=`, as it is and in canonical form."""
        if names not in self._kept:
            bare = self._signer.bare
            once_more = [name for name in _OVERSIGNED if name.lower() not in bare]
            start = self._start + _listed([*self._names, *names, *once_more])
            self._kept[names] = (start, relaxed_field(start).removesuffix(b"\r\n"))
        return self._kept[names]


def _listed(names: Sequence[bytes]) -> bytes:
    lines, line = [], b" h="
    for number, name in enumerate(names, 1):
        step = name + (b";" if number == len(names) else b":")
        if len(line) + len(step) > _LINE:
            lines.append(line)
            line = b"  "
        line += step
    return b"\r\n".join([*lines, line]) + b"\r\n"


def _name(raw: bytes) -> bytes:
    return raw[: raw.index(b":")]


def dns_record(key: SigningKey) -> str:
    """Return the text that DNS publishes for a key (RFC 6376, 3.6.1)."""
    kind = key.algorithm.partition("-")[0]
    return f"v=DKIM1; k={kind}; p={key.public}"


def quoted_record(text: str) -> str:
    """Return `text` as a TXT record in a zone file: strings of 255 octets at most (RFC 1035)."""
    return " ".join(f'"{text[at : at + 255]}"' for at in range(0, len(text), 255))
