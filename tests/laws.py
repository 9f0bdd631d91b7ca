"""How often a law is tried: a few dozen times each day, many more in the slow run.

`pytest -m slow` runs every law again under the profile `thorough`, besides what is slow by nature;
so does `--hypothesis-profile=thorough`.
"""

from __future__ import annotations

from hypothesis import HealthCheck, settings

FAST, THOROUGH = "fast", "thorough"
TIMES = 10

settings.register_profile(FAST, max_examples=30, deadline=None)
settings.register_profile(THOROUGH, max_examples=30 * TIMES, deadline=None)


def law(examples: int, *, thorough: int = 0, suppressed: tuple[HealthCheck, ...] = ()) -> settings:
    """Return the settings of a law tried with `examples`; ten times as many when thorough."""
    many = settings.get_current_profile_name() == THOROUGH
    often = thorough or examples * TIMES
    return settings(
        max_examples=often if many else examples, deadline=None, suppress_health_check=suppressed
    )
