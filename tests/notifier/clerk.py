"""A ledger whose doors are taken one step at a time: one chunk, one delivery, and wait for it."""

from __future__ import annotations

from datetime import datetime, timedelta

from notifier.delivery.delivery import Chunk, Job, Mark, State
from notifier.delivery.ledger import Ledger


class Clerk(Ledger):
    """Does at once what a round does for many connections together."""

    async def claim(
        self, owner: str, now: datetime, lease: timedelta, *, resend: bool
    ) -> Chunk | None:
        """Take a chunk that has something to send, for `lease`; None where there is none."""
        claimed = await self.claim_some(owner, now, lease, 1, resend=resend)
        return claimed[0] if claimed else None

    async def jobs(self, chunk: Chunk, now: datetime) -> list[Job]:
        """Return what is to be sent of `chunk` at `now`."""
        return (await self.jobs_of([chunk], now))[chunk]

    async def start(self, chunk: Chunk, job: Job, now: datetime, lease: timedelta) -> State | None:
        """Mark `job` as being sent, or as skipped; None if it is not ours to send any more."""
        if await self.ask(chunk, job, now):
            return State.SENDING
        return await self.pass_over(chunk, job, now, lease)

    async def mark(self, job: Job, mark: Mark, now: datetime) -> None:
        """Record what became of the attempt that `job` was started for."""
        self.note(job, mark, now)
        await self.settle()

    async def renew(self, chunk: Chunk, until: datetime) -> bool:
        """Keep a claim until `until`; False if somebody else has the chunk."""
        return await self.renew_all([chunk], until) == 1

    async def release(self, chunk: Chunk, not_before: datetime) -> None:
        """Give a chunk back; it is due again when the first of its deliveries is."""
        await self.release_all([chunk], not_before)
