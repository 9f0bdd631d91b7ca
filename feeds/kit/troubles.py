"""What database drivers complain of, as one line of ours, without the values of a statement."""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from feeds.errors import StoreError


class translated:  # noqa: N801 - reads as a word in a with statement
    """Turn the driver's errors into StoreError, in which the store is called `name`."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, DBAPIError):
            raise StoreError(f"store {self._name}: {_driver_words(error)}") from error.orig
        if isinstance(error, (OSError, sqlite3.Error, PoolTimeout)):
            raise StoreError(f"store {self._name}: {error}") from error


def _driver_words(error: DBAPIError) -> str:
    words = str(error.orig).strip().splitlines()
    return words[0] if words else type(error.orig).__name__
