"""The composition root: builds every hand from the settings, runs the service, stops it."""

from notifier.service.alone import alone, is_taken
from notifier.service.edits import Source
from notifier.service.house import House, open_house
from notifier.service.loop import run_in_loop
from notifier.service.roles import Role
from notifier.service.running import run
from notifier.service.systemd import Manager

__all__ = [
    "House",
    "Manager",
    "Role",
    "Source",
    "alone",
    "is_taken",
    "open_house",
    "run",
    "run_in_loop",
]
