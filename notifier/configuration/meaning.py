"""What is right by itself but can hardly be meant, seen over several sections: warnings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta

from feeds import Site
from notifier.configuration.problems import Report, Spot
from notifier.configuration.readers import Readers
from notifier.configuration.sections import Sections
from notifier.digest.spec import SUBSCRIBER_ZONE, DigestSpec
from notifier.schedule.language import Schedule
from notifier.settings import MailSettings, SmtpRelay

_LEAST = timedelta(minutes=1)  # between two slots of any schedule


def check_leaving(
    site: Site | None,
    digests: Iterable[DigestSpec],
    mail: MailSettings | None,
    sections: Sections,
    report: Report,
) -> None:
    """Warn where mail goes out to readers who could not leave with one click (RFC 8058, 3.1)."""
    leaves = mail is not None and isinstance(mail.transport, SmtpRelay) and any(digests)
    if site is None or not leaves or site.url.startswith("https:"):
        return
    message = "nobody can leave with one click, for the address to do so is not https"
    hint = "large providers want that of bulk mail: serve the site by https, and write it here"
    report.warning(sections.single["site"].at("url"), message, hint)


def check_site(site: Site | None, sections: Sections, report: Report) -> None:
    """Warn of an address that is an IPv6 literal: validators of feeds take no link to one."""
    if site is not None and "[" in site.url:
        message = "feeds with links to an IPv6 address are not valid for every feed validator"
        hint = "give the machine a name, and write that"
        report.warning(sections.single["site"].at("url"), message, hint)


def check_watch(
    watch: timedelta,
    digests: Iterable[DigestSpec],
    readers: Readers,
    sections: Sections,
    report: Report,
) -> None:
    """Warn of schedules that come round more often than anybody looks for articles."""
    if watch <= _LEAST:
        return
    own = ((spec.schedule, _place(spec, sections), spec.hold) for spec in digests)
    for schedule, spot, hold in (*own, *_chosen(readers)):
        if max(schedule.shortest_wait, hold if schedule.at_once else _LEAST) < watch:
            message = f"`{schedule.canonical}` is more often than articles are looked for"
            hint = "make `watch` shorter, or this less frequent"
            report.warning(spot, message, hint)


def check_zones(digests: Iterable[DigestSpec], readers: Readers, report: Report) -> None:
    """Warn, once, of readers whose zone does nothing, for all they get goes by a zone of its own.

    Not of a reader of a digest that is not known: it may go by anything.
    """
    fixed = {spec.name for spec in digests if spec.timezone != SUBSCRIBER_ZONE}
    idle = [
        item
        for reader, item in readers.placed()
        if reader.timezone and reader.digests and reader.digests.keys() <= fixed
    ]
    if idle:
        others = f", nor that of {len(idle) - 1} more" if len(idle) > 1 else ""
        message = f"this reader's `timezone` changes nothing{others}"
        hint = "only a digest with `timezone: subscriber` goes by it: none that they get has that"
        report.warning(idle[0].key("timezone"), message, hint)


def _place(spec: DigestSpec, sections: Sections) -> Spot:
    return sections.digests[spec.name].at("schedule")


def _chosen(readers: Readers) -> Iterator[tuple[Schedule, Spot, timedelta]]:
    for reader, item in readers.placed():
        for digest, choice in reader.digests.items():
            if choice.schedule is not None:
                spot = item.at("digests", digest, "schedule")
                yield choice.schedule, spot, timedelta(0)
