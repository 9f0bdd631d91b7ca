"""Looks at a store without making or changing anything: is it there, and do we know its tables?"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from feeds.errors import NewerStore, StoreError
from feeds.kit.database import Database
from feeds.kit.engines import parse_url, told
from feeds.kit.histories import History, is_newer
from feeds.kit.troubles import translated


@dataclass(frozen=True, slots=True)
class Standing:
    """A store that can be used: its name without a password, and how it stands, for people."""

    name: str
    told: str


async def standing(url: str, histories: Sequence[History]) -> Standing:
    """Return how the store at `url` stands; StoreError where it cannot be used."""
    parsed = parse_url(url)
    name = told(parsed)
    if not is_there(url):
        return Standing(name, "not there yet; it is made when it is first used")
    database = Database(url)
    try:
        found = await database.reading(_revisions, histories)
    finally:
        await database.close()
    return Standing(name, _stands(name, found, histories))


def is_there(url: str) -> bool:
    """Tell whether the file of the store at `url` exists; of a server nobody asks, so it does.

    StoreError where we could not use or make the file.
    """
    parsed = parse_url(url)
    if parsed.get_backend_name() != "sqlite":
        return True
    path, name = Path(parsed.database or ""), told(parsed)
    with translated(name):
        return _is_there(path, name)


def _is_there(path: Path, name: str) -> bool:
    if path.exists():
        if not os.access(path, os.R_OK | os.W_OK):
            words = f"the file cannot be read and written by us; {_whose(path)}"
            raise StoreError(f"store {name}: {words}")
        return True
    folder = path.parent
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    if not (folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)):
        raise StoreError(f"store {name}: we may not write in {folder}; {_whose(folder)}")
    return False


def _whose(path: Path) -> str:
    """Say what to do about a file or folder that we may not use."""
    owner = path.stat().st_uid
    if owner == os.geteuid():
        return "it is ours, so see its mode"
    try:
        return f"run this as `{path.owner()}`, to whom it belongs"
    except KeyError:
        return f"run this as the user {owner}, to whom it belongs"


def _revisions(connection: Connection, histories: Sequence[History]) -> list[str]:
    """Return the revision of each history that is in force; empty for one without tables."""
    tables = set(inspect(connection).get_table_names())
    found = []
    for history in histories:
        statement = text(f"SELECT version_num FROM {history.table}")  # noqa: S608 - our name
        rows = connection.execute(statement).scalars() if history.table in tables else ()
        found.append(max(map(str, rows), default=""))
    return found


def _stands(name: str, found: Sequence[str], histories: Sequence[History]) -> str:
    if any(map(is_newer, found, histories)):
        raise NewerStore(name)
    heads = [history.head for history in histories]
    if not any(found):
        return "it has no tables of ours yet; they are made when it is first used"
    return "in order" if found == heads else "its tables are renewed when it is next used"
