"""Merges the files of a configuration into sections whose parts know where they stand.

Maps (`feeds`, `digests`) may be spread over files, lists (`sources`, `subscribers`) are joined in
file order, everything else stands once. Refuses unknown sections and two of one name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from notifier.configuration.files import Item, SourceFile
from notifier.configuration.problems import Report, did_you_mean
from notifier.configuration.version import VERSION

MAPS = ("feeds", "digests")
LISTS = ("sources", "subscribers", "gone", "hubs")
OF_TEXT = ("gone", "hubs")  # lists in which one value needs no brackets
SINGLE = (
    "site",
    "store",
    "web",
    "websub",
    "feeds_for_each",
    "subscribers_file",
    "mail",
    "watch",
    "grace",
)
KEYS = ("version", *SINGLE, *MAPS, *LISTS)


@dataclass(slots=True)
class Unread:
    """What nobody could read: files with broken grammar, of which the text is known, or no file.

    What is nowhere to be found may be in there, so it is not called missing without a look.
    """

    texts: list[str] = field(default_factory=list)
    lost: bool = False  # of some file there is not even a text

    def may_say(self, word: str) -> bool:
        """Tell whether `word` may be in what could not be read, as a word of its own."""
        alone = re.compile(rf"(?<![\w.-]){re.escape(word)}(?![\w.-])")
        return self.lost or any(alone.search(text) for text in self.texts)


@dataclass(slots=True)
class Sections:
    """The merged configuration, not yet checked: every part is an Item."""

    files: tuple[SourceFile, ...]
    single: dict[str, Item] = field(default_factory=dict)
    empty: dict[str, Item] = field(default_factory=dict)  # of those, what says nothing
    maps: dict[str, dict[str, Item]] = field(default_factory=lambda: {name: {} for name in MAPS})
    lists: dict[str, list[Item]] = field(default_factory=lambda: {name: [] for name in LISTS})
    unread: Unread = field(default_factory=Unread)
    outdated: bool = False  # they are of an older version, so nothing of them is understood

    @property
    def feeds(self) -> dict[str, Item]:
        """The declared feeds by name."""
        return self.maps["feeds"]

    @property
    def digests(self) -> dict[str, Item]:
        """The declared digests by name."""
        return self.maps["digests"]


def merge(files: Iterable[SourceFile | None], report: Report) -> Sections:
    """Return the sections of all `files`; a file that could not be read is None."""
    found = tuple(files)
    sections = Sections(tuple(file for file in found if file is not None))
    versions = 0
    sections.outdated = any(_is_older(file, report) for file in sections.files)
    if sections.outdated:
        return sections
    for file in found:
        if file is None or file.document is None:
            sections.unread.lost |= file is None
            sections.unread.texts += [file.text] if file else []
            continue
        versions += _take(file, sections, report)
    if not versions and sections.files and not sections.unread.may_say("version"):
        spot = sections.files[0].spot(1, 1)
        report.error(spot, "`version` is missing", f"write `version: {VERSION}` at the top")
    return sections


def _take(file: SourceFile, sections: Sections, report: Report) -> int:
    """Add what `file` says; return 1 if it says its version."""
    top = Item(file, (), file.document.value if file.document else None)
    if top.value is None:
        return 0
    if not isinstance(top.value, dict):
        report.error(top.at(), "expected sections such as `site:` and `feeds:`")
        return 0
    for key, value in top.value.items():
        item = Item(file, (key,), value)
        if key == "version":
            _version(item, report)
        elif key in MAPS:
            _map(key, item, sections, report)
        elif key in LISTS:
            _list(key, item, sections, report)
        elif key in SINGLE:
            _single(key, item, sections, report)
        else:
            report.error(item.key(), f"unknown section `{key}`", did_you_mean(key, KEYS))
    return int("version" in top.value)


def _is_older(file: SourceFile, report: Report) -> bool:
    value = file.document.value if file.document else None
    version = value.get("version") if isinstance(value, dict) else None
    if isinstance(version, bool) or not isinstance(version, int) or not 0 <= version < VERSION:
        return False
    message = f"this is version {version}, and version {VERSION} is current"
    hint = "`paperround config migrate` rewrites it, comments kept"
    report.error(Item(file, ("version",), version).at(), message, hint)
    return True


def _version(item: Item, report: Report) -> None:
    value = item.value
    if isinstance(value, int) and not isinstance(value, bool) and value > VERSION:
        message = f"this is version {value}, and this program knows {VERSION} at most"
        report.error(item.at(), message, "a newer program wrote it: upgrade this one")
    elif value != VERSION or isinstance(value, bool):
        message = "this version is not known to this program"
        report.error(item.at(), message, f"write `version: {VERSION}`")


def _single(key: str, item: Item, sections: Sections, report: Report) -> None:
    if key in sections.single:
        first = sections.single[key].key()
        report.error(item.key(), f"`{key}` stands here twice; the first is in {first}")
    elif item.value is None:
        sections.empty.setdefault(key, item)
    else:
        sections.single[key] = item


def _map(key: str, item: Item, sections: Sections, report: Report) -> None:
    if item.value is None:
        return
    if not isinstance(item.value, dict):
        report.error(item.at(), f"expected a map: the name of each of the {key}, then what it is")
        return
    for name, value in item.value.items():
        part = Item(item.file, (*item.path, name), value)
        first = sections.maps[key].setdefault(name, part)
        if first is not part:
            kind = key.removesuffix("s")
            message = f"the {kind} `{name}` stands here twice; the first is in {first.key()}"
            report.error(part.key(), message)


def _list(key: str, item: Item, sections: Sections, report: Report) -> None:
    if item.value is None:
        return
    if key in OF_TEXT and isinstance(item.value, str):
        sections.lists[key].append(item)
        return
    if not isinstance(item.value, list):
        each = "each old name" if key == "gone" else f"each of the {key}"
        report.error(item.at(), f"expected a list: {each} after a `- `")
        return
    for number, value in enumerate(item.value):
        sections.lists[key].append(Item(item.file, (*item.path, number), value))
