"""What a process records of the configuration it works with: plain values, and no secret."""

from __future__ import annotations

from notifier.configuration import Loaded
from notifier.digest.lane import public_lane
from notifier.digest.spec import DigestSpec
from notifier.settings import Settings


def snapshot_of(loaded: Loaded) -> dict[str, object]:
    """Return every setting but the readers by its path, and of digests how they are due."""
    settings = loaded.settings
    if settings is None or loaded.places is None:
        return {}
    found = loaded.places.effective().settings(subscribers=False)
    return {
        "settings": {".".join(map(str, one.path)): one.value for one in found},
        "feeds": {spec.name: list(spec.was) for spec in settings.feeds},
        "digests": {spec.name: due_of(spec, settings) for spec in settings.digests},
    }


def due_of(spec: DigestSpec, settings: Settings) -> dict[str, str]:
    """Return when a digest is due where the site is."""
    return {"schedule": spec.schedule.canonical, "timezone": zone_of(spec, settings)}


def zone_of(spec: DigestSpec, settings: Settings) -> str:
    """Return the zone of a digest; the site's, where each reader has one of their own."""
    return public_lane(spec, settings.site).timezone
