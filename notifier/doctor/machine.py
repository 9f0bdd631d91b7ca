"""The machine: room on its disks, its clock, its zones, and who may read the secrets."""

from __future__ import annotations

import os
import re
import shutil
import stat
import zoneinfo
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from importlib import resources
from pathlib import Path

from notifier.deliverability.finding import About, Finding

_SCARCE, _SPENT = 500 << 20, 50 << 20  # octets of room: to be told of, and too few to go on
_SLACK = timedelta(seconds=2)  # that clocks of one machine may be stepped back
_FILE = re.compile(r"\$\{file:([^}\n]+)\}")
_SYNCHRONISED = Path("/run/systemd/timesync/synchronized")
_MOST = 1 << 20  # octets of a file of the configuration that are looked through


def look_at_disk(folders: Iterable[tuple[str, Path]]) -> Iterator[Finding]:
    """Return whether each folder, told with what it is for, can be written to and has room."""
    for purpose, folder in folders:
        about, there = About("disk"), _existing(folder)
        free = shutil.disk_usage(there).free
        room = f"{folder} ({purpose}) has {free / (1 << 30):.1f} GiB of room"
        if not os.access(there, os.W_OK | os.X_OK):
            advice = f"let the user that the service runs as write in {there}"
            yield about.wrong(f"{folder} ({purpose}) cannot be written to", advice)
        elif free < _SPENT:
            yield about.wrong(room, "make room: what cannot be written stops the service")
        elif free < _SCARCE:
            yield about.doubtful(room, "make room before it is needed")
        else:
            yield about.fine(room)


def look_at_clock(
    now: datetime, last: datetime | None, synchronised: Path = _SYNCHRONISED
) -> Finding:
    """Return whether the clock has gone back behind what the store remembers."""
    about = About("clock")
    if last is not None and now < last - _SLACK:
        behind = timedelta(seconds=round((last - now).total_seconds()))
        advice = "set the clock; until it has caught up, nothing is opened"
        return about.wrong(f"the clock is {behind} behind the last issue in the store", advice)
    if not synchronised.exists():
        message = "nothing says whether the clock is kept by a time server"
        advice = "with systemd: `timedatectl set-ntp true`; fine where chrony or the host does it"
        return about.unknown(message, advice)
    return about.fine("the clock is kept by a time server, and not behind the store")


def look_at_zones(system: Iterable[str] = zoneinfo.TZPATH) -> Finding:
    """Return which zone database is used; that of the system goes before the one that we bring."""
    about, ours = About("zones"), _version_of_ours()
    for folder in map(Path, system):
        found = _version_in(folder / "tzdata.zi")
        if not found:
            continue
        if found < ours:
            advice = "upgrade the system's tzdata; or start us with PYTHONTZPATH= for ours"
            message = f"zones are read from {folder}, which is of {found}; there is {ours}"
            return about.doubtful(message, advice)
        return about.fine(f"zones are read from {folder}, which is of {found}")
    return about.fine(f"zones are those that come along, of {ours}")


def look_at_secrets(files: Iterable[Path], secrets: Iterable[str]) -> Iterator[Finding]:
    """Return which files with secrets others may read: those named by `${file:}`, and YAML."""
    about, known = About("secrets"), [secret for secret in secrets if len(secret) > 3]
    holding: dict[Path, None] = {}
    for file in files:
        text = _text(file)
        if any(secret in text for secret in known):
            holding[file] = None
        holding.update(dict.fromkeys(file.parent / name.strip() for name in _FILE.findall(text)))
    held = [file for file in holding if file.exists()]
    for file in held:
        if file.stat().st_mode & stat.S_IROTH:
            message = f"{file} has secrets, and anybody on this machine may read it"
            yield about.wrong(message, f"chmod o-rwx {file}")
    if held and not any(file.stat().st_mode & stat.S_IROTH for file in held):
        told = "1 file with secrets is" if len(held) == 1 else f"{len(held)} files with secrets are"
        yield about.fine(f"{told} closed to others")


def _existing(folder: Path) -> Path:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder


def _version_of_ours() -> str:
    text = resources.files("tzdata").joinpath("__init__.py").read_text(encoding="utf-8")
    match = re.search(r'IANA_VERSION = "(\w+)"', text)
    return match[1] if match else ""


def _version_in(file: Path) -> str:
    try:
        with file.open(encoding="utf-8") as lines:
            match = re.match(r"# version (\w+)", lines.readline())
    except (OSError, UnicodeError):
        return ""
    return match[1] if match else ""


def _text(file: Path) -> str:
    try:
        with file.open(encoding="utf-8", errors="replace") as lines:
            return lines.read(_MOST)
    except OSError:
        return ""
