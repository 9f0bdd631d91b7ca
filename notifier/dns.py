"""Asks the name server; the door to dnspython.

Tells what is not there apart from what could not be asked. Knows nothing of mail.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Protocol

import dns.asyncresolver
import dns.exception
import dns.name
import dns.rdatatype
import dns.resolver

PORT = 53


class Kind(enum.StrEnum):
    """The kinds of records that are asked for."""

    TXT = "TXT"
    MX = "MX"
    A = "A"
    AAAA = "AAAA"


class DnsUnreachable(Exception):
    """No name server gave an answer, so nothing is known; says which name was asked for."""


class Resolver(Protocol):
    """Whoever can be asked for records."""

    async def ask(self, name: str, kind: Kind) -> tuple[str, ...]:
        """Return the records of `kind` at `name`, empty if there are none.

        TXT is one text, its strings joined (RFC 7208, 3.3); MX is the host, a lone `.` for none
        (RFC 7505); A and AAAA are addresses. DnsUnreachable when nobody knows.
        """


@dataclass(frozen=True, slots=True)
class NameServer:
    """A name server at an IP address, or those of this machine where `address` is empty.

    One question takes at most `patience` seconds with all its repetitions.
    """

    address: str = ""
    port: int = PORT
    patience: float = 5.0

    async def ask(self, name: str, kind: Kind) -> tuple[str, ...]:
        """Return what the name server says (see Resolver)."""
        try:
            answer = await self._resolver().resolve(
                dns.name.from_text(name), dns.rdatatype.from_text(kind), search=False
            )
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return ()
        except (dns.exception.DNSException, OSError, ValueError) as error:
            raise DnsUnreachable(f"no name server answered about {name}") from error
        return tuple(sorted(_told(record) for record in answer))

    def _resolver(self) -> dns.asyncresolver.Resolver:
        resolver = dns.asyncresolver.Resolver(configure=not self.address)
        if self.address:
            resolver.nameservers = [self.address]
            resolver.port = self.port
        resolver.lifetime = self.patience
        resolver.timeout = min(self.patience, 2.0)
        return resolver


def _told(record: object) -> str:
    strings = getattr(record, "strings", None)
    if strings is not None:
        return b"".join(strings).decode("utf-8", "replace")
    exchange = getattr(record, "exchange", None)
    return str(record if exchange is None else exchange.to_text(omit_final_dot=True))
