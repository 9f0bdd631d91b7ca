"""The store, whether it is whole and its books are quiet; and the folders of sources."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from feeds.errors import SourceError, StoreError
from feeds.kit.database import Database
from feeds.kit.integrity import Integrity, integrity
from feeds.sources import scan
from notifier.deliverability.finding import About, Finding
from notifier.delivery.facts import Facts, facts
from notifier.settings import FolderSource, Settings

_MUCH = 0.5  # of a file that holds nothing
_LARGE = 100 << 20  # octets below which that does not matter
_LATE = timedelta(hours=6)  # that an issue may be under way


async def look_at_store(settings: Settings, now: datetime) -> tuple[list[Finding], datetime | None]:
    """Return how the store is, and the last moment that it knows of; no store is no finding."""
    file = settings.store_file
    if file is not None and not file.exists():
        return [], None
    about, database = About("store", ("store",)), Database(settings.store)
    try:
        found = list(_whole(await integrity(database), about))
        books = await facts(database)
    except StoreError as error:
        advice = "see that it is there and ours, and that no other program holds it"
        return [about.wrong(str(error), advice)], None
    finally:
        await database.close()
    if file is not None and file.stat().st_mode & stat.S_IROTH:
        message = f"{file} can be read by everybody on this machine, and holds keys and addresses"
        found.append(about.doubtful(message, f"chmod o-rwx {file} {file}-wal {file}-shm"))
    return [*found, *_books(books, now)], books.last


def _whole(store: Integrity, about: About) -> Iterator[Finding]:
    if store.damage:
        advice = "stop the service and restore the last backup; see `Backing up` in the docs"
        yield about.wrong(f"the store is damaged: {store.damage}", advice)
    else:
        yield about.fine(f"{store.engine}; no damage was found")
    if store.free > _MUCH and store.octets > _LARGE:
        message = f"{store.free:.0%} of {store.octets >> 20} MiB of the store hold nothing"
        yield about.doubtful(message, "stop the service, then: sqlite3 FILE VACUUM")
    if store.old:
        yield About("sqlite").fine(
            "older than 3.51.3, where two programs that write at once may lose a log; ours take"
            " turns by a lock file, so let no other program write to the store"
        )


def _books(books: Facts, now: datetime) -> Iterator[Finding]:
    about = About("deliveries")
    quiet = True
    if books.in_doubt:
        quiet = False
        message = f"{books.in_doubt} deliveries are in doubt: nobody knows whether they were taken"
        yield about.doubtful(message, "paperround deliveries list --state in_doubt")
    if books.held:
        quiet = False
        message = f"{books.held} issues have far more articles than usual, and wait for your word"
        yield about.doubtful(message, "paperround status; paperround send --release")
    if books.open_since and now - books.open_since > _LATE:
        quiet = False
        hours = (now - books.open_since) // timedelta(hours=1)
        message = f"{books.open} issues are under way, the oldest for {hours} hours"
        yield about.doubtful(message, "see that the service runs, and what its log says of `send`")
    if quiet:
        yield about.fine("nothing is in doubt, held, or late")


async def look_at_sources(sources: Sequence[FolderSource], now: datetime) -> list[Finding]:
    """Return for each source whether its folder can be read, and how new the newest file is."""
    return [await _source(source, now) for source in sources]


async def _source(source: FolderSource, now: datetime) -> Finding:
    about = About("sources", ("sources",))
    try:
        found = await asyncio.to_thread(scan, source.folder)
    except SourceError as error:
        advice = "make the folder, or let the user that the service runs as read it"
        return about.wrong(f"{source.name}: {error}", advice)
    if not found.files:
        message = f"{source.name}: {source.folder} has no files"
        return about.doubtful(message, "see that it is the right folder, and mounted")
    newest = max(state.mtime_ns for state in found.files) / 1e9
    age = timedelta(seconds=max(int(now.timestamp() - newest), 0))
    number = len(found.files)
    told = "1 file, which" if number == 1 else f"{number} files, the newest of which"
    return about.fine(f"{source.name}: {told} was written {age} ago")
