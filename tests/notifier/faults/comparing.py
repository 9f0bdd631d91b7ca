"""What a mail server took, compared with the audience and what the ledger says became of it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import select

from feeds.kit.database import Database
from notifier.delivery.delivery import RESENT, State
from notifier.tables import deliveries, subscribers

_MESSAGE_ID = re.compile(rb"(?im)^message-id: *(<[^>]+>)\r?$")


class Copy(Protocol):
    """What a server took."""

    @property
    def recipient(self) -> str: ...

    @property
    def content(self) -> bytes: ...


@dataclass(frozen=True)
class Fate:
    """What the ledger says of one reader of an issue."""

    state: str
    reason: str

    @property
    def is_doubted(self) -> bool:
        """Whether it is recorded that there may be a copy more, or none."""
        return self.state == State.IN_DOUBT or self.reason == RESENT


async def fates(database: Database) -> dict[str, Fate]:
    """Return what became of each reader of the one issue there is, by address."""
    query = select(subscribers.c.address, deliveries.c.state, deliveries.c.reason).join(
        subscribers, subscribers.c.id == deliveries.c.subscriber_id
    )
    async with database.read() as connection:
        return {row[0]: Fate(row[1], row[2]) for row in await connection.execute(query)}


def message_id(content: bytes) -> bytes:
    found = _MESSAGE_ID.search(content)
    assert found, content[:200]
    return found[1]


@dataclass(frozen=True)
class Compared:
    """Whoever was lost, doubled without a record of doubt, or told otherwise than it was."""

    lost: Sequence[str]
    untold: Sequence[str]
    doubled: Mapping[str, int]
    unlike: Sequence[str]
    strangers: Sequence[str]
    unfinished: Sequence[str]

    def wrongs(self, most_doubled: int) -> list[str]:
        """Return what breaks a promise, where so many may have been doubled."""
        parts = {
            "lost": self.lost,
            "doubled without doubt": self.untold,
            "doubled with other bytes": self.unlike,
            "nobody of the audience": self.strangers,
            "without an end": self.unfinished,
        }
        found = [f"{words}: {sorted(who)[:5]}" for words, who in parts.items() if who]
        extra = sum(self.doubled.values())
        if extra > most_doubled:
            found.append(f"{extra} copies too many, of which {most_doubled} may be")
        return found


def compare(audience: Mapping[str, Fate], taken: Iterable[Copy]) -> Compared:
    """Compare the record of a server with the books."""
    copies: dict[str, list[bytes]] = defaultdict(list)
    for copy in taken:
        copies[copy.recipient].append(copy.content)
    doubled = {who: len(some) - 1 for who, some in copies.items() if len(some) > 1}
    names = [message_id(some[0]) for some in copies.values()]
    assert len(set(names)) == len(names), "two readers have one Message-ID"
    return Compared(
        lost=[
            who
            for who, fate in audience.items()
            if fate.state == State.ACCEPTED and who not in copies
        ],
        untold=[
            who
            for who, some in copies.items()
            if who in audience and not _is_told(audience[who], len(some))
        ],
        doubled=doubled,
        unlike=[who for who, some in copies.items() if len(set(some)) > 1],
        strangers=[who for who in copies if who not in audience],
        unfinished=[
            who
            for who, fate in audience.items()
            if fate.state in {State.QUEUED, State.SENDING, State.DEFERRED}
        ],
    )


def _is_told(fate: Fate, copies: int) -> bool:
    """One copy is accepted, or in doubt; a second one there is only after doubt."""
    if copies == 1:
        return fate.state in {State.ACCEPTED, State.IN_DOUBT}
    return copies == 2 and fate.is_doubted
