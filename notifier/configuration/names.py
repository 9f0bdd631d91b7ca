"""The addresses that feeds had: earlier names, and names that are gone for good.

An old name answers with the new one, a gone name with a farewell, so no name can be two things:
a feed, an old name and gone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from feeds import FeedSpec
from notifier.configuration.problems import Report, Spot
from notifier.configuration.scalars import old_name
from notifier.configuration.sections import Sections
from notifier.configuration.validation import check_value

_FEED, _OLD, _GONE = "a feed", "an old name", "gone"


def gone(
    sections: Sections, environ: Mapping[str, str], specs: tuple[FeedSpec, ...], report: Report
) -> tuple[str, ...]:
    """Return the names that are gone; every name that is two things at once is refused."""
    found = []
    taken = {name: (_FEED, item.key()) for name, item in sections.feeds.items()}
    for name, spot in _old(sections, specs):
        _take(name, _OLD, spot, taken, report)
    for item in sections.lists["gone"]:
        name = check_value(old_name, item, environ, report) or ""
        if name and _take(name, _GONE, item.at(), taken, report):
            found.append(name)
    return tuple(found)


def _old(sections: Sections, specs: tuple[FeedSpec, ...]) -> Iterator[tuple[str, Spot]]:
    for spec in specs:
        for number, name in enumerate(spec.was):
            yield name, sections.feeds[spec.name].at("was", number)


def _take(
    name: str, role: str, spot: Spot, taken: dict[str, tuple[str, Spot]], report: Report
) -> bool:
    """Note that `name` is `role`; False, and the report knows, if it is something already."""
    was, first = taken.setdefault(name, (role, spot))
    if first is not spot:
        report.error(spot, f"`{name}` is {was} already, in {first}")
    return first is spot
