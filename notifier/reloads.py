"""Reloads: all SQL about which configuration each process works with, and wishes for another.

Other processes read here what the service does with an edit, and ask it to look.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Row, delete, func, insert, select, update

from feeds.kit.database import Database
from notifier.tables import configurations, reload_wishes

_KEPT = timedelta(days=1)  # wishes are forgotten after it
_PROBLEMS = 100  # that are kept of one attempt


class Outcome(enum.StrEnum):
    """What came of an attempt to take up a configuration."""

    APPLIED = "applied"
    UNCHANGED = "unchanged"
    REFUSED = "refused"  # it has mistakes; the one before goes on
    HELD = "held"  # it would remove many readers, and waits for the operator's word
    FAILED = "failed"  # the store could not be used; it is tried again


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt: by what it was begun, and what came of it.

    `problems` are mistakes, or what keeps it from being applied; `notes` are what takes effect only
    later. `added`, `changed` and `removed` are readers.
    """

    outcome: Outcome
    trigger: str
    at: datetime
    seconds: float = 0.0
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    added: int = 0
    changed: int = 0
    removed: int = 0

    @property
    def is_fine(self) -> bool:
        """Whether what is edited is what is in use."""
        return self.outcome in {Outcome.APPLIED, Outcome.UNCHANGED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What one process, named by role and host, works with since when, and its last attempt.

    `snapshot` is what it works with, in plain values without secrets; `answered` the last wish that
    it has met.
    """

    process: str
    since: datetime
    attempt: Attempt
    answered: int = 0
    snapshot: Mapping[str, object] = field(default_factory=dict, repr=False)


class Reloads:
    """What is in use, and what is asked for. Raises StoreError when the database cannot be used."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def note(
        self, process: str, attempt: Attempt, snapshot: Mapping[str, object] | None, answered: int
    ) -> None:
        """Record an attempt; `snapshot` is given where what is in use is another from now on."""
        values: dict[str, object] = {
            "attempted_at": attempt.at,
            "outcome": str(attempt.outcome),
            "trigger": attempt.trigger,
            "milliseconds": round(attempt.seconds * 1000),
            "problems": list(attempt.problems[:_PROBLEMS]),
            "notes": list(attempt.notes),
            "readers": [attempt.added, attempt.changed, attempt.removed],
            "answered": answered,
        }
        if snapshot is not None:
            values |= {"since": attempt.at, "snapshot": dict(snapshot)}
        mine = configurations.c.process == process
        async with self._database.write() as connection:
            done = await connection.execute(update(configurations).where(mine).values(values))
            if not done.rowcount:
                first = {"process": process, "since": attempt.at, "snapshot": {}}
                await connection.execute(insert(configurations).values(first | values))

    async def standings(self) -> list[Standing]:
        """Return what every process works with, that which was changed last first."""
        query = select(configurations).order_by(configurations.c.since.desc())
        async with self._database.read() as connection:
            return [_standing(row) for row in await connection.execute(query)]

    async def wish(self, now: datetime, *, yes: bool) -> int:
        """Ask every process to look at its configuration; return the number of the wish."""
        async with self._database.write() as connection:
            old = reload_wishes.c.at < now - _KEPT
            await connection.execute(delete(reload_wishes).where(old))
            statement = insert(reload_wishes).values(at=now, yes=yes)
            done = await connection.execute(statement.returning(reload_wishes.c.id))
            return int(done.scalar_one())

    async def wishes(self, after: int) -> tuple[int, bool]:
        """Return the number of the last wish after `after`, or that, and whether one says yes."""
        columns = (func.max(reload_wishes.c.id), func.count().filter(reload_wishes.c.yes))
        query = select(*columns).where(reload_wishes.c.id > after)
        async with self._database.read() as connection:
            last, yes = (await connection.execute(query)).one()
        return last or after, bool(yes)


def _standing(row: Row[tuple[object, ...]]) -> Standing:
    values = row._mapping
    added, changed, removed = values["readers"]
    attempt = Attempt(
        outcome=Outcome(values["outcome"]),
        trigger=values["trigger"],
        at=values["attempted_at"],
        seconds=values["milliseconds"] / 1000,
        problems=tuple(values["problems"]),
        notes=tuple(values["notes"]),
        added=added,
        changed=changed,
        removed=removed,
    )
    return Standing(
        process=values["process"],
        since=values["since"],
        attempt=attempt,
        answered=values["answered"],
        snapshot=values["snapshot"],
    )
