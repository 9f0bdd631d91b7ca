"""Mail addresses as they go over the wire and into headers.

Refuses what could not be written into an SMTP command or a header as it stands.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from notifier.errors import InvalidMessage
from notifier.subscriber import is_address


def wire_address(address: str) -> str:
    """Return `address` with its domain as A-labels (RFC 5890), fit for a command or a header.

    A local part in another script is left alone: it needs SMTPUTF8. InvalidMessage when
    `address` is none.
    """
    local, _, domain = address.rpartition("@")
    if not address.isprintable() or not is_address(address):
        raise InvalidMessage(f"not an address: {address[:100]!r}")
    return f"{local}@{ascii_domain(domain)}"


@lru_cache(maxsize=4096)
def ascii_domain(domain: str) -> str:
    """Return `domain` in ASCII: lower case, NFKC, punycode per label (RFC 3492, RFC 5891).

    The four letters of IDNA 2008 that the standard library's codec would replace are kept.
    InvalidMessage when a label is empty, longer than 63 octets, or holds a control.
    """
    labels = [_ascii_label(label) for label in domain.split(".")] if domain.isprintable() else []
    if not labels or not all(0 < len(label) <= 63 for label in labels):
        raise InvalidMessage(f"not a domain: {domain[:100]!r}")
    return ".".join(labels)


def needs_smtputf8(address: str) -> bool:
    """Tell whether `address` needs SMTPUTF8 (RFC 6531): its local part is not ASCII."""
    return not address.rpartition("@")[0].isascii()


def _ascii_label(label: str) -> str:
    if label.isascii():
        return label
    folded = unicodedata.normalize("NFKC", label.lower())
    if folded.isascii():
        return folded
    return "xn--" + folded.encode("punycode").decode("ascii")
