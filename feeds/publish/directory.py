"""The shelf that is a folder: a static tree for any web server.

Writes each file whole or not at all, with its compressed forms beside it, touches nothing that did
not change, and removes only what it has written itself: a manifest in the folder names that.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath

from feeds.errors import FeedsError
from feeds.kit.compression import ENDINGS, worthwhile
from feeds.kit.text import one_line

_MANIFEST = ".paperround.json"


@dataclass(slots=True)
class Mirrored:
    """What a mirroring did to the folder; a file and its compressed forms count as one."""

    written: int = 0
    unchanged: int = 0
    removed: int = 0


class DirectoryShelf:
    """A static tree below `folder`, brought up to date by `put` for each file, then `finish`.

    Paths are relative, in POSIX form. Raises FeedsError when the folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._before: dict[str, str] | None = None
        self._done: dict[str, str] = {}  # the key of each file that is to stand here
        self._stirred: set[Path] = set()  # folders in which a name has changed
        self._mirrored = Mirrored()

    def stands(self, path: str, key: str) -> bool:
        """Tell whether what was put to `path` with this `key` stands there; then it stays."""
        try:
            stands = self._earlier().get(path) == key and self._place(path).is_file()
        except OSError as error:
            raise self._failure(error) from error
        if stands:
            self._done[path] = key
            self._mirrored.unchanged += 1
        return stands

    def put(self, path: str, body: bytes, modified: datetime, key: str = "") -> None:
        """Write `body` to `path` unless it stands there already."""
        counted = path in self._done
        self._done[path] = key
        try:
            changed = self._write(self._place(path), body, modified)
        except OSError as error:
            raise self._failure(error) from error
        self._mirrored.written += changed
        self._mirrored.unchanged += not changed and not counted

    def finish(self) -> Mirrored:
        """Remove what an earlier mirroring wrote and this one did not; tell what was done."""
        try:
            before = self._earlier()
            for path in sorted(before.keys() - self._done.keys()):
                self._remove(path)
                self._mirrored.removed += 1
            self._settle()
            if before != self._done:
                listing = json.dumps(self._done, ensure_ascii=False, indent=0, sort_keys=True)
                _write_whole(self._folder / _MANIFEST, listing.encode())
                self._stirred.add(self._folder)
                self._settle()
        except OSError as error:
            raise self._failure(error) from error
        return self._mirrored

    def _remove(self, path: str) -> None:
        """Remove a file with its compressed forms, and the folders that it leaves empty."""
        place = self._place(path)
        for each in (place, *_forms(place).values()):
            each.unlink(missing_ok=True)
        self._stirred.update((place.parent, place.parent.parent))
        with contextlib.suppress(OSError):
            for _ in PurePosixPath(path).parts[1:]:
                place = place.parent
                place.rmdir()

    def _write(self, place: Path, body: bytes, modified: datetime) -> bool:
        if _standing(place, body):
            return False
        place.parent.mkdir(parents=True, exist_ok=True)
        places = _forms(place)
        stamp = _stamp([place, *places.values()], modified)
        forms = worthwhile(body)
        for coding, beside in places.items():
            if coding in forms:
                _write_whole(beside, forms[coding], stamp)
            else:
                beside.unlink(missing_ok=True)
        # The file itself last: where it stands, what is beside it does too.
        _write_whole(place, body, stamp)
        self._stirred.add(place.parent)
        return True

    def _settle(self) -> None:
        """See to it that the new names are on the disk too."""
        for folder in sorted(self._stirred):
            with contextlib.suppress(FileNotFoundError):
                handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
                try:
                    os.fsync(handle)
                finally:
                    os.close(handle)
        self._stirred.clear()

    def _earlier(self) -> dict[str, str]:
        """Return what an earlier mirroring wrote, with its keys."""
        if self._before is None:
            try:
                listing = json.loads((self._folder / _MANIFEST).read_text(encoding="utf-8"))
            except (FileNotFoundError, ValueError):
                listing = {}
            paths = listing.items() if isinstance(listing, dict) else ()
            self._before = {path: key for path, key in paths if isinstance(key, str)}
        return self._before

    def _place(self, path: str) -> Path:
        parts = PurePosixPath(path)
        if parts.is_absolute() or ".." in parts.parts:
            raise FeedsError(f"{one_line(path)} leads out of the folder")
        return self._folder.joinpath(*parts.parts)

    def _failure(self, error: OSError) -> FeedsError:
        return FeedsError(f"cannot write to {self._folder}: {error.strerror}")


def _forms(place: Path) -> dict[str, Path]:
    """Return where the compressed forms of a file stand, by coding."""
    return {coding: place.with_name(place.name + ending) for coding, ending in ENDINGS.items()}


def _standing(place: Path, body: bytes) -> bool:
    """Tell whether `body` stands there, and nothing beside it is of another time."""
    try:
        found = place.stat()
        if found.st_size != len(body) or place.read_bytes() != body:
            return False
        stamps = {form.stat().st_mtime_ns for form in _forms(place).values() if form.exists()}
    except FileNotFoundError:
        return False
    return stamps <= {found.st_mtime_ns}


def _stamp(places: Iterable[Path], modified: datetime) -> float:
    """Return a time of change in seconds that is later than that of what stands there.

    Web servers make validators of it, in whole seconds: it must rise.
    """
    earlier = [int(place.stat().st_mtime) + 1.0 for place in places if place.exists()]
    return max([modified.timestamp(), *earlier])


def _write_whole(place: Path, body: bytes, stamp: float | None = None) -> None:
    """Write, flush to the disk, rename: a reader sees the old file or the new one."""
    draft = place.with_name(f".{place.name}.draft")
    with draft.open("wb") as file:
        file.write(body)
        file.flush()
        if stamp is not None:
            os.utime(draft, (stamp, stamp))
        os.fsync(file.fileno())
    draft.replace(place)
