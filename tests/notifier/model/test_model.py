"""Random histories against a simple model: each story reaches each reader as promised, once."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.laws import SAME
from tests.notifier.model.machine import Publication


class Sweeper(Protocol):
    """Who empties the tables of PostgreSQL."""

    def empty(self) -> None: ...


def try_histories(folder: Path, store: Callable[[Path], str], examples: int, steps: int) -> None:
    """Run so many histories of so many steps, each on an empty store."""
    numbers = itertools.count()

    class Fresh(Publication):
        def __init__(self) -> None:
            super().__init__()
            self.folder = folder / str(next(numbers))
            self.folder.mkdir()
            self.url = store(self.folder)

    often = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        derandomize=SAME,
        suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large),
    )
    run_state_machine_as_test(Fresh, settings=often)


def a_file(tables: Path) -> Callable[[Path], str]:
    """Return what makes an empty SQLite store in a folder."""

    def copied(folder: Path) -> str:
        shutil.copy(tables, folder / "store.db")
        return f"sqlite:///{folder / 'store.db'}"

    return copied


def test_everything_promised_comes_once(sqlite_tables: Path, tmp_path: Path) -> None:
    try_histories(tmp_path, a_file(sqlite_tables), examples=2, steps=12)


@pytest.mark.slow
def test_everything_promised_comes_once_in_long_histories(
    sqlite_tables: Path, tmp_path: Path
) -> None:
    try_histories(tmp_path, a_file(sqlite_tables), examples=20, steps=40)


@pytest.mark.slow
def test_everything_promised_comes_once_on_postgresql(
    postgres_tables: str, sweeper: Sweeper, tmp_path: Path
) -> None:
    def emptied(_: Path) -> str:
        sweeper.empty()
        return postgres_tables

    try_histories(tmp_path, emptied, examples=6, steps=40)
