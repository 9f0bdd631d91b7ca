"""The shelf that is a folder: a static tree for any web server.

Writes each file whole or not at all, touches nothing that did not change, and removes only what
it has written itself: a manifest in the folder names that.
"""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath

from feeds.errors import FeedsError
from feeds.kit.text import one_line

_MANIFEST = ".paperround.json"


@dataclass(slots=True)
class Mirrored:
    """What a mirroring did to the folder."""

    written: int = 0
    unchanged: int = 0
    removed: int = 0


class DirectoryShelf:
    """A static tree below `folder`, brought up to date by `put` for each file, then `finish`.

    Paths are relative, in POSIX form. Raises FeedsError when the folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._done: set[str] = set()
        self._mirrored = Mirrored()

    def put(self, path: str, body: bytes, modified: datetime) -> None:
        """Write `body` to `path` unless it stands there already."""
        self._done.add(path)
        try:
            changed = _write(self._place(path), body, modified)
        except OSError as error:
            raise self._failure(error) from error
        self._mirrored.written += changed
        self._mirrored.unchanged += not changed

    def finish(self) -> Mirrored:
        """Remove what an earlier mirroring wrote and this one did not; tell what was done."""
        try:
            before = self._manifest()
            for path in sorted(before - self._done):
                self._remove(path)
                self._mirrored.removed += 1
            if before != self._done:
                listing = json.dumps(sorted(self._done), ensure_ascii=False, indent=0)
                _write_whole(self._folder / _MANIFEST, listing.encode())
        except OSError as error:
            raise self._failure(error) from error
        return self._mirrored

    def _remove(self, path: str) -> None:
        """Remove a file, and the folders that it leaves empty."""
        place = self._place(path)
        place.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            for _ in PurePosixPath(path).parts[1:]:
                place = place.parent
                place.rmdir()

    def _manifest(self) -> set[str]:
        try:
            listing = json.loads((self._folder / _MANIFEST).read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return set()
        paths = listing if isinstance(listing, list) else []
        return {path for path in paths if isinstance(path, str)}

    def _place(self, path: str) -> Path:
        parts = PurePosixPath(path)
        if parts.is_absolute() or ".." in parts.parts:
            raise FeedsError(f"{one_line(path)} leads out of the folder")
        return self._folder.joinpath(*parts.parts)

    def _failure(self, error: OSError) -> FeedsError:
        return FeedsError(f"cannot write to {self._folder}: {error.strerror}")


def _write(place: Path, body: bytes, modified: datetime) -> bool:
    if place.is_file() and place.stat().st_size == len(body) and place.read_bytes() == body:
        return False
    earlier = place.stat().st_mtime if place.exists() else 0.0
    place.parent.mkdir(parents=True, exist_ok=True)
    # Web servers make validators from the time of change in seconds: it must rise.
    _write_whole(place, body, max(modified.timestamp(), int(earlier) + 1.0))
    return True


def _write_whole(place: Path, body: bytes, stamp: float | None = None) -> None:
    """Write, flush to the disk, rename: a reader sees the old file or the new one."""
    draft = place.with_name(f".{place.name}.draft")
    with draft.open("wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    if stamp is not None:
        os.utime(draft, (stamp, stamp))
    draft.replace(place)
