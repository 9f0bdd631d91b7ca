"""Which ids of others may be published as they came. Pure; standard library only.

An id must be an absolute URI (RFC 4287, 4.2.6) that is compared letter by letter, so it must be
written in the one canonical way (RFC 3986, 6.2.2 and 6.2.3). Refuses whatever is not certain: an
IRI beyond ASCII, an unknown scheme, a default port, a percent sign that hides a plain letter.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import SplitResult, unquote_to_bytes, urlsplit

LIMIT = 2000  # characters of an id

_URI = re.compile(r"[a-z][a-z0-9+.-]*:[a-zA-Z0-9;/?:@&=+$.\-_!~*'()%,#]+\Z")
_TAG = re.compile(  # RFC 4151
    r"tag:(?:[a-z0-9._-]+@)?[a-z0-9.-]+,\d{4}(?:-\d{2}(?:-\d{2})?)?:[^#]*(?:#[^#]*)?\Z"
)
_URN = re.compile(  # RFC 8141, of which validators know what RFC 2141 had
    r"urn:[a-zA-Z0-9][a-zA-Z0-9-]{1,31}:(?:[a-zA-Z0-9()+,.:=@;$_!*'-]|%[0-9A-F]{2})+\Z"
)
_UUID = re.compile(r"urn:uuid:[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")
_HOST = re.compile(
    r"(?:[a-z0-9_~!$&'()*+,;=.-]+@)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*(?::[1-9][0-9]*)?\Z"
)
_DEFAULT_PORT = {"http": ":80", "https": ":443", "ftp": ":21"}
_ESCAPE = re.compile("%(..?)?")
_UPPER_HEX = re.compile(r"[0-9A-F]{2}\Z")
_UNRESERVED = re.compile(rb"[A-Za-z0-9._~-]")


def is_identifier(text: str) -> bool:
    """Tell whether `text` is a canonical absolute URI, which every reader compares alike."""
    if len(text) > LIMIT or not _URI.match(text) or not _escaped_canonically(text):
        return False
    scheme = text.partition(":")[0]
    if scheme == "tag":
        return bool(_TAG.match(text))
    if scheme == "urn":
        pattern = _UUID if text[4:9].lower() == "uuid:" else _URN
        return bool(pattern.match(text))
    return scheme in _DEFAULT_PORT and _names_a_place(text)


def _names_a_place(url: str) -> bool:
    try:
        parts: SplitResult = urlsplit(url)
    except ValueError:
        return False
    host = parts.netloc
    plain = bool(_HOST.match(host)) and not host.endswith(_DEFAULT_PORT[parts.scheme])
    dotted = {".", ".."} & set(parts.path.split("/"))
    return plain and parts.path.startswith("/") and not dotted and url.count("#") <= 1


def _escaped_canonically(text: str) -> bool:
    """Tell whether every `%` begins an octet in upper case that could not stand there itself."""
    escapes = [match[1] or "" for match in _ESCAPE.finditer(text)]
    if not escapes:
        return True
    if not all(_UPPER_HEX.match(pair) and pair != "25" for pair in escapes):
        return False
    if any(_UNRESERVED.match(bytes.fromhex(pair)) for pair in escapes):
        return False
    try:
        said = unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        return False
    return unicodedata.is_normalized("NFC", said)
