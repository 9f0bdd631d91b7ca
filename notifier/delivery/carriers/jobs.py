"""Jobs in PgQueuer's table: one for each chunk of an open issue that has something left to send.

Statements for use inside a transaction of the caller's, on PostgreSQL. The table of chunks is the
truth: jobs are made of it, and whatever became of them, `mend` makes them what they should be.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection

from feeds.kit.instants import microseconds
from notifier.delivery.carriers.names import KIND, TABLE
from notifier.delivery.delivery import Chunk
from notifier.delivery.leasing import Place

_KEY = "chunks.issue_id || '/' || chunks.number"
_FREE_AT = "CASE chunks.state WHEN 'leased' THEN chunks.leased_until ELSE chunks.due END"
_DUE = f"now() + greatest({_FREE_AT} - :now, 0) * interval '1 microsecond'"
_LIVE = "chunks.state <> 'done' AND issues.state = 'open'"
_OF_LIVE = f"chunks JOIN issues ON issues.id = chunks.issue_id AND {_LIVE}"

_ENQUEUE = f"""
INSERT INTO {TABLE} (priority, status, entrypoint, dedupe_key, payload, execute_after)
SELECT 0, 'queued', '{KIND}', {_KEY}, convert_to({_KEY}, 'UTF8'), {_DUE} FROM {_OF_LIVE}
WHERE %s ORDER BY chunks.due, chunks.issue_id, chunks.number
ON CONFLICT (dedupe_key) WHERE status IN ('queued', 'picked') AND dedupe_key IS NOT NULL DO NOTHING
"""  # noqa: S608 - our own words
_OPENED = text(_ENQUEUE % "chunks.issue_id = ANY(:issues)")
_MISSING = text(
    _ENQUEUE % f"NOT EXISTS (SELECT FROM {TABLE} job WHERE job.dedupe_key = {_KEY}"
    " AND job.status IN ('queued', 'picked'))"
)
_EARLIER = text(
    f"UPDATE {TABLE} SET execute_after = {_DUE} FROM {_OF_LIVE}"  # noqa: S608 - our own words
    f" WHERE dedupe_key = {_KEY} AND status = 'queued'"
    f" AND execute_after > {_DUE} + interval '1 second'"
)
_NEEDLESS = text(
    f"DELETE FROM {TABLE} job"  # noqa: S608 - our own words
    " WHERE (job.status <> 'picked' OR job.heartbeat < now() - interval '1 hour')"
    f" AND NOT EXISTS (SELECT FROM {_OF_LIVE} WHERE {_KEY} = job.dedupe_key)"
)
_OLD = text(f"DELETE FROM {TABLE}_log WHERE created < now() - interval '1 day'")  # noqa: S608
_MINE = "status = 'picked' AND dedupe_key = ANY(:keys) AND queue_manager_id = CAST(:worker AS uuid)"
_FINISH = text(f"DELETE FROM {TABLE} WHERE {_MINE}")  # noqa: S608 - our own words
_LIVE_ON = text(f"UPDATE {TABLE} SET heartbeat = now() WHERE {_MINE}")  # noqa: S608
_PUT_OFF = text(
    f"UPDATE {TABLE} SET status = 'queued', queue_manager_id = NULL,"  # noqa: S608 - our own words
    " updated = now(), attempts = attempts + 1, execute_after ="
    " now() + greatest(CAST(:wait AS bigint), 0) * interval '1 microsecond'"
    f" WHERE {_MINE}"
)


def enqueue(connection: Connection, issues: Sequence[int], now: datetime) -> None:
    """Make a job for each chunk of those of `issues` that are open."""
    connection.execute(_OPENED, {"issues": list(issues), "now": microseconds(now)})


def key_of(issue_id: int, number: int) -> str:
    """Return what the job of a chunk is about."""
    return f"{issue_id}/{number}"


def place_of(about: bytes) -> Place:
    """Return the chunk that a job is about."""
    issue, _, number = about.decode().partition("/")
    return int(issue), int(number)


async def live(connection: AsyncConnection, worker: UUID, held: Sequence[Chunk]) -> None:
    """Give a sign of life for the jobs of the chunks that are held."""
    keys = [key_of(chunk.issue_id, chunk.number) for chunk in held]
    await connection.execute(_LIVE_ON, {"keys": keys, "worker": str(worker)})


async def leave(
    connection: AsyncConnection,
    worker: UUID,
    left: Mapping[Place, datetime | None],
    now: datetime,
) -> None:
    """End the jobs of chunks that have nothing left, and put off the others until they are due.

    Those that another worker has taken meanwhile are left to it.
    """
    waits: dict[int | None, list[str]] = {}
    for place, due in left.items():
        wait = None if due is None else microseconds(due) - microseconds(now)
        waits.setdefault(wait, []).append(key_of(*place))
    for wait, keys in waits.items():
        values = {"keys": keys, "worker": str(worker)}
        if wait is None:
            await connection.execute(_FINISH, values)
        else:
            await connection.execute(_PUT_OFF, values | {"wait": wait})


async def mend(connection: AsyncConnection, now: datetime) -> None:
    """Make jobs that are missing, bring forward those that are late, and remove needless ones.

    A chunk may have work again after its job has ended: an operator retries what has failed.
    """
    stamp = {"now": microseconds(now)}
    await connection.execute(_MISSING, stamp)
    await connection.execute(_EARLIER, stamp)
    await connection.execute(_NEEDLESS)
    await connection.execute(_OLD)
