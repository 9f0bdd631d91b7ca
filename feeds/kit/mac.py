"""HMAC-SHA256 (RFC 2104) of short texts under a few keys, thousands of times a second.

What depends on the key alone is hashed once. The same bytes as `hmac.digest`, which sets up a
context of OpenSSL and lets go of the interpreter each time.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hashlib import _Hash

_BLOCK = 64
_INNER = bytes(octet ^ 0x36 for octet in range(256))
_OUTER = bytes(octet ^ 0x5C for octet in range(256))


def mac(key: bytes, message: bytes) -> bytes:
    """Return the HMAC-SHA256 of `message`, 32 octets."""
    for_inner, for_outer = _states(key)
    inner, outer = for_inner.copy(), for_outer.copy()
    inner.update(message)
    outer.update(inner.digest())
    return outer.digest()


@lru_cache(maxsize=8)
def _states(key: bytes) -> tuple[_Hash, _Hash]:
    short = hashlib.sha256(key).digest() if len(key) > _BLOCK else key
    block = short.ljust(_BLOCK, b"\0")
    return hashlib.sha256(block.translate(_INNER)), hashlib.sha256(block.translate(_OUTER))
