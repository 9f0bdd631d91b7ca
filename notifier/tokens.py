"""Unguessable names for readers: what a link in a message proves, without being stored anywhere.

Pure; standard library only. A token is an HMAC under the store's secret key; an old key stays
good for leaving, and for the pages that messages lead to.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from dataclasses import dataclass, field

LEAVE = "leave"  # the purpose of the tokens in unsubscribe links; names a subscription
FEED = "feed"  # that of the tokens of readers' own feeds; names a subscriber
PAGE = "page"  # that of the signatures in the addresses of pages; names what is on the page

_TOKEN = re.compile(r"([0-9]{1,9})-([0-9]{1,18})-([A-Za-z0-9_-]{27})\Z")
_SIGNED = re.compile(r"([a-z0-9]{1,64})-([0-9]{1,9})-([A-Za-z0-9_-]{27})\Z")
_MAC_BYTES = 20


@dataclass(frozen=True, slots=True)
class SecretKey:
    """A secret of the store, with the number by which tokens name it."""

    id: int
    secret: bytes = field(repr=False)

    def mac(self, *parts: str) -> bytes:
        """Return the HMAC-SHA256 of `parts`, unambiguous about where one ends."""
        text = "".join(f"{len(part)}:{part}" for part in parts)
        return hmac.new(self.secret, text.encode(), hashlib.sha256).digest()


@dataclass(frozen=True, slots=True)
class Claim:
    """What a token says before it is proven: the key it was made with, and whom it names."""

    key_id: int
    subject: int
    mac: str = field(repr=False)


def make_token(key: SecretKey, purpose: str, subject: int, generation: int) -> str:
    """Return the token for `subject`; another generation makes the earlier ones invalid."""
    return f"{key.id}-{subject}-{_mac(key, purpose, subject, generation)}"


def read_token(token: str) -> Claim | None:
    """Return what `token` claims; None for anything that never was a token."""
    match = _TOKEN.match(token)
    return Claim(int(match[1]), int(match[2]), match[3]) if match else None


def proves(claim: Claim, key: SecretKey, purpose: str, generation: int) -> bool:
    """Tell in constant time whether the claim holds."""
    expected = _mac(key, purpose, claim.subject, generation)
    return claim.key_id == key.id and hmac.compare_digest(expected, claim.mac)


def signed(key: SecretKey, purpose: str, name: str) -> str:
    """Return `name`, small letters and digits, with a signature that nobody else can make."""
    return f"{name}-{key.id}-{_written(key.mac(purpose, name))}"


def proven(text: str, keys: Iterable[SecretKey], purpose: str) -> str | None:
    """Return the name that one of `keys` has signed as `text`, told in constant time; else None."""
    match = _SIGNED.match(text)
    if match is None:
        return None
    name = match[1]
    return name if any(hmac.compare_digest(signed(k, purpose, name), text) for k in keys) else None


def _mac(key: SecretKey, purpose: str, subject: int, generation: int) -> str:
    return _written(key.mac(purpose, str(subject), str(generation)))


def _written(mac: bytes) -> str:
    return urlsafe_b64encode(mac[:_MAC_BYTES]).decode().rstrip("=")
