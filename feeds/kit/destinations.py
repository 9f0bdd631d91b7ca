"""Where our requests may go: which URLs, ports and addresses (against SSRF). Pure.

What a stranger names as an address must not lead into this machine or its network. A name says
nothing, so it is the addresses it resolves to that are judged: only globally routable unicast is
let through, by a closed list, and IPv4 inside IPv6 is judged as IPv4. An operator's allow-list
makes exceptions. Resolves nothing and connects to nothing: `kit.outgoing` does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

URL_LIMIT = 2_000  # characters
DEFAULT_PORTS = {"http": 80, "https": 443}
PORTS = frozenset({80, 443, *range(8000, 9000)})  # what web servers use, and nothing that mails

_ABSOLUTE = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<rest>.*)")
_RFC_3986 = re.compile(r"(?:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*")
_AUTHORITY = re.compile(
    r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?\.?)(?::(?P<port>\d{0,5}))?"
)

# The IANA registries of special-purpose addresses, and the cloud's one that is not in them.
_SPECIAL_IPV4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network; 0.0.0.0 reaches loopback
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT (RFC 6598), and a cloud's metadata
        "127.0.0.0/8",
        "168.63.129.16/32",  # a cloud's host agent
        "169.254.0.0/16",  # link-local (RFC 3927), and most clouds' metadata
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",  # documentation (RFC 5737), as are 198.51.100 and 203.0.113
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",  # relays of 6to4
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",  # benchmarks (RFC 2544)
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_SPECIAL_IPV6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments: Teredo, ORCHID, benchmarks
        "2001:db8::/32",  # documentation (RFC 3849)
        "2002::/16",  # 6to4
        "3ffe::/16",
        "3fff::/20",  # documentation (RFC 9637)
        "2620:4f:8000::/48",
    )
)
_MAPPED = IPv6Network("::ffff:0:0/96")
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: how IPv4 is reached from a network without it


@dataclass(frozen=True, slots=True)
class Target:
    """An absolute http or https URL in its parts; `host` is lower-case, IPv6 without brackets.

    `path` is what stands in the request line: path and query, at least `/`.
    """

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """The value of the Host header (RFC 9110, 7.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


class NotAllowed(Exception):
    """A destination that requests of ours do not go to; the message says why, and no secret."""


def target(url: str) -> Target:
    """Return the parts of `url`; raises NotAllowed unless it is one we would ever ask (RFC 3986).

    A fragment is refused, for it could not be sent, and so are a name and password.
    """
    if len(url) > URL_LIMIT:
        raise NotAllowed(f"the URL is longer than {URL_LIMIT} characters")
    found = _ABSOLUTE.fullmatch(url)
    if found is None or not _RFC_3986.fullmatch(url):
        raise NotAllowed("not an absolute URL in the characters of RFC 3986")
    scheme = found["scheme"].lower()
    if scheme not in DEFAULT_PORTS:
        raise NotAllowed("only http and https are spoken here")
    if "@" in found["authority"]:
        raise NotAllowed("a URL with a user name or password is not accepted")
    if "#" in found["rest"]:
        raise NotAllowed("a URL with a fragment is not accepted")
    place = _AUTHORITY.fullmatch(found["authority"])
    if place is None:
        raise NotAllowed("the host or port of the URL is not valid")
    port = int(place["port"] or DEFAULT_PORTS[scheme])
    if not 0 < port < 65536:
        raise NotAllowed("the port of the URL is not valid")
    path = found["rest"] if found["rest"].startswith("/") else f"/{found['rest']}"
    return Target(scheme, place["host"].strip("[]").lower(), port, path)


@dataclass(frozen=True, slots=True)
class Reach:
    """How far requests may go: everything public, and what an operator allows besides.

    A host that is allowed by name, or literally within an allowed network, may be asked on any
    port, and an allowed name may lead to any address.
    """

    hosts: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()

    @classmethod
    def allowing(cls, entries: Iterable[str]) -> Reach:
        """Return the reach with host names, addresses and networks (CIDR) as exceptions.

        Raises ValueError, naming the entry that is none of these.
        """
        hosts, networks = set(), []
        for entry in entries:
            text = entry.strip().strip("[]").lower().rstrip(".")
            try:
                networks.append(ip_network(text))
            except ValueError:
                if not re.fullmatch(r"(?=.*[a-z])[a-z0-9_-]+(\.[a-z0-9_-]+)*", text):
                    raise ValueError(
                        f"{entry!r} is neither a host name, nor an address, nor a network"
                    ) from None
                hosts.add(text)
        return cls(frozenset(hosts), tuple(networks))

    def check_target(self, wanted: Target) -> None:
        """Raise NotAllowed for what can be told without resolving: a port, a literal address."""
        literal = _literal(wanted.host)
        if literal is not None:
            self.check_address(wanted.host, literal)
        excepted = self._names(wanted.host) or (literal is not None and self._holds(literal))
        if wanted.port not in PORTS and not excepted:
            raise NotAllowed(f"port {wanted.port} is not one of the web: 80, 443 or 8000 to 8999")

    def check_address(self, host: str, address: Address) -> None:
        """Raise NotAllowed unless `address`, which `host` resolved to, may be connected to."""
        if not (self._names(host) or self._holds(address) or is_public(address)):
            raise NotAllowed(f"{host} leads to an address that is not public")

    def _names(self, host: str) -> bool:
        return host.rstrip(".") in self.hosts

    def _holds(self, address: Address) -> bool:
        plain = _plain(address)
        return any(plain.version == net.version and plain in net for net in self.networks)


def is_public(address: Address) -> bool:
    """Tell whether `address` is globally routable unicast that no special purpose claims."""
    plain = _plain(address)
    if isinstance(plain, IPv4Address):
        return not any(plain in network for network in _SPECIAL_IPV4)
    if plain.scope_id or plain not in _GLOBAL_UNICAST:
        return False
    return not any(plain in network for network in _SPECIAL_IPV6)


def _plain(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 one stands for, where a packet would end up there."""
    if isinstance(address, IPv6Address) and (address in _MAPPED or address in _NAT64):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None
