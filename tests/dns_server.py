"""A name server in this process, on loopback, that says what it is told and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from types import TracebackType

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from notifier.dns import NameServer

Zone = Mapping[tuple[str, str], Sequence[str]]


def txt(text: str) -> str:
    """A TXT record as a zone file has it: strings of at most 255 octets."""
    escaped = [text[at : at + 200] for at in range(0, len(text), 200)] or [""]
    return " ".join(f'"{part}"' for part in escaped)


class DnsServer(asyncio.DatagramProtocol):
    """Answers from `zone`: records by name and kind; `silent` names get no answer at all.

    `async with DnsServer({("example.org", "MX"): ["10 mail.example.org."]}) as server`; `asked`
    has every question that came.
    """

    def __init__(
        self, zone: Zone, *, silent: Sequence[str] = (), broken: Sequence[str] = ()
    ) -> None:
        self.zone = {(name.lower(), kind): tuple(found) for (name, kind), found in zone.items()}
        self.silent, self.broken = frozenset(silent), frozenset(broken)
        self.asked: list[tuple[str, str]] = []
        self._transport: asyncio.DatagramTransport | None = None

    async def __aenter__(self) -> DnsServer:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(
            lambda: self, local_addr=("127.0.0.1", 0)
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._transport is not None
        self._transport.close()

    @property
    def address(self) -> str:
        assert self._transport is not None
        host, port = self._transport.get_extra_info("sockname")
        return f"{host}:{port}"

    def resolver(self, patience: float = 5.0) -> NameServer:
        host, _, port = self.address.rpartition(":")
        return NameServer(host, int(port), patience)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        [question] = query.question
        name = question.name.to_text(omit_final_dot=True).lower()
        kind = dns.rdatatype.to_text(question.rdtype)
        self.asked.append((name, kind))
        if name in self.silent:
            return
        answer = dns.message.make_response(query, recursion_available=True)
        if name in self.broken:
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif found := self.zone.get((name, kind)):
            answer.answer.append(
                dns.rrset.from_text_list(question.name, 300, dns.rdataclass.IN, kind, found)
            )
        elif not any(known == name for known, _ in self.zone):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        assert self._transport is not None
        self._transport.sendto(answer.to_wire(max_size=65535), addr)
