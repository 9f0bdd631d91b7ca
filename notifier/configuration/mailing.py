"""How messages leave: the section `mail`."""

from __future__ import annotations

from collections.abc import Mapping

from notifier.configuration.files import Item
from notifier.configuration.models import MailSection
from notifier.configuration.problems import Report
from notifier.configuration.sections import Sections
from notifier.configuration.validation import Part, check
from notifier.settings import Maildir, MailSettings, SmtpRelay


def mail(sections: Sections, environ: Mapping[str, str], report: Report) -> MailSettings | None:
    """Return how messages leave; None if nothing is said, or nothing of use."""
    item = sections.single.get("mail")
    part = check(MailSection, item, environ, report) if item else None
    if item is None or part is None:
        return None
    values = part.values
    _check(part, report)
    name, address = values.from_
    return MailSettings(
        from_address=address,
        from_name=name,
        reply_to=values.reply_to,
        envelope_sender=values.bounces,
        in_doubt=values.in_doubt,
        transport=_transport(values, item),
    )


def _check(part: Part[MailSection], report: Report) -> None:
    values, item = part.values, part.item
    given = isinstance(item.value, dict) and "password" in item.value
    way = values.transport
    if way.username and not given:
        hint = "add `password: ${SMTP_PASSWORD}`"
        report.error(item.at("transport"), "the login has no `password`", hint)
    elif way.username and not values.password and ("password",) not in part.expanded.failed:
        report.error(item.at("password"), "the password is empty")
    elif given and not way.username and way.host:
        hint = "write it before the host: `smtp://user@mail.example.org:587`"
        report.error(item.at("password"), "a password needs a login in `transport`", hint)
    elif given and way.path:
        report.warning(item.at("password"), "a Maildir needs no password")
    if values.ca_file and not item.file.relative(values.ca_file).is_file():
        report.error(item.at("ca_file"), "there is no such file")


def _transport(values: MailSection, item: Item) -> SmtpRelay | Maildir:
    way = values.transport
    if way.path:
        return Maildir(path=item.file.relative(way.path))
    return SmtpRelay(
        host=way.host,
        port=way.port,
        tls=way.tls,
        username=way.username,
        password=values.password,
        connections=values.connections,
        timeout=values.timeout.total_seconds(),
        ca_file=str(item.file.relative(values.ca_file)) if values.ca_file else "",
    )
