"""The parts about the publication: site, store and sources."""

from __future__ import annotations

import re
from collections.abc import Mapping

from feeds import Site
from notifier.configuration.files import Item, is_folder
from notifier.configuration.models import SiteSection, SourceSection
from notifier.configuration.problems import Report
from notifier.configuration.scalars import is_name
from notifier.configuration.sections import Sections
from notifier.configuration.transport import store as store_address
from notifier.configuration.validation import check, check_value
from notifier.settings import FolderSource

_NOT_IN_NAMES = re.compile(r"[^a-z0-9._-]+")


def site(sections: Sections, environ: Mapping[str, str], report: Report) -> Site | None:
    """Return the publication; None if it is missing or of no use."""
    item = sections.single.get("site")
    part = check(SiteSection, item, environ, report) if item else None
    if part is None:
        return None
    values = part.values
    return Site(
        name=values.name,
        url=values.url,
        language=values.language or "en",
        timezone=values.timezone or "UTC",
        description=values.description,
    )


def store(sections: Sections, environ: Mapping[str, str], report: Report) -> str | None:
    """Return the address of the store, the path of a SQLite file absolute."""
    item = sections.single.get("store")
    found = check_value(store_address, item, environ, report) if item else None
    if item is None or found is None or not found.startswith("sqlite"):
        return found
    scheme, _, rest = found.partition(":///")
    path, mark, options = rest.partition("?")
    return f"{scheme}:///{item.file.relative(path)}{mark}{options}"


def sources(
    sections: Sections, environ: Mapping[str, str], timezone: str, report: Report
) -> tuple[FolderSource, ...]:
    """Return the sources; two of one name, given or derived from the folder, are refused."""
    found: dict[str, tuple[FolderSource, Item]] = {}
    for item in sections.lists["sources"]:
        part = check(SourceSection, item, environ, report)
        if part is None:
            continue
        source = _source(part.values, item, timezone)
        if not is_name(source.name):
            report.error(item.at("folder"), "this folder's name cannot be a name", "add `name:`")
        elif source.name in found:
            key = "name" if part.values.name else "folder"
            first = found[source.name][1].at(key)
            message = f"the source `{source.name}` stands here twice; the first is in {first}"
            hint = "give one of them another `name:`"
            report.error(item.at(key), message, hint)
        else:
            found[source.name] = source, item
        if not is_folder(source.folder):
            report.warning(item.at("folder"), "there is no such folder")
    return tuple(source for source, _ in found.values())


def _source(values: SourceSection, item: Item, timezone: str) -> FolderSource:
    folder = item.file.relative(values.folder)
    derived = _NOT_IN_NAMES.sub("-", folder.name.casefold()).strip("-._")
    return FolderSource(
        name=values.name or derived,
        folder=folder,
        language=values.language,
        timezone=values.timezone or timezone,
    )
