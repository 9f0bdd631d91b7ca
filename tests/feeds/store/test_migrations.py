"""The migrations of both packages lead to exactly the tables that the code speaks of."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData

import feeds.store.tables
import notifier.tables
from feeds.kit.database import Database
from feeds.kit.histories import History
from tests.conftest import HISTORIES

METADATA = {"feeds": feeds.store.tables.metadata, "notifier": notifier.tables.metadata}


@pytest.mark.parametrize("history", HISTORIES, ids=lambda history: history.name)
async def test_the_history_ends_in_the_tables_of_the_code(
    database: Database, history: History
) -> None:
    def differences(connection: Connection, metadata: MetaData) -> list[object]:
        names = set(metadata.tables)
        options = {
            "version_table": history.table,
            "include_name": lambda name, kind, _: kind != "table" or name in names,
        }
        context = MigrationContext.configure(connection, opts=options)
        return list(compare_metadata(context, metadata))

    async with database.write() as connection:
        assert await connection.run_sync(differences, METADATA[history.name]) == []


@pytest.mark.parametrize("history", HISTORIES, ids=lambda history: history.name)
def test_the_head_is_the_one_the_code_expects(history: History) -> None:
    config = Config()
    config.set_main_option("script_location", str(history.folder))
    assert ScriptDirectory.from_config(config).get_heads() == [history.head]


async def test_migrating_again_does_nothing(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'new.db'}")
    await database.migrate(HISTORIES)
    await database.migrate(HISTORIES)
    await database.close()
