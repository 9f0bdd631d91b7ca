"""Watching the files of a configuration: tells when they have changed and are no longer written to.

Folders are watched, never files: editors rename, and Kubernetes swaps a link. What the system does
not tell of, as on network file systems, is seen by looking every few seconds.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from watchfiles import awatch

SETTLED = 0.5  # seconds for which nothing has changed
_LOOK = 3000  # milliseconds after which we look though nothing was told
_LONGEST = 20  # times that we wait for a file that is written to without end

State = tuple[tuple[str, int, int, int], ...]


@dataclass(frozen=True, slots=True)
class Watched:
    """What belongs to the configuration at `path`: its templates, and `files` it refers to."""

    path: Path
    files: tuple[Path, ...] = ()

    @property
    def _templates(self) -> Path:
        return (self.path if self.path.is_dir() else self.path.parent) / "templates"

    def folders(self) -> tuple[Path, ...]:
        """Return the folders in which something may change, as far as they are there."""
        home = self.path if self.path.is_dir() else self.path.parent
        found = {home, *(file.parent for file in self.files), self._templates}
        found |= {folder for folder in self._templates.rglob("*") if folder.is_dir()}
        return tuple(sorted(folder for folder in found if folder.is_dir()))

    def state(self) -> State:
        """Return what tells these files from what they become, links followed."""
        listed = self.path.glob("*.yaml") if self.path.is_dir() else [self.path]
        templates = (file for file in self._templates.rglob("*") if not file.is_dir())
        return tuple(_states(sorted({*listed, *templates, *self.files})))


def _states(files: Iterable[Path]) -> Iterator[tuple[str, int, int, int]]:
    for file in files:
        try:
            found = file.stat()
        except OSError:
            yield str(file), 0, 0, 0
        else:
            yield str(file), found.st_mtime_ns, found.st_size, found.st_ino


async def changes(
    watched: Callable[[], Watched], seen: State, stop: asyncio.Event
) -> AsyncIterator[None]:
    """Yield once at each change since `seen`, once files are left alone for SETTLED seconds.

    What is `watched` is asked for anew each time, for a configuration may refer to other files.
    """
    while not stop.is_set():
        folders = await asyncio.to_thread(watched().folders)
        async for _ in _rings(folders, stop):
            state = await asyncio.to_thread(watched().state)
            if state != seen:
                seen = await _settled(watched(), state)
                yield
            if await asyncio.to_thread(watched().folders) != folders:
                break


async def _settled(watched: Watched, state: State) -> State:
    for _ in range(_LONGEST):
        await asyncio.sleep(SETTLED)
        before, state = state, await asyncio.to_thread(watched.state)
        if state == before:
            break
    return state


async def _rings(folders: tuple[Path, ...], stop: asyncio.Event) -> AsyncIterator[None]:
    """Yield when something happens in `folders`, and every few seconds in any case."""
    try:
        async for _ in awatch(
            *folders,
            watch_filter=None,
            debounce=200,
            stop_event=stop,
            rust_timeout=_LOOK,
            yield_on_timeout=True,
            recursive=False,
        ):
            yield
    except (OSError, RuntimeError):  # a folder went away as we began, or there is no more room
        await asyncio.sleep(_LOOK / 1000)
        yield
