"""One sender, one service per SQLite store: a lock that dies with its process."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from notifier.errors import AlreadyRunning


@contextmanager
def alone(store: Path | None, role: str) -> Iterator[None]:
    """Hold `role` on the SQLite file `store`; on PostgreSQL (None) many may have it.

    Raises AlreadyRunning, naming the process that has it.
    """
    if store is None:
        yield
        return
    handle = os.open(f"{store}-{role}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            other = os.pread(handle, 32, 0).decode(errors="replace").strip() or "unknown"
            raise AlreadyRunning(
                f"process {other} has the role `{role}` on {store} already; a SQLite store has"
                " room for one: stop that process, or move to PostgreSQL",
                other,
            ) from None
        os.truncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(handle)


def is_taken(store: Path, role: str) -> bool:
    """Tell whether the process that last had `role` on the SQLite file `store` is still there."""
    try:
        os.kill(int(Path(f"{store}-{role}").read_text(encoding="ascii")), 0)
    except PermissionError:  # it is, and belongs to somebody else
        return True
    except (OSError, ValueError, OverflowError):
        return False
    return True
