"""The ways out for mail that the section `mail` names: one Maildir, or mail servers in order.

What a mail server has not of its own is what `mail` says for all of them.
"""

from __future__ import annotations

from notifier.configuration.files import is_file
from notifier.configuration.models import MailSection, WaySection
from notifier.configuration.problems import Report
from notifier.configuration.validation import Part
from notifier.settings import DkimProfile, Maildir, SmtpRelay


def check_ways(part: Part[MailSection], report: Report) -> None:
    """Tell what is wrong with the ways out of `part`, and with what they are given."""
    values, item = part.values, part.item
    ways = values.transport
    for number, way in enumerate(ways):
        _check_way(part, number, report)
        if way.address.path and len(ways) > 1:
            message = "a Maildir is the only way out where it is one"
            report.error(item.at("transport", number), message)
        if way.ca_file and not is_file(item.file.relative(way.ca_file)):
            report.error(item.at("transport", number, "ca_file"), "there is no such file")
    if values.ca_file and not is_file(item.file.relative(values.ca_file)):
        report.error(item.at("ca_file"), "there is no such file")
    given = isinstance(item.value, dict) and "password" in item.value
    if given and all(way.address.path for way in ways):
        report.warning(item.at("password"), "a Maildir needs no password")
    elif given and not any(way.address.username for way in ways):
        hint = "write it before the host: `smtp://user@mail.example.org:587`"
        report.error(item.at("password"), "a password needs a login in `transport`", hint)


def _check_way(part: Part[MailSection], number: int, report: Report) -> None:
    values, item, way = part.values, part.item, part.values.transport[number]
    own = way.password is not None
    path = ("transport", number, "password") if own else ("password",)
    given = own or (isinstance(item.value, dict) and "password" in item.value)
    password = way.password if own else values.password
    if way.address.username and not given:
        hint = "add `password: ${SMTP_PASSWORD}`"
        report.error(item.at("transport", number), "the login has no `password`", hint)
    elif way.address.username and not password and path not in part.expanded.failed:
        report.error(item.at(*path), "the password is empty")
    elif own and not way.address.username:
        hint = "write it before the host: `smtp://user@mail.example.org:587`"
        report.error(item.at(*path), "a password needs a login in `address`", hint)
    ours = way.signing not in {None, DkimProfile.RELAY}
    if ours and not (values.dkim and values.dkim.key):
        hint = "write `domain`, `selector` and `key` under `dkim`"
        spot = item.at("transport", number, "signing")
        report.error(spot, "there is no key to sign with", hint)


def ways(part: Part[MailSection]) -> tuple[SmtpRelay | Maildir, tuple[SmtpRelay, ...]]:
    """Return the first way out, and the mail servers to turn to when it does not work."""
    first, *others = (_way(way, part) for way in part.values.transport)
    return first, tuple(other for other in others if isinstance(other, SmtpRelay))


def _way(way: WaySection, part: Part[MailSection]) -> SmtpRelay | Maildir:
    values, address, file = part.values, way.address, part.item.file
    if address.path:
        return Maildir(path=file.relative(address.path))
    ca_file = way.ca_file or values.ca_file
    password = values.password if way.password is None else way.password
    return SmtpRelay(
        host=address.host,
        port=address.port,
        tls=address.tls,
        lmtp=address.lmtp,
        username=address.username,
        password=password if address.username else "",
        connections=way.connections or values.connections,
        messages_per_connection=way.messages_per_connection or values.messages_per_connection,
        rate=way.rate or values.rate,
        warm_up=way.warm_up or values.warm_up,
        timeout=(way.timeout or values.timeout).total_seconds(),
        ca_file=str(file.relative(ca_file)) if ca_file else "",
        signing=DkimProfile(way.signing) if way.signing else None,
    )
