"""How feeds are pushed: our own hub (`websub`), or those of others (`hubs`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from feeds import WebSubSettings
from feeds.kit.destinations import Reach
from notifier.configuration import network
from notifier.configuration.models import WebSubSection
from notifier.configuration.problems import Report
from notifier.configuration.sections import Sections
from notifier.configuration.validation import Part, check, check_value


def websub(sections: Sections, environ: Mapping[str, str], report: Report) -> WebSubSettings:
    """Return how feeds are pushed; with hubs of others, our own is not offered."""
    hubs = [check_value(network.hub, item, environ, report) for item in sections.lists["hubs"]]
    others = tuple(dict.fromkeys(hub for hub in hubs if hub))
    item = sections.single.get("websub")
    if item is None or isinstance(item.value, bool):
        return WebSubSettings(hub=item is None or item.value is True, hubs=others)
    part = check(WebSubSection, item, environ, report)
    if part is None:
        return WebSubSettings(hubs=others)
    _check_leases(part, report)
    return replace(_own(part.values), hubs=others)


def _check_leases(part: Part[WebSubSection], report: Report) -> None:
    values, item = part.values, part.item
    if values.shortest_lease > values.longest_lease:
        message = "`shortest_lease` is longer than `longest_lease`"
        report.error(item.at("shortest_lease"), message)
    elif values.lease is not None and values.lease != _lease(values):
        message = "`lease` is not between `shortest_lease` and `longest_lease`"
        report.error(item.at("lease"), message)


def _lease(values: WebSubSection) -> timedelta:
    usual = timedelta(seconds=WebSubSettings().lease)
    return min(max(values.lease or usual, values.shortest_lease), values.longest_lease)


def _own(values: WebSubSection) -> WebSubSettings:
    return WebSubSettings(
        reach=Reach.allowing(values.allow),
        lease=int(_lease(values).total_seconds()),
        shortest_lease=int(values.shortest_lease.total_seconds()),
        longest_lease=int(values.longest_lease.total_seconds()),
        patience=values.timeout.total_seconds(),
        pushes=values.connections,
    )
