"""Snapshots: a configuration as plain values without secrets, to be kept and compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from notifier.configuration.load import Loaded
from notifier.digest.lane import public_lane

_NOT_OF_IT = ("subscribers", "version")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Every setting but the readers by its path, names joined by dots.

    Of `feeds` their earlier names, of `digests` schedule and zone where the site is.
    """

    settings: Mapping[str, object] = field(default_factory=dict, repr=False)
    feeds: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    digests: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    @classmethod
    def of(cls, loaded: Loaded) -> Snapshot:
        """Return what was loaded; nothing of a configuration with mistakes."""
        settings = loaded.settings
        if settings is None or loaded.places is None:
            return cls()
        found = loaded.places.effective().settings(subscribers=False)
        return cls(
            {
                ".".join(map(str, one.path)): one.value
                for one in found
                if one.is_set and one.path[0] not in _NOT_OF_IT
            },
            {spec.name: spec.was for spec in settings.feeds},
            {
                spec.name: (spec.schedule.canonical, public_lane(spec, settings.site).timezone)
                for spec in settings.digests
            },
        )

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Snapshot:
        """Return what `plain` made."""
        return cls(
            plain["settings"],
            {name: tuple(was) for name, was in plain["feeds"].items()},
            {name: (schedule, zone) for name, (schedule, zone) in plain["digests"].items()},
        )

    def plain(self) -> dict[str, object]:
        """Return it as JSON has it."""
        return {
            "settings": dict(self.settings),
            "feeds": {name: list(was) for name, was in self.feeds.items()},
            "digests": {name: list(due) for name, due in self.digests.items()},
        }
