"""Asks what only the outside can tell: the store, the relays, and what DNS says of our mail.

Sends no mail, makes no table, changes nothing. What does not answer is a finding, never an error.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

from feeds.errors import NewerStore, StoreError
from feeds.kit.standing import standing
from feeds.store import HISTORY as FEEDS
from notifier.deliverability import dkim_record, dmarc, mx, spf
from notifier.deliverability.finding import About, Finding
from notifier.delivery.addresses import wire_address
from notifier.delivery.delivery import Answer, Phase
from notifier.delivery.dkim import dns_record, signers_of
from notifier.delivery.transport import open_transport
from notifier.dns import DnsUnreachable, Kind, Resolver
from notifier.errors import InvalidKey, InvalidMessage, TransportError
from notifier.settings import Maildir, MailSettings, Settings, SmtpRelay
from notifier.tables import HISTORY as NOTIFIER

_PATIENCE = 20.0  # seconds for a store or relay to answer
_FROM = ("mail", "from")
_BOUNCES = ("mail", "bounces")
_DKIM = ("mail", "dkim")
_ASK = "see whether this machine has a name server, or name one with --resolver"


async def probe(settings: Settings, resolver: Resolver) -> tuple[Finding, ...]:
    """Return what the store, each way out and DNS say to `settings`; asked all at once."""
    asked: list[Awaitable[tuple[Finding, ...]]] = [probe_store(settings)]
    if settings.mail is not None:
        asked += [probe_relays(settings.mail), probe_dns(settings.mail, resolver)]
    answers = await asyncio.gather(*asked)
    return tuple(finding for found in answers for finding in found)


async def probe_store(settings: Settings) -> tuple[Finding, ...]:
    """Return whether the store can be opened and is one that this program knows."""
    about = About("store", ("store",))
    advice = "see that the database runs, and that its name, user and rights are as `store` says"
    if settings.store.startswith("sqlite"):
        advice = "see that the folder is there, on a local disk, and that we may write in it"
    try:
        async with asyncio.timeout(_PATIENCE):
            found = await standing(settings.store, (FEEDS, NOTIFIER))
    except TimeoutError:
        return (about.wrong("the store does not answer", advice),)
    except NewerStore as error:
        message, _, advice = str(error).partition("; ")
        return (about.wrong(message, advice),)
    except StoreError as error:
        return (about.wrong(str(error), advice),)
    return (about.fine(f"{found.name}: {found.told}"),)


async def probe_relays(mail: MailSettings) -> tuple[Finding, ...]:
    """Return for each way out whether mail could leave through it now, the login tried."""
    ways = (mail.transport, *mail.fallbacks)
    return tuple(await asyncio.gather(*(_way(way, number) for number, way in enumerate(ways))))


async def probe_dns(mail: MailSettings, resolver: Resolver) -> tuple[Finding, ...]:
    """Return what DNS says of the domains we send from; nothing where no mail leaves by SMTP."""
    if isinstance(mail.transport, Maildir):
        return ()
    author = _domain(mail.from_address)
    bounces = mail.bounce_domain or _domain(mail.envelope_sender) or author
    signed = mail.dkim.domain if mail.dkim and mail.dkim.keys else ""
    if not author:
        return ()  # told without asking anybody
    sender = dmarc.Sender(author=author, envelope=bounces, signatures=signed)
    envelope = _FROM if bounces == author else _BOUNCES
    relay = mail.transport.host
    asked: list[Awaitable[Finding]] = [
        _asked(_spf(bounces, envelope, relay, resolver), About("spf", envelope)),
        *_keys(mail, resolver),
        _asked(_dmarc(sender, resolver), About("dmarc", _FROM)),
    ]
    for domain in dict.fromkeys((author, bounces)):
        setting = _FROM if domain == author else _BOUNCES
        asked.append(_asked(_mx(domain, setting, resolver), About("mx", setting)))
    return tuple(await asyncio.gather(*asked))


async def _asked(question: Awaitable[Finding], about: About) -> Finding:
    try:
        return await question
    except DnsUnreachable as error:
        return about.unknown(str(error), _ASK)


async def _spf(
    domain: str, setting: tuple[str | int, ...], relay: str, resolver: Resolver
) -> Finding:
    found = spf.records_of(await resolver.ask(domain, Kind.TXT))
    cost = await _cost(found[0], resolver) if len(found) == 1 else spf.Cost()
    return spf.judge(domain, found, cost, setting, relay)


async def _cost(record: str, resolver: Resolver) -> spf.Cost:
    """Follow `record` to all it includes, but not past what receivers do."""
    lookups, waiting = 0, [record]
    while waiting and lookups <= spf.LOOKUPS:
        said = spf.read(waiting.pop())
        lookups += said.lookups
        for other in said.others[: spf.LOOKUPS]:
            found = spf.records_of(await resolver.ask(other, Kind.TXT))
            if len(found) != 1:
                return spf.Cost(lookups, other)
            waiting.append(found[0])
    return spf.Cost(lookups)


def _keys(mail: MailSettings, resolver: Resolver) -> list[Awaitable[Finding]]:
    asked: list[Awaitable[Finding]] = []
    try:
        signers = signers_of(mail.dkim)
    except InvalidKey:
        return []  # told without asking anybody
    for number, signer in enumerate(signers):
        setting = (*_DKIM, "also", "selector") if number else (*_DKIM, "selector")
        name = f"{signer.selector}._domainkey.{signer.domain}"
        wanted = dns_record(signer.key)
        asked.append(_asked(_key(name, wanted, setting, resolver), About("dkim", setting)))
    return asked


async def _key(
    name: str, wanted: str, setting: tuple[str | int, ...], resolver: Resolver
) -> Finding:
    return dkim_record.judge(name, await resolver.ask(name, Kind.TXT), wanted, setting)


async def _dmarc(sender: dmarc.Sender, resolver: Resolver) -> Finding:
    for name in dmarc.names(sender.author):
        found = dmarc.records_of(await resolver.ask(name, Kind.TXT))
        if found:
            return dmarc.judge(sender, found, _FROM)
    return dmarc.judge(sender, (), _FROM)


async def _mx(domain: str, setting: tuple[str | int, ...], resolver: Resolver) -> Finding:
    hosts = await resolver.ask(domain, Kind.MX)
    addresses: tuple[str, ...] = ()
    if not hosts:  # then mail goes to the domain itself (RFC 5321, 5.1)
        addresses = await resolver.ask(domain, Kind.A) or await resolver.ask(domain, Kind.AAAA)
    return mx.judge(domain, hosts, addresses, setting)


async def _way(way: SmtpRelay | Maildir, number: int) -> Finding:
    about = About("relay", ("mail", "transport", number))
    if isinstance(way, Maildir):
        return await _maildir(way, about)
    name = _name(way)
    try:
        async with asyncio.timeout(_PATIENCE):
            answer = await open_transport(way).check()
    except TimeoutError:
        return about.wrong(f"{name} does not answer", "see host and port, and firewalls between")
    except TransportError as error:
        return about.wrong(f"{name}: {error}", "mend the setting")
    if answer is None:
        login = " and lets us in" if way.username else ""
        return about.fine(f"{name} answers{login}")
    return about.wrong(*_refused(name, answer))


async def _maildir(way: Maildir, about: About) -> Finding:
    if await open_transport(way).check() is None:
        return about.fine(f"messages can be put into {way.path}")
    return about.wrong(
        f"{way.path} cannot be written", "let the user that the service runs as write there"
    )


def _refused(name: str, answer: Answer) -> tuple[str, str]:
    """Return what `answer` means in our words, and what to do."""
    said = f"{answer.code} {answer.text}" if answer.code is not None else ""
    if answer.phase is Phase.LOGIN and said:
        return f"{name} refuses the login: {said}", "see the login in the address, and `password`"
    if said:
        return f"{name} refuses us: {said}", "ask whoever runs it what it wants of us"
    if "certificate" in answer.text:
        return f"{name}: {answer.text}", "see the host's name; an authority of your own: `ca_file`"
    if "[SSL" in answer.text or answer.text.startswith("the relay offers"):
        what = "it speaks no TLS there" if "[SSL" in answer.text else answer.text
        return f"{name}: {what}", "see the port: 587 has STARTTLS, 465 is for `smtps://`"
    return f"{name} cannot be reached", "see host and port, and firewalls between"


def _name(relay: SmtpRelay) -> str:
    return f"{relay.host}:{relay.port}" if relay.port else relay.host


def _domain(address: str) -> str:
    """Return the domain of `address` in small letters; empty if there is none for mail."""
    try:
        return wire_address(address).rpartition("@")[2].lower()
    except InvalidMessage:
        return ""
