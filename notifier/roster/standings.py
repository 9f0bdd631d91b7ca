"""Standings: the readers as they are kept, quickly and unread, to find those who need a look.

Nearly always nearly all stand as they should; JSON is left as text, and lanes as numbers.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, starmap
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, Text, cast, select

from feeds.kit.database import Database
from notifier.digest.lane import LaneKey
from notifier.enrolment import Enrolment, Held
from notifier.plain import (
    declaration_from_plain,
    declaration_to_plain,
    profile_from_plain,
    terms_from_plain,
)
from notifier.roster.lanes import KEY, key_of
from notifier.subscriber import Declaration
from notifier.tables import lanes, subscribers, subscriptions

_PAGE = 5000  # readers who are looked through together

Lanes = Mapping[int, LaneKey]


class HeldRow(NamedTuple):
    """A subscription as it is kept, without when it was left."""

    digest: str
    declared: bool
    added: bool
    chosen: str
    lane_id: int | None
    paused_until: datetime | None


@dataclass(frozen=True, slots=True)
class Standing:
    """A reader as one is kept; `declared` is JSON as `kept` makes it, None where nothing is.

    `held` has the values of a HeldRow for each digest.
    """

    key: str
    address: str
    declared: str | None
    chosen: str
    held: tuple[Sequence[Any], ...]

    def enrolment(self, numbered: Lanes) -> Enrolment:
        """Return the enrolment, but for when what was left."""
        return Enrolment(
            address=self.address,
            declared=declaration_from_plain(json.loads(self.declared)) if self.declared else None,
            chosen=profile_from_plain(json.loads(self.chosen)),
            held={
                row.digest: Held(
                    declared=row.declared,
                    added=row.added,
                    chosen=terms_from_plain(json.loads(row.chosen)),
                    lane=numbered[row.lane_id] if row.lane_id is not None else None,
                    paused_until=row.paused_until,
                )
                for row in starmap(HeldRow, self.held)
            },
        )


def kept(declared: Declaration) -> str:
    """Return a declaration as it is kept."""
    return json.dumps(declaration_to_plain(declared))


async def standings(database: Database) -> AsyncIterator[tuple[list[Standing], Lanes]]:
    """Yield all readers in pages, with the lanes that their numbers mean. Raises StoreError."""
    last = 0
    while True:
        rows, numbered = await database.reading(_page, last)
        if not rows:
            return
        yield _standings(rows), numbered
        last = rows[-1][0]


def _page(connection: Connection, last: int) -> tuple[Sequence[Sequence[Any]], Lanes]:
    rows = connection.execute(_readers(last)).all()
    found = connection.execute(select(lanes.c.id, *(lanes.c[name] for name in KEY)))
    return rows, {number: key_of(*key) for number, *key in found}


def _readers(last: int) -> Select[tuple[Any, ...]]:
    some = select(subscribers.c.id).where(subscribers.c.id > last)
    some = some.order_by(subscribers.c.id).limit(_PAGE)
    held, mine = subscriptions.c, subscriptions.c.subscriber_id == subscribers.c.id
    return (
        select(
            subscribers.c.id,
            subscribers.c.address_key,
            subscribers.c.address,
            cast(subscribers.c.declared, Text),
            cast(subscribers.c.chosen, Text),
            held.digest,
            held.declared,
            held.added,
            cast(held.chosen, Text),
            held.lane_id,
            held.paused_until,
        )
        .select_from(subscribers.outerjoin(subscriptions, mine))
        .where(subscribers.c.id.in_(some))
        .order_by(subscribers.c.id, held.id)
    )


def _standings(rows: Sequence[Sequence[Any]]) -> list[Standing]:
    found = []
    for _, theirs in groupby(rows, key=lambda row: row[0]):
        own = list(theirs)
        _, key, address, declared, chosen, *_ = own[0]
        held = tuple(row[5:] for row in own if row[5] is not None)
        found.append(Standing(key, address, declared, chosen, held))
    return found
