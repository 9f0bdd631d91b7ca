"""The operator's YAML, read, checked and made into settings; the only importer of pydantic.

Refuses nothing quietly: every mistake is told at once, with its place and what was meant.
"""

from notifier.configuration.load import Loaded, load
from notifier.configuration.problems import (
    ConfigProblem,
    Severity,
    Spot,
    did_you_mean,
    problem_at,
    visible,
)

__all__ = [
    "ConfigProblem",
    "Loaded",
    "Severity",
    "Spot",
    "did_you_mean",
    "load",
    "problem_at",
    "visible",
]
