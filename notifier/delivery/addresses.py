"""Mail addresses as they go over the wire and into headers.

Refuses what could not be written into an SMTP command or a header as it stands.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from urllib.parse import quote

from notifier.errors import InvalidMessage
from notifier.subscriber import is_address

_URL = re.compile(r"https?://[!#-;=?-~]+")
_AUTHORITY = re.compile(r"(?P<scheme>https?://)(?P<host>[^/?#:@]+)(?P<port>(?::\d+)?)(?P<rest>.*)")
_LDH = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_RESERVED = "%/?#[]@!$&'()*+,;=:-._~"


@lru_cache(maxsize=512)
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


def ascii_url(url: str) -> str:
    """Return an http or https address as it may stand in a header: ASCII, without white space.

    Its host becomes A-labels, whatever else is not ASCII becomes percent codes (RFC 3987, 3.1);
    an ASCII one comes back as it is. InvalidMessage when it is none.
    """
    if not url.isascii() and url.isprintable():
        found = _AUTHORITY.fullmatch(url)
        if found:
            host = ascii_domain(found["host"])
            rest = quote(found["rest"], safe=_RESERVED)
            url = f"{found['scheme']}{host}{found['port']}{rest}"
    if not _URL.fullmatch(url):
        raise InvalidMessage(f"not a link that can stand in a header: {url[:100]!r}")
    return url


def is_selector(text: str) -> bool:
    """Tell whether DNS can have a DKIM key under the name `text` (RFC 6376, 3.1)."""
    return len(text) <= 100 and all(_LDH.fullmatch(label) for label in text.split("."))


def needs_smtputf8(address: str) -> bool:
    """Tell whether `address` needs SMTPUTF8 (RFC 6531): its local part is not ASCII."""
    return not address.isascii() and not address.rpartition("@")[0].isascii()


def _ascii_label(label: str) -> str:
    if label.isascii():
        return label
    folded = unicodedata.normalize("NFKC", label.lower())
    if folded.isascii():
        return folded
    return "xn--" + folded.encode("punycode").decode("ascii")
