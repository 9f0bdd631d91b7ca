"""Picking deliveries: which ones an operator means, and all SQL that lists them.

Reads only. Lists are read in pages, for a million of them must not be in memory at once.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, or_, select, true

from feeds.kit.database import Database
from notifier.delivery.delivery import State
from notifier.delivery.providers import provider
from notifier.subscriber import address_key
from notifier.tables import deliveries, issues, lanes, subscribers

PAGE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Which:
    """Which deliveries are meant; what is empty leaves nothing out.

    `slot` is how the slot begins, such as a date; `provider` the domain of the address; `since`
    when what became of them was recorded.
    """

    digests: tuple[str, ...] = ()
    slot: str = ""
    states: tuple[State, ...] = ()
    reader: str = ""
    provider: str = ""
    since: datetime | None = None

    @property
    def is_everything(self) -> bool:
        """Whether nothing is left out but by state."""
        return not (self.digests or self.slot or self.reader or self.provider or self.since)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A delivery as it stands; `code` and `words` are the server's last ones."""

    issue: int
    reader: int
    digest: str
    slot: str
    timezone: str
    email: str
    name: str
    provider: str
    state: str
    reason: str
    attempts: int
    due: datetime
    changed_at: datetime
    code: int | None
    words: str

    @property
    def place(self) -> tuple[int, int]:
        """Where it stands in a list."""
        return self.issue, self.reader


class Picked:
    """Deliveries as operators look at them. Raises StoreError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def pages(
        self, which: Which, after: tuple[int, int] | None = None
    ) -> AsyncIterator[list[Sent]]:
        """Yield those that are meant in pages, the last issue first, from behind `after` on."""
        while True:
            async with self._database.read() as connection:
                rows = (await connection.execute(_page(which, after))).mappings().all()
            if not rows:
                return
            page = [Sent(**row) for row in rows]
            yield page
            after = page[-1].place


def meant(which: Which) -> ColumnElement[bool]:
    """The condition that a delivery, joined with its issue and reader, is meant."""
    conditions: list[ColumnElement[bool]] = [true()]
    if which.digests:
        conditions.append(issues.c.digest.in_(which.digests))
    if which.slot:
        conditions.append(issues.c.slot.startswith(which.slot, autoescape=True))
    if which.states:
        conditions.append(deliveries.c.state.in_(which.states))
    if which.reader:
        conditions.append(subscribers.c.address_key == address_key(which.reader))
    if which.provider:
        conditions.append(provider(subscribers.c.address_key) == which.provider.casefold())
    if which.since is not None:
        conditions.append(deliveries.c.changed_at >= which.since)
    return and_(*conditions)


def _page(which: Which, after: tuple[int, int] | None) -> Select[tuple[object, ...]]:
    names = ("state", "reason", "attempts", "due", "changed_at", "code", "words")
    query = (
        select(
            deliveries.c.issue_id.label("issue"),
            deliveries.c.subscriber_id.label("reader"),
            issues.c.digest,
            issues.c.slot,
            lanes.c.timezone,
            subscribers.c.address.label("email"),
            subscribers.c.name,
            provider(subscribers.c.address_key).label("provider"),
            *(deliveries.c[name] for name in names),
        )
        .join(issues, issues.c.id == deliveries.c.issue_id)
        .join(lanes, lanes.c.id == issues.c.lane_id)
        .join(subscribers, subscribers.c.id == deliveries.c.subscriber_id)
        .where(meant(which))
        .order_by(deliveries.c.issue_id.desc(), deliveries.c.subscriber_id)
        .limit(PAGE)
    )
    if after is None:
        return query
    issue, reader = after
    here, behind = deliveries.c.issue_id == issue, deliveries.c.subscriber_id > reader
    return query.where(or_(deliveries.c.issue_id < issue, and_(here, behind)))
