"""PgQueuer: its tables under names of ours, and jobs that are taken from it.

The only importer of pgqueuer. Knows nothing of chunks. The library would read names from the
environment, so all of them are given.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from pgqueuer.adapters.drivers.psycopg import PsycopgDriver
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment, QueryQueueBuilder
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.domain.settings import DBSettings, Durability
from pgqueuer.domain.types import Channel, QueueEntrypoint, QueueManagerId
from pgqueuer.ports.repository import EntrypointExecutionParameter

from notifier.delivery.carriers.names import KIND, TABLE

if TYPE_CHECKING:
    from feeds.kit.database import DriverConnection

_SETTINGS = DBSettings(
    prefix="",
    db_schema=None,
    channel=Channel("paperround_jobs"),
    function="paperround_jobs_changed",
    statistics_table=f"{TABLE}_statistics",
    queue_status_type=f"{TABLE}_status",
    queue_table=TABLE,
    queue_table_log=f"{TABLE}_log",
    trigger="paperround_jobs_changed",
    schedules_table=f"{TABLE}_schedules",
    durability=Durability.durable,
)


def tables() -> str:
    """Return the statements that make what the library wants to find in a database."""
    return QueryBuilderEnvironment(settings=_SETTINGS).build_install_query()


async def missing(connection: DriverConnection) -> list[str]:
    """Return the statements that the tables in a database differ by from those."""
    return list((await _queries(connection).plan_upgrade()).statements)


class Worker:
    """Whoever takes jobs, under a name of its own."""

    def __init__(self, patience: timedelta) -> None:
        self.id = uuid4()
        self._patience = patience

    async def take(self, connection: DriverConnection, most: int) -> list[bytes]:
        """Take jobs that are due, or whose worker has given no sign of life for the patience.

        Returns what they are about. `connection` must commit each statement.
        """
        found = await _queries(connection).dequeue(
            batch_size=most,
            entrypoints={QueueEntrypoint(KIND): EntrypointExecutionParameter(concurrency_limit=0)},
            queue_manager_id=QueueManagerId(self.id),
            global_concurrency_limit=None,
            heartbeat_timeout=self._patience,
        )
        return [job.payload or b"" for job in found]


def _queries(connection: DriverConnection) -> Queries:
    return Queries(
        PsycopgDriver(connection),
        qbe=QueryBuilderEnvironment(settings=_SETTINGS),
        qbq=QueryQueueBuilder(settings=_SETTINGS),
    )
