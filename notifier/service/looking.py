"""Opening a store to look at it: a command that only looks makes none.

A SQLite store that is not there yet is mostly a path that was mistyped, or a service that never
ran. Refuses it, or shows an empty one in its place, which leaves nothing behind.
"""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from feeds.kit.standing import is_there
from notifier.errors import NotifierError
from notifier.service.house import House, open_house
from notifier.settings import Settings


@asynccontextmanager
async def look_in(
    settings: Settings, now: datetime, instead: Callable[[str], None] | None = None
) -> AsyncIterator[House]:
    """Open the store that `settings` name; NotifierError where there is none as yet.

    With `instead`, which is told so, an empty one that is dropped at the end stands in for it.
    StoreError where there could be none.
    """
    if is_there(settings.store):
        async with open_house(settings, now) as house:
            yield house
        return
    missing = f"there is no store at {settings.store_file} as yet"
    if instead is None:
        raise NotifierError(
            f"{missing}: `paperround run` or `ingest` makes it. If there is one, it is elsewhere:"
            " mend `store` in the configuration"
        )
    instead(f"{missing}: this is told of an empty one")
    with tempfile.TemporaryDirectory(prefix="paperround-") as name:
        empty = replace(settings, store=f"sqlite:///{Path(name) / 'store.db'}")
        async with open_house(empty, now) as house:
            yield house
