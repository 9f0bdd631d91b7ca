"""Chunks brought by PgQueuer, to as many processes as there are, on any machine.

A job says where there may be work, and to whom it was given; the claim in the ledger, with its
fence, says who may do it. Both end by themselves where a sender gives no sign of life.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from feeds.kit.database import Database
from notifier.delivery import leasing
from notifier.delivery.carriers import jobs
from notifier.delivery.carriers.library import Worker
from notifier.delivery.delivery import Chunk
from notifier.delivery.leasing import Place
from notifier.delivery.ledger import Ledger

_AT_LEAST = timedelta(seconds=1)  # until a chunk that somebody else has is looked at again


class PgQueued:
    """The queue of many processes; `owner` names this one in the ledger."""

    def __init__(
        self, database: Database, ledger: Ledger, owner: str, lease: timedelta, *, resend: bool
    ) -> None:
        self._database = database
        self._ledger = ledger
        self._owner = owner
        self._lease = lease
        self._resend = resend
        self._worker = Worker(lease)

    async def claim(self, most: int, now: datetime) -> list[Chunk]:
        """Take jobs, and claim what they are about; those that are about nothing are ended."""
        while True:
            async with self._database.driver() as connection:
                taken = await self._worker.take(connection, most)
            places = [jobs.place_of(about) for about in taken]
            if not places:
                return []
            claimed = await self._claim(places, now)
            if claimed:
                return claimed

    async def keep(self, held: Sequence[Chunk], now: datetime) -> int:
        """Claim for longer, and give a sign of life."""
        async with self._database.write() as connection:
            await jobs.live(connection, self._worker.id, held)
            return await connection.run_sync(leasing.renew, held, now + self._lease)

    async def give_back(self, held: Sequence[Chunk], now: datetime, pause: timedelta) -> None:
        """Give up the claims, and end or put off their jobs in the same transaction."""
        await self._ledger.settle()
        async with self._database.write() as connection:
            left = await connection.run_sync(leasing.release, held, now + pause)
            await jobs.leave(connection, self._worker.id, left, now)

    async def _claim(self, places: Sequence[Place], now: datetime) -> list[Chunk]:
        async with self._database.write() as connection:
            claimed = await connection.run_sync(
                leasing.claim,
                self._owner,
                now,
                self._lease,
                len(places),
                places,
                resend=self._resend,
                shared=True,
            )
            ours = {(chunk.issue_id, chunk.number) for chunk in claimed}
            if others := [place for place in places if place not in ours]:
                standing = await connection.run_sync(leasing.standing, others)
                left = {
                    place: max(standing[place], now + _AT_LEAST) if place in standing else None
                    for place in others
                }
                await jobs.leave(connection, self._worker.id, left, now)
        return claimed
