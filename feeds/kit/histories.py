"""Migrations of a store, one history for each package; Alembic is imported only when one is due."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class History:
    """The migrations of one package: a folder of Alembic scripts and their newest revision."""

    name: str
    folder: Path
    head: str

    @property
    def table(self) -> str:
        """Where the revision in force is kept."""
        return f"alembic_version_{self.name}"


def is_newer(revision: str, history: History) -> bool:
    """Tell whether a version of this program that is newer than this one has left `revision`."""
    return revision > history.head


def upgrade(connection: object, history: History) -> None:
    """Run the missing migrations; Alembic is imported only when there are any."""
    from alembic import command  # noqa: PLC0415 - slow to import, and seldom needed
    from alembic.config import Config  # noqa: PLC0415 - as above

    config = Config()
    config.set_main_option("script_location", str(history.folder).replace("%", "%%"))
    config.attributes["connection"] = connection
    config.attributes["version_table"] = history.table
    command.upgrade(config, "head")
