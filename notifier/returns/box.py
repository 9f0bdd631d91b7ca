"""Where returned messages wait: a Maildir, read by whoever runs the service or the command.

A message is moved to `cur` once it was dealt with, never before; what cannot be read is told and
stays. Reads no more of a file than is looked at.
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path

from notifier.errors import TransportError
from notifier.returns.mail import MOST_OCTETS

_MOST = 1000  # files at a time


@dataclass(frozen=True, slots=True)
class ReturnBox:
    """The Maildir at `path`; it must be there, for a mail server delivers into it."""

    path: Path

    async def waiting(self) -> list[Path]:
        """Return up to a thousand files in `new`, the oldest names first; raises TransportError."""
        return await asyncio.to_thread(self._waiting)

    async def read(self, file: Path) -> bytes | None:
        """Return what is looked at of a message; None where somebody else has moved it."""
        return await asyncio.to_thread(_read, file)

    async def put_away(self, file: Path) -> None:
        """Move a message to `cur`, as read."""
        await asyncio.to_thread(self._put_away, file)

    def _waiting(self) -> list[Path]:
        try:
            with os.scandir(self.path / "new") as entries:
                names = sorted(one.name for one in entries if one.is_file(follow_symlinks=False))
            (self.path / "cur").mkdir(exist_ok=True)
        except OSError as error:
            raise TransportError(f"{self.path} is no Maildir: {error.strerror or error}") from error
        return [self.path / "new" / name for name in names if not name.startswith(".")][:_MOST]

    def _put_away(self, file: Path) -> None:
        name = file.name if ":2," in file.name else f"{file.name}:2,S"
        try:
            file.rename(self.path / "cur" / name)
        except FileNotFoundError:
            return  # another reader of this box was faster
        except OSError as error:
            raise TransportError(f"{file} cannot be put away: {error.strerror}") from error


def _read(file: Path) -> bytes | None:
    try:
        with file.open("rb") as stream:
            return stream.read(MOST_OCTETS)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise TransportError(f"{file} cannot be read: {error.strerror}") from error
