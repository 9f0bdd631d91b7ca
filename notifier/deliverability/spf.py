"""SPF records (RFC 7208): read, and judged as receivers will.

Whether the relay is among the senders is not judged: what it sends from is its own affair. What is
judged is what makes receivers give up on a record: two of them, mistakes in it, too many lookups.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from notifier.deliverability.finding import About, Finding

LOOKUPS = 10  # questions to DNS that one record may cost (RFC 7208, 4.6.4)

_TERM = re.compile(
    r"(?P<sign>[-+~?]?)(?P<name>all|include|a|mx|ptr|ip4|ip6|exists)"
    r"(?P<rest>(?::[^\s/]+)?(?:/\d{1,3})?(?://\d{1,3})?|:\S+)\Z",
    re.IGNORECASE,
)
_MODIFIER = re.compile(r"(?P<name>[A-Za-z][A-Za-z0-9_.-]*)=(?P<value>\S*)\Z")
_ASKING = frozenset({"include", "a", "mx", "ptr", "exists", "redirect"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SpfRecord:
    """What one record says: terms that cost a lookup, domains it goes on to, its sign for the rest.

    `rest` is the sign of `all`, or empty without it; `wrong` the first term that is none.
    """

    lookups: int
    others: tuple[str, ...] = ()
    rest: str = ""
    wrong: str = ""
    pointers: bool = False


@dataclass(frozen=True, slots=True)
class Cost:
    """What a record costs with all it includes; `broken` is a domain it goes on to in vain."""

    lookups: int = 0
    broken: str = ""


def records_of(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Return those of the TXT records at a domain that are SPF (RFC 7208, 4.5)."""
    return tuple(text for text in texts if re.match(r"v=spf1(?= |\Z)", text, re.IGNORECASE))


def read(record: str) -> SpfRecord:
    """Return what `record` says; a domain with a macro in it costs a lookup and leads nowhere."""
    lookups, others, rest, wrong, pointers, redirect = 0, [], "", "", False, ""
    for term in record.split()[1:]:
        match, modifier = _TERM.match(term), _MODIFIER.match(term)
        if match is not None:
            name, value = match["name"].lower(), match["rest"].removeprefix(":")
            lookups += name in _ASKING
            pointers = pointers or name == "ptr"
            if name == "include":
                others.append(value)
            elif name == "all":
                rest = match["sign"] or "+"
        elif modifier is not None:
            redirect = modifier["value"] if modifier["name"].lower() == "redirect" else redirect
        else:
            wrong = wrong or term
    if redirect and not rest:  # `all` outranks it (RFC 7208, 6.1)
        lookups += 1
        others.append(redirect)
    return SpfRecord(
        lookups=lookups,
        others=tuple(other for other in others if other and "%" not in other),
        rest=rest or ("redirect" if redirect else ""),
        wrong=wrong,
        pointers=pointers,
    )


def judge(
    domain: str, found: tuple[str, ...], cost: Cost, setting: tuple[str | int, ...], relay: str
) -> Finding:
    """Return what receivers make of the SPF records `found` at `domain`.

    `relay` is the host that mail leaves through, for the record that is advised.
    """

    about = About("spf", setting)
    wanted = f'publish a TXT record at {domain}: "v=spf1 {_term(relay)} -all"'
    provider = "; or what your mail provider tells you to include"
    if not found:
        message = f"{domain} has no SPF record, so nobody knows which servers may send for it"
        return about.wrong(message, wanted + provider)
    if len(found) > 1:
        message = f"{domain} has {len(found)} SPF records, and receivers ignore them all"
        return about.wrong(message, "put what they say into one record")
    return _judge(domain, read(found[0]), cost, about)


def _term(relay: str) -> str:
    """Return the term that lets `relay` send, with a gap where the world knows it by another name.

    A relay nearby, such as one on this machine, sends from an address that we cannot see.
    """
    try:
        address = ipaddress.ip_address(relay)
    except ValueError:
        named = relay.count(".") > 1 and "/" not in relay  # else of this network, or a socket
        return f"a:{relay}" if named else "ip4:…"
    return f"ip{address.version}:{address if address.is_global else '…'}"


def _judge(domain: str, said: SpfRecord, cost: Cost, about: About) -> Finding:
    the_record = f"the SPF record of {domain}"
    return (
        _useless(the_record, said, cost, about)
        or _lax(the_record, said, about)
        or about.fine(f"{domain} says in SPF which servers send for it")
    )


def _useless(the_record: str, said: SpfRecord, cost: Cost, about: About) -> Finding | None:
    if said.wrong:
        message = f"`{said.wrong[:60]}` in {the_record} is no term of SPF"
        return about.wrong(message, "receivers ignore the whole record: mend that term")
    if cost.broken:
        message = f"{the_record} goes on to {cost.broken}, which has none"
        return about.wrong(message, "receivers ignore the whole record: take that domain out")
    if cost.lookups > LOOKUPS:
        message = f"{the_record} costs more than {LOOKUPS} lookups"
        return about.wrong(message, "replace some `include`, `a` and `mx` by `ip4` and `ip6`")
    return None


def _lax(the_record: str, said: SpfRecord, about: About) -> Finding | None:
    if said.rest == "+":
        message = f"{the_record} lets the whole world send for it"
        return about.wrong(message, "end it with `-all` or `~all` instead of `+all`")
    if not said.rest or said.rest == "?":
        message = f"{the_record} says nothing of other servers"
        return about.doubtful(message, "end it with `-all` or `~all`")
    if said.pointers:
        message = f"{the_record} uses `ptr`, which many receivers pass over"
        return about.doubtful(message, "replace `ptr` by `a`, `ip4` or `ip6`")
    return None
