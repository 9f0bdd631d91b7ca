"""How commands tell which configuration each process of the service works with."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from notifier.cli.common import in_utc
from notifier.configuration import load
from notifier.errors import ConfigurationError
from notifier.reloads import Standing
from notifier.settings import Settings


def settings_to_look_by(config: Path) -> tuple[Settings, bool]:
    """Return the settings, also of an edit with mistakes if its store can be told from it.

    For looking at what is there, while the service goes on with the configuration of before. Tells
    as well whether they hold: of an edit with mistakes no schedule can be believed. Raises
    ConfigurationError.
    """
    loaded = load(config, os.environ)
    if not loaded.draft.store:
        raise ConfigurationError(loaded.problems)
    return loaded.draft, loaded.settings is not None


def data_of(standing: Standing) -> dict[str, object]:
    """Return what one process works with as the documented object."""
    attempt = standing.attempt
    return {
        "process": standing.process,
        "since": standing.since.isoformat(),
        "attempted_at": attempt.at.isoformat(),
        "trigger": attempt.trigger,
        "outcome": str(attempt.outcome),
        "seconds": attempt.seconds,
        "problems": list(attempt.problems),
        "notes": list(attempt.notes),
        "added": attempt.added,
        "changed": attempt.changed,
        "removed": attempt.removed,
    }


def lines_of(standing: Standing) -> Iterator[str]:
    """Yield what people are told of one process."""
    attempt = standing.attempt
    yield f"{standing.process}: configuration in use since {in_utc(standing.since)}"
    last = f"    last attempt {in_utc(attempt.at)}, by {attempt.trigger}"
    yield f"{last}: {attempt.outcome}"
    if attempt.added or attempt.changed or attempt.removed:
        yield (
            f"    readers: {attempt.added} added, {attempt.changed} changed,"
            f" {attempt.removed} removed"
        )
    for words in (*attempt.problems, *attempt.notes):
        yield from (f"    {line}" for line in words.splitlines())
