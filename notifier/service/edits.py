"""What stands in the files of the configuration: read whole, and told from what stood there before.

Reads and examines, and says what of it needs another start; taking it up is done elsewhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from notifier.checking import examine
from notifier.configuration import ConfigProblem, Loaded, Severity, load
from notifier.settings import Settings


@dataclass(frozen=True, slots=True)
class Source:
    """Where the configuration is, and what is put into it; `learn` is told of new secrets."""

    path: Path
    environ: Mapping[str, str]
    loaded: Loaded
    learn: Callable[[Settings], None] = lambda _: None

    def first(self) -> Edit:
        """Return what the service has begun with."""
        settings = self.loaded.settings
        return Edit(self.loaded, (), fingerprint(settings.templates) if settings else "")

    def read(self) -> Edit:
        """Return all there is to know of what stands there now."""
        loaded = load(self.path, self.environ)
        # Before they are examined: what is written to them meanwhile then shows as a change, and is
        # never taken up unexamined.
        templates = fingerprint(loaded.draft.templates)
        return Edit(loaded, examine(loaded, self.path), templates)


@dataclass(frozen=True, slots=True)
class Edit:
    """A configuration as it was read: its mistakes, and what tells its templates from others."""

    loaded: Loaded
    problems: tuple[ConfigProblem, ...]
    templates: str

    @property
    def errors(self) -> tuple[ConfigProblem, ...]:
        """What keeps it from being used."""
        return tuple(one for one in self.problems if one.severity is Severity.ERROR)


def fitting(before: Settings, after: Settings) -> tuple[Settings, tuple[str, ...]]:
    """Return `after` with what only another start can change as it was, and words about it."""
    notes = []
    if after.store != before.store:
        notes.append("another `store` is used from the next start on; until then it is the old one")
    if (after.host, after.port) != (before.host, before.port):
        notes.append(
            f"`web.listen` {after.host}:{after.port} is used from the next start on; until then it"
            f" is {before.host}:{before.port}"
        )
    if after.metrics != before.metrics:
        notes.append("another `web.metrics` is used from the next start on")
    if after.trusted_proxies != before.trusted_proxies:
        notes.append("other `web.trusted_proxies` are believed from the next start on")
    kept = replace(
        after,
        store=before.store,
        host=before.host,
        port=before.port,
        metrics=before.metrics,
        trusted_proxies=before.trusted_proxies,
    )
    return kept, tuple(notes)


def fingerprint(templates: Path) -> str:
    """Return what tells the files of a folder from others, as far as they can be read."""
    found = hashlib.sha256()
    for file in sorted(templates.rglob("*")):
        try:
            if file.is_file():
                body = file.read_bytes()
                found.update(f"{file.relative_to(templates)} {len(body)}\0".encode() + body)
        except OSError:
            continue
    return found.hexdigest()
