"""How often a law is tried: a few dozen times each day, many more in the slow run.

`pytest -m slow` runs every law again under the profile `thorough`, besides what is slow by nature;
so does `--hypothesis-profile=thorough`. In CI the examples are the same each time, so that a gate
says something of the change and not of luck; at a desk they are drawn anew.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

FAST, THOROUGH = "fast", "thorough"
TIMES = 10
SAME = bool(os.environ.get("CI"))

settings.register_profile(FAST, max_examples=30, deadline=None, derandomize=SAME)
settings.register_profile(THOROUGH, max_examples=30 * TIMES, deadline=None, derandomize=SAME)


def law(examples: int, *, thorough: int = 0, suppressed: tuple[HealthCheck, ...] = ()) -> settings:
    """Return the settings of a law tried with `examples`; ten times as many when thorough."""
    many = settings.get_current_profile_name() == THOROUGH
    often = thorough or examples * TIMES
    return settings(
        max_examples=often if many else examples,
        deadline=None,
        derandomize=SAME,
        suppress_health_check=suppressed,
    )
