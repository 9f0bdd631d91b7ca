"""A folder of documents: which files are candidates, and which of them have come to rest.

Looks at names and states only, reads no file. Leaves out dotfiles, backups, suffixes that are not
known and links that lead out of the folder; refuses a folder that cannot be looked at.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from feeds.document import Place, Problem
from feeds.errors import SourceError
from feeds.sources.files import SUFFIXES


@dataclass(frozen=True, slots=True)
class FileState:
    """A file as it was seen: POSIX path inside the folder, octets, nanoseconds, inode.

    Two equal states mean that nothing wrote to the file in between.
    """

    relative: str
    size: int
    mtime_ns: int
    inode: int


@dataclass(frozen=True, slots=True)
class Scan:
    """The candidate files of a folder in the order of their names, and what was in the way."""

    files: tuple[FileState, ...] = ()
    problems: tuple[Problem, ...] = ()


def scan(folder: Path) -> Scan:
    """Return the state of every file in `folder` and its sub-folders that may hold documents.

    Raises SourceError if `folder` is not there or cannot be read.
    """
    try:
        root = folder.resolve(strict=True)
        with os.scandir(root) as entries:
            waiting = list(entries)
    except OSError as error:
        raise SourceError(_why(folder, error)) from error
    files: list[FileState] = []
    problems: list[Problem] = []
    while waiting:
        entry = waiting.pop()
        try:
            if _is_ignored(entry.name):
                continue
            if entry.is_dir(follow_symlinks=False):
                with os.scandir(entry) as entries:
                    waiting.extend(entries)
            elif Path(entry.name).suffix.lower() in SUFFIXES:
                files += _state(entry, root)
        except OSError as error:
            place = Place(str(folder / os.path.relpath(entry.path, root)))
            problems.append(Problem(place, f"cannot be read: {error.strerror}"))
        except _NotOursError as error:
            place = Place(ascii(str(folder / os.path.relpath(entry.path, root)))[1:-1])
            problems.append(Problem(place, str(error)))
    files.sort(key=lambda state: state.relative)
    problems.sort(key=str)
    return Scan(tuple(files), tuple(problems))


def settled(state: FileState, now_ns: int, earlier: FileState | None, settle_ns: int) -> bool:
    """Tell whether the file in `state` rests at `now_ns`, so that it may be read.

    It rests when nothing wrote to it for `settle_ns`; where its time lies in the future (a clock
    that is wrong), when it looked the same at an `earlier` look.
    """
    age = now_ns - state.mtime_ns
    return age >= settle_ns if age >= 0 else state == earlier


class _NotOursError(Exception):
    """A file that has a fitting name and must not be read all the same."""


def _state(entry: os.DirEntry[str], root: Path) -> list[FileState]:
    relative = Path(entry.path).relative_to(root).as_posix()
    try:
        relative.encode()
    except UnicodeEncodeError:
        raise _NotOursError("the name of the file is not UTF-8; rename it") from None
    if entry.is_symlink() and not Path(entry.path).resolve(strict=True).is_relative_to(root):
        raise _NotOursError("a link that leads out of the folder is not followed")
    if not entry.is_file():
        return []
    status = entry.stat()
    return [FileState(relative, status.st_size, status.st_mtime_ns, status.st_ino)]


def _is_ignored(name: str) -> bool:
    """Hidden files, what editors leave behind, and files on their way in."""
    return name.startswith((".", "~$", "#")) or name.endswith(("~", "#"))


def _why(folder: Path, error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return f"{folder}: there is no such folder; create it, mount it or correct the source"
    if isinstance(error, NotADirectoryError):
        return f"{folder}: this is a file, not a folder; name the folder that it is in"
    if isinstance(error, PermissionError):
        return f"{folder}: no permission to read this folder; let the service's user read it"
    return f"{folder}: cannot be read: {error.strerror}"
