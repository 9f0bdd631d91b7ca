"""Keys for tests, made once per run, and the DNS in which their public halves stand."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from notifier.delivery.dkim import Signer, dns_record
from notifier.delivery.keys import Algorithm, make_key, read_key


@cache
def rsa_pem() -> str:
    return make_key(Algorithm.RSA)


@cache
def ed25519_pem() -> str:
    return make_key(Algorithm.ED25519)


@cache
def short_pem(bits: int = 1024) -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@cache
def a_signer(pem: str = "", selector: str = "s1", domain: str = "example.org") -> Signer:
    return Signer(domain, selector, read_key(pem or rsa_pem()))


def dns(*signers: Signer) -> Callable[..., bytes | None]:
    """What dkimpy asks: the record of each signer under its name."""
    records = {
        f"{each.selector}._domainkey.{each.domain}.".encode(): dns_record(each.key).encode()
        for each in signers
    }
    return lambda name, timeout=5: records.get(name)
