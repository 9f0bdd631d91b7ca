"""Which files of a source have been read, and how they looked then: spares reading them again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from feeds.kit.database import Database, Lock
from feeds.store.tables import source_files

_CHUNK = 500
_INODES = 2**64  # inodes are unsigned, a database's numbers are not


@dataclass(frozen=True, slots=True)
class SeenFile:
    """A file as it looked when it was read; `path` relative to its source, size in octets."""

    path: str
    size: int
    mtime_ns: int
    inode: int


class FileMemory:
    """All SQL about the files of sources."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, source: str) -> dict[str, SeenFile]:
        """Return the files of `source` that have been read, by path."""
        query = select(
            source_files.c.path,
            source_files.c.size,
            source_files.c.mtime_ns,
            source_files.c.inode,
        ).where(source_files.c.source == source)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return {
            path: SeenFile(path, size, mtime_ns, inode % _INODES)
            for path, size, mtime_ns, inode in rows
        }

    async def remember(self, source: str, files: Iterable[SeenFile]) -> None:
        """Record how `files` looked when they were read."""
        files = {file.path: file for file in files}.values()
        values = [
            {
                "source": source,
                "path": file.path,
                "size": file.size,
                "mtime_ns": file.mtime_ns,
                "inode": _signed(file.inode),
            }
            for file in files
        ]
        if values:
            async with self._database.write(Lock.INGEST) as connection:
                await _forget(connection, source, [file.path for file in files])
                await connection.execute(insert(source_files), values)

    async def forget(self, source: str, paths: list[str]) -> None:
        """Drop files that are no longer there; their articles stay as they are."""
        if not paths:
            return
        async with self._database.write(Lock.INGEST) as connection:
            await _forget(connection, source, paths)


def _signed(inode: int) -> int:
    return inode - _INODES if inode >= _INODES // 2 else inode


async def _forget(connection: AsyncConnection, source: str, paths: list[str]) -> None:
    for start in range(0, len(paths), _CHUNK):
        some = source_files.c.path.in_(paths[start : start + _CHUNK])
        await connection.execute(delete(source_files).where(source_files.c.source == source, some))
