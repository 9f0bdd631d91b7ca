"""The way out into a Maildir on this machine, as a final delivery (RFC 5321, 4.4).

A file is named after the Message-ID, so a letter that is sent again after a crash stands there
once, also when a mail program has moved it meanwhile. A full or unwritable disk defers; what is
in a reader's way is never an error of ours.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

from notifier.delivery.addresses import wire_address
from notifier.delivery.delivery import Answer, Letter, Phase, Verdict, unanswered
from notifier.delivery.stream import Work
from notifier.delivery.transaction import Permit
from notifier.errors import InvalidMessage
from notifier.settings import DkimProfile

_FOLDERS = ("tmp", "new", "cur")


@dataclass(frozen=True, slots=True)
class MaildirTransport:
    """Letters into the Maildir at `path`, which is made when the first one comes."""

    path: Path

    @contextlib.asynccontextmanager
    async def session(self) -> AsyncIterator[MaildirSession]:
        """Yield a session; it holds nothing open between letters."""
        yield MaildirSession(self.path)

    async def check(self) -> Answer | None:
        """Return None when the Maildir is there and takes files, or could be made; makes none."""
        return await asyncio.to_thread(self._check)

    def _check(self) -> Answer | None:
        try:
            folder = self.path / "tmp"
            while not folder.exists() and folder != folder.parent:
                folder = folder.parent
            if not (folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)):
                return unanswered(Phase.CONNECT, "the Maildir cannot be written")
        except OSError as error:
            return _hindered(Phase.CONNECT, error)
        return None


class MaildirSession:
    """Deliveries into one Maildir, one after the other."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: set[str] | None = None

    @property
    def profile(self) -> DkimProfile | None:
        """How letters that go here are signed: as all are."""
        return None

    async def ready(self, stop: asyncio.Event | None = None) -> Answer | None:
        """Return None: a disk is always ready, or says what it cannot do when asked to."""

    async def send(self, letter: Letter, permit: Permit | None = None) -> Answer:
        """Return ACCEPTED once `letter` is on the disk for good, DEFERRED when it cannot be.

        So it is when `permit`, awaited before anything is written, says no.
        """
        try:
            trace = _trace(letter)
        except InvalidMessage as error:
            return Answer(verdict=Verdict.FAILED, phase=Phase.RECIPIENT, text=str(error))
        if permit is not None and not await permit():
            return unanswered(Phase.DATA, "withheld")
        try:
            await asyncio.to_thread(self._deliver, letter, trace)
        except OSError as error:
            return _hindered(Phase.BODY, error)
        return Answer(verdict=Verdict.ACCEPTED, phase=Phase.ANSWER, text="in the Maildir")

    async def stream(self, work: Work) -> None:
        """Begin nothing: the disk is what takes the time."""

    def _deliver(self, letter: Letter, trace: bytes) -> None:
        if self._known is None:
            _prepare(self._path)
            self._known = set(_names(self._path))
        name = _name(letter.message_id)
        if name not in self._known:
            _write(self._path, name, trace + letter.content.replace(b"\r\n", b"\n"))
            self._known.add(name)


def _name(message_id: str) -> str:
    digest = hashlib.sha256(message_id.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{digest[:40]}.paperround"


def _trace(letter: Letter) -> bytes:
    sender = wire_address(letter.sender) if letter.sender else ""
    recipient = wire_address(letter.recipient)
    return f"Return-Path: <{sender}>\nDelivered-To: {recipient}\n".encode()


def _prepare(path: Path) -> None:
    for folder in _FOLDERS:
        (path / folder).mkdir(mode=0o700, parents=True, exist_ok=True)


def _names(path: Path) -> Iterator[str]:
    """Look into `new` first: a mail program moves files to `cur`, never back."""
    for folder in ("new", "cur"):
        for entry in os.scandir(path / folder):
            yield entry.name.partition(":")[0]


def _write(path: Path, name: str, content: bytes) -> None:
    draft = path / "tmp" / f"{name}.{os.getpid()}"
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(path / "new" / name)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    _sync_folder(path / "new")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _hindered(phase: Phase, error: OSError) -> Answer:
    return unanswered(phase, f"the Maildir cannot be written: {error.strerror or error}")
