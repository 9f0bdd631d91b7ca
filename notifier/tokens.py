"""Unguessable names for readers: what a link in a message proves, without being stored anywhere.

Pure. A token is an HMAC under the store's secret key; an old key stays
good for leaving, and for the pages that messages lead to. In addresses of mail a token has small
letters, digits and hyphens only, for servers on the way may change the case of a local part.
"""

from __future__ import annotations

import hmac
import re
from base64 import b32encode
from binascii import b2a_base64
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from feeds.kit.mac import mac

LEAVE = "leave"  # the purpose of the tokens in unsubscribe links; names a subscription
FEED = "feed"  # that of the tokens of readers' own feeds; names a subscriber
PAGE = "page"  # that of the signatures in the addresses of pages; names what is on the page
BOUNCED = "b"  # in an envelope sender: names an issue and a subscriber (VERP)
SUPPRESSED = "suppressed"  # that of the hashes of addresses that must not be written to
UNSUBSCRIBED = "u"  # where mail means leaving: names a subscription

_TOKEN = re.compile(r"([0-9]{1,9})-([0-9]{1,18})-([A-Za-z0-9_-]{27})\Z")
_SIGNED = re.compile(r"([a-z0-9]{1,64})-([0-9]{1,9})-([A-Za-z0-9_-]{27})\Z")
_LOCAL_PART = re.compile(
    r"([bu])-([0-9a-z]{1,6})((?:-[0-9a-z]{1,12}){1,2})-([0-9a-f]{24}|[a-z2-7]{24})\Z"
)
_MAC_BYTES = 20
_IDENTITY, _ENVELOPE = 32, 56  # where the digits for the one end, and those for the other
_MAIL_MAC_BYTES = 15  # a local part has 64 octets at most (RFC 5321, 4.5.3.1.1); ours has 59
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_PAIRS = [first + second for first in _DIGITS for second in _DIGITS]
_PAIR = len(_PAIRS)


@dataclass(frozen=True, slots=True)
class SecretKey:
    """A secret of the store, with the number by which tokens name it."""

    id: int
    secret: bytes = field(repr=False)

    def mac(self, *parts: str) -> bytes:
        """Return the HMAC-SHA256 of `parts`, unambiguous about where one ends."""
        text = ""
        for part in parts:
            text += f"{len(part)}:{part}"
        return mac(self.secret, text.encode())


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


def veiled(key: SecretKey, address_key: str) -> str:
    """Return what is kept instead of an address: it can be made again, and is no address itself."""
    return f"#{key.id}-{_written(key.mac(SUPPRESSED, address_key))}"


@dataclass(frozen=True, slots=True)
class Returned:
    """What the local part of an address says before it is proven: for what, and of whom."""

    purpose: str
    key_id: int
    numbers: tuple[int, ...]
    mac: str = field(repr=False)


def local_part(key: SecretKey, purpose: str, *numbers: int, generation: int = 0) -> str:
    """Return the local part that names one or two `numbers`, below 36 to the power of 12.

    Another generation, which the address does not show, makes the earlier ones invalid.
    """
    named = "-".join(map(_base36, numbers))
    made = _mail_mac(key, purpose, numbers, generation)
    return f"{purpose}-{_base36(key.id)}-{named}-{made}"


def identity(secret: bytes, issue: str, subscriber: str) -> str:
    """Return the name of a delivery in its Message-ID, 32 hexadecimal digits."""
    return _delivery_mac(secret, issue, subscriber)[:_IDENTITY]


def names_of(key: SecretKey, issue: int, subscriber: int) -> tuple[str, str]:
    """Return the `identity` of a delivery, and the `local_part` for BOUNCED: both by one HMAC."""
    made = _delivery_mac(key.secret, str(issue), str(subscriber))
    local = f"{_before(key.id, issue)}-{_base36(subscriber)}-{made[_IDENTITY:_ENVELOPE]}"
    return made[:_IDENTITY], local


@lru_cache(maxsize=64)
def _before(key_id: int, issue: int) -> str:
    """Return what all local parts of an issue begin with."""
    return f"{BOUNCED}-{_base36(key_id)}-{_base36(issue)}"


def _delivery_mac(secret: bytes, issue: str, subscriber: str) -> str:
    """Return the HMAC of which some digits are in a Message-ID, and others in the envelope."""
    named = f"delivery{len(issue)}:{issue}{len(subscriber)}:{subscriber}"
    return mac(secret, named.encode("utf-8", "surrogatepass")).hex()


def read_local_part(text: str) -> Returned | None:
    """Return what the local part `text` claims, in whatever case; None for all others."""
    match = _LOCAL_PART.match(text.lower()) if text.isascii() else None
    if match is None:
        return None
    numbers = tuple(int(number, 36) for number in match[3][1:].split("-"))
    return Returned(match[1], int(match[2], 36), numbers, match[4])


def returns(claim: Returned, key: SecretKey, generation: int = 0) -> bool:
    """Tell in constant time whether `key` has made the address of the claim."""
    forms = [_mail_mac(key, claim.purpose, claim.numbers, generation)]
    if claim.purpose == BOUNCED:  # letters of earlier versions may still come back
        forms.append(_mail_mac_in_base32(key, claim.purpose, claim.numbers, generation))
    holds = any(hmac.compare_digest(form, claim.mac) for form in forms)
    return claim.key_id == key.id and holds


def _mail_mac(key: SecretKey, purpose: str, numbers: tuple[int, ...], generation: int) -> str:
    if purpose == BOUNCED and len(numbers) == 2 and not generation:
        made = _delivery_mac(key.secret, str(numbers[0]), str(numbers[1]))
        return made[_IDENTITY:_ENVELOPE]
    return _mail_mac_in_base32(key, purpose, numbers, generation)


def _mail_mac_in_base32(
    key: SecretKey, purpose: str, numbers: tuple[int, ...], generation: int
) -> str:
    made = key.mac("mail", purpose, *map(str, numbers), str(generation))
    return b32encode(made[:_MAIL_MAC_BYTES]).decode().lower()


def _base36(number: int) -> str:
    assert 0 <= number < 36**12, "the number of a row"
    digits = ""
    while number >= _PAIR:
        number, pair = divmod(number, _PAIR)
        digits = _PAIRS[pair] + digits
    first = _PAIRS[number] if number >= len(_DIGITS) else _DIGITS[number]
    return first + digits


def _mac(key: SecretKey, purpose: str, subject: int, generation: int) -> str:
    return _written(key.mac(purpose, str(subject), str(generation)))


def _written(made: bytes) -> str:
    return b2a_base64(made[:_MAC_BYTES], newline=False).translate(_URL_SAFE, b"=").decode()
