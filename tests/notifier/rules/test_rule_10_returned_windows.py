"""Rule 10: a window that was returned stays owed, whatever is opened at that moment."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from feeds.kit.database import Database
from notifier.delivery.opening import Opening
from notifier.delivery.outbox import Outbox
from tests.notifier.issues import EXPIRES, MINUTE, SLOT, an_issue, cursors, open_for

LATER = EXPIRES + timedelta(days=1)


class Expiring(Opening):
    """An opening during which another process closes what was not sent in time."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._others = Outbox(database)

    async def _flip(self, numbers: Sequence[int], now: datetime) -> set[int]:
        await self._others.expire(EXPIRES)
        return await super()._flip(numbers, now)


async def test_a_window_returned_while_the_next_issue_is_opened_stays_owed(
    sqlite: Database,
) -> None:
    await open_for(sqlite, "ada")
    following = await an_issue(
        sqlite, slot="2026-11-24T07:30 UTC", instant=SLOT + MINUTE, expires=LATER, upto=20
    )
    assert await Expiring(sqlite).open(following, SLOT + MINUTE) is not None
    assert await cursors(sqlite) == {"ada": 0}


async def test_an_issue_that_ends_before_the_lane_passes_over_nothing(sqlite: Database) -> None:
    """It was held, and is released after its lane has gone on."""
    await open_for(sqlite, "ada")
    await Outbox(sqlite).expire(EXPIRES)
    assert await cursors(sqlite) == {"ada": 0}
    held = await an_issue(
        sqlite, slot="2026-11-22T07:30 UTC", instant=SLOT - MINUTE, expires=LATER, upto=5
    )
    assert await Opening(sqlite).open(held, EXPIRES) is not None
    assert max((await cursors(sqlite)).values()) <= 5
