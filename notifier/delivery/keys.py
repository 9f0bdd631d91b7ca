"""Private keys that sign messages: read, made, and used; the door to `cryptography`.

Knows nothing of messages. Refuses keys that no receiver would accept, and never shows a key: not
in a repr, not in an error, not in what an error was raised from.
"""

from __future__ import annotations

import base64
import enum

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from notifier.errors import InvalidKey

_LEAST, _MOST = 1024, 4096  # bits of RSA that receivers must know (RFC 8301, 3.2)
_MADE = 2048
_HASHED = Prehashed(hashes.SHA256())
_PADDING = padding.PKCS1v15()


class Algorithm(enum.StrEnum):
    """The algorithms of DKIM that are in use (RFC 8301, 3.1; RFC 8463, 3)."""

    RSA = "rsa-sha256"
    ED25519 = "ed25519-sha256"


class SigningKey:
    """A private key that signs SHA-256 digests; may be used by several threads at once."""

    def __init__(self, private: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey) -> None:
        """Take a key that `read_key` has found good."""
        self._private = private
        self.algorithm = (
            Algorithm.RSA if isinstance(private, rsa.RSAPrivateKey) else Algorithm.ED25519
        )

    @property
    def bits(self) -> int:
        """The length of the modulus for RSA, of the key for Ed25519."""
        return self._private.key_size if isinstance(self._private, rsa.RSAPrivateKey) else 256

    @property
    def public(self) -> str:
        """The public key as DNS publishes it, in base64 (RFC 6376, 3.6.1; RFC 8463, 4.2)."""
        public = self._private.public_key()
        if isinstance(public, rsa.RSAPublicKey):
            raw = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        else:
            raw = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
        return base64.b64encode(raw).decode("ascii")

    def sign(self, digest: bytes) -> bytes:
        """Return the signature of `digest`, 32 octets; RSA by PKCS #1 v1.5 (RFC 8017, 8.2).

        The interpreter is free for other threads meanwhile. The same digest has the same signature.
        """
        if isinstance(self._private, rsa.RSAPrivateKey):
            return self._private.sign(digest, _PADDING, _HASHED)
        return self._private.sign(digest)


def read_key(pem: str) -> SigningKey:
    """Return the private key that stands in `pem` without a password; InvalidKey if none does."""
    if "PRIVATE KEY-----" not in pem:
        kind = "a public key or certificate" if "-----BEGIN" in pem else "no key in PEM"
        raise InvalidKey(f"it is {kind}, and a private key is needed")
    try:
        private = load_pem_private_key(pem.encode("utf-8", "replace"), password=None)
    except TypeError:
        raise InvalidKey("it is locked by a password, which nobody could type in") from None
    except (ValueError, UnsupportedAlgorithm):
        raise InvalidKey("it cannot be read, so it is damaged or of an unknown kind") from None
    if isinstance(private, rsa.RSAPrivateKey):
        if not _LEAST <= private.key_size <= _MOST:
            raise InvalidKey(f"it has {private.key_size} bits, and receivers take 1024 to 4096")
    elif not isinstance(private, ed25519.Ed25519PrivateKey):
        raise InvalidKey("it is neither RSA nor Ed25519")
    return SigningKey(private)


def make_key(algorithm: Algorithm) -> str:
    """Return a new private key in PEM (PKCS #8, without a password); RSA has 2048 bits."""
    private: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
    if algorithm is Algorithm.RSA:
        private = rsa.generate_private_key(public_exponent=65537, key_size=_MADE)
    else:
        private = ed25519.Ed25519PrivateKey.generate()
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")
