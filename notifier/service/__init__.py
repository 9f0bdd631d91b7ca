"""The composition root: builds every hand from the settings, runs the service, stops it.

What commands need is here; the service itself is in `running`, for it brings its servers along.
"""

from notifier.service.alone import alone, is_taken
from notifier.service.house import House, open_house
from notifier.service.loop import run_in_loop

__all__ = ["House", "alone", "is_taken", "open_house", "run_in_loop"]
