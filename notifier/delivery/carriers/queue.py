"""What brings chunks to a sender, and the one for a single process: a look at the ledger itself.

Whatever brings them, the ledger alone decides what may be sent: a chunk that is brought twice, late
or to the wrong sender does no harm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from notifier.delivery.delivery import Chunk
from notifier.delivery.ledger import Ledger


class WorkQueue(Protocol):
    """Chunks of open issues, each brought to one sender at a time. Raises StoreError."""

    async def claim(self, most: int, now: datetime) -> list[Chunk]:
        """Return up to `most` chunks that have something to send now; they are ours for a while.

        There is nothing more where there are none.
        """

    async def keep(self, held: Sequence[Chunk], now: datetime) -> int:
        """Go on holding chunks; return how many of them still are ours."""

    async def give_back(self, held: Sequence[Chunk], now: datetime, pause: timedelta) -> None:
        """Give chunks back: each is brought again when the first of its deliveries is due.

        None of them before `pause` is over.
        """


@dataclass(frozen=True, slots=True)
class InProcess:
    """The queue of one process: what is due stands in the ledger, and it is looked for there."""

    ledger: Ledger
    owner: str
    lease: timedelta
    resend: bool

    async def claim(self, most: int, now: datetime) -> list[Chunk]:
        """Claim what is due."""
        return await self.ledger.claim_some(self.owner, now, self.lease, most, resend=self.resend)

    async def keep(self, held: Sequence[Chunk], now: datetime) -> int:
        """Claim for longer."""
        return await self.ledger.renew_all(held, now + self.lease)

    async def give_back(self, held: Sequence[Chunk], now: datetime, pause: timedelta) -> None:
        """Give up the claims."""
        await self.ledger.release_all(held, now + pause)
