"""How messages leave: the section `mail`.

Refuses keys that cannot sign; what is said of a key never quotes it.
"""

from __future__ import annotations

from collections.abc import Mapping

from notifier.configuration.models import DkimSection, MailSection
from notifier.configuration.problems import Report, Spot
from notifier.configuration.relays import check_ways, ways
from notifier.configuration.sections import Sections
from notifier.configuration.validation import Part, check
from notifier.delivery.addresses import wire_address
from notifier.errors import InvalidKey, InvalidMessage
from notifier.settings import SHORTEST_KEPT, Dkim, DkimKey, DkimProfile, MailSettings


def mail(sections: Sections, environ: Mapping[str, str], report: Report) -> MailSettings | None:
    """Return how messages leave; None if nothing is said, or nothing of use."""
    item = sections.single.get("mail")
    part = check(MailSection, item, environ, report) if item else None
    if item is None or part is None:
        return None
    values = part.values
    _check(part, report)
    name, address = values.from_
    transport, fallbacks = ways(part)
    return MailSettings(
        from_address=address,
        from_name=name,
        reply_to=values.reply_to,
        envelope_sender=values.bounces.address,
        bounce_domain=values.bounces.domain,
        leave_by_mail=values.bounces.unsubscribe,
        dkim=_dkim(values.dkim),
        returns=item.file.relative(values.returns.maildir) if values.returns else None,
        in_doubt=values.in_doubt,
        lease=values.lease,
        keep_deliveries=values.keep_deliveries,
        hashed_suppressions=values.suppressions == "hashed",
        transport=transport,
        fallbacks=fallbacks,
    )


def _check(part: Part[MailSection], report: Report) -> None:
    values, item = part.values, part.item
    check_ways(part, report)
    bounces = values.bounces
    if bounces.address and bounces.domain:
        hint = "each message has an address of its own in the domain"
        report.error(item.at("bounces"), "`address` and `domain` exclude each other", hint)
    elif bounces.unsubscribe and not bounces.domain:
        hint = "mail to leave by comes to a domain of its own, as failures do"
        report.error(item.at("bounces", "unsubscribe"), "this needs a `domain`", hint)
    if values.keep_deliveries < SHORTEST_KEPT:
        hint = "for 31 days a bounce may come back, and readers ask what became of an issue"
        report.error(item.at("keep_deliveries"), "deliveries are kept for 31 days at least", hint)
    if values.dkim:
        _check_dkim(values.dkim, part, report)


def _check_dkim(said: DkimSection, part: Part[MailSection], report: Report) -> None:
    item, failed = part.item, part.expanded.failed
    if said.profile == DkimProfile.RELAY:
        return
    declared = item.value.get("dkim") if isinstance(item.value, dict) else None
    wrong = declared if isinstance(declared, dict) and not part.sound else {}
    for name in ("domain", "selector", "key"):
        if not (getattr(said, name) or wrong.get(name) or ("dkim", name) in failed):
            report.error(item.key("dkim", name), f"`{name}` is missing")
    for path in (("dkim", "key"), ("dkim", "also", "key")):
        pem = said.key if len(path) == 2 else said.also.key if said.also else ""
        if pem:
            _check_key(pem, item.at(*path), report)
    if said.also and said.also.selector == said.selector:
        report.error(item.at("dkim", "also", "selector"), "two keys cannot share a selector")
    try:
        sender = wire_address(part.values.from_[1]).rpartition("@")[2]
    except InvalidMessage:
        report.error(item.at("from"), "no mail can be sent from this domain")
        return
    if said.domain and not _aligned(said.domain, sender):
        message = f"`{said.domain}` is not the domain of `from`, so DMARC does not count signatures"
        report.warning(item.at("dkim", "domain"), message, f"write `{sender}`")


def _check_key(pem: str, spot: Spot, report: Report) -> None:
    from notifier.delivery.keys import (  # noqa: PLC0415 - slow to import, and few have a key
        Algorithm,
        read_key,
    )

    try:
        key = read_key(pem)
    except InvalidKey as error:
        hint = "`paperround init --dkim DOMAIN DIR` makes one"
        report.error(spot, f"this is not a key to sign with: {error}", hint)
        return
    if key.algorithm is Algorithm.RSA and key.bits < 2048:
        message = f"the key has {key.bits} bits, and large providers want 2048"
        report.warning(spot, message, "`paperround init --dkim DOMAIN DIR` makes one")


def _aligned(domain: str, sender: str) -> bool:
    """Tell whether one is the other or below it (RFC 7489, 3.1.1, without a list of suffixes)."""
    return domain == sender or domain.endswith(f".{sender}") or sender.endswith(f".{domain}")


def _dkim(said: DkimSection | None) -> Dkim | None:
    if said is None:
        return None
    keys = [DkimKey(selector=said.selector, key=said.key)] if said.key else []
    keys += [DkimKey(selector=said.also.selector, key=said.also.key)] if said.also else []
    return Dkim(domain=said.domain, keys=tuple(keys), profile=DkimProfile(said.profile))
