"""Small builders for the tests of the ways in."""

from __future__ import annotations

from pathlib import Path

from feeds.sources import Defaults, ReadFile, read_file
from feeds.sources.outcome import Origin

PARIS = Defaults("courier", "en", "Europe/Paris")


def origin(relative: str = "page.txt") -> Origin:
    return Origin(f"in/{relative}", relative, PARIS)


def read(folder: Path, name: str, content: str | bytes, defaults: Defaults = PARIS) -> ReadFile:
    """Write a file and read it as the file `name` of the source `courier`."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_file(path, relative=name, shown=f"in/{name}", defaults=defaults)


def messages(read: ReadFile) -> list[str]:
    return [str(problem) for problem in read.problems]
