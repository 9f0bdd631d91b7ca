"""What every way out offers, and which one the settings ask for.

Refuses settings that can never work; a server that misbehaves is an Answer, not an error.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from notifier.delivery.delivery import Answer, Letter
from notifier.delivery.maildir import MaildirTransport
from notifier.delivery.smtp import SmtpTransport
from notifier.settings import Maildir, SmtpRelay


class Session(Protocol):
    """One way out in use, for one letter after the other: never two at a time."""

    async def send(self, letter: Letter) -> Answer:
        """Return what became of `letter`; whatever the other side does is an answer."""


class Transport(Protocol):
    """A way out; its sessions are independent of each other and may run at the same time."""

    def session(self) -> AbstractAsyncContextManager[Session]:
        """Return a session to be entered; leaving it lets go of whatever it holds."""

    async def check(self) -> Answer | None:
        """Return None when a letter could leave now, else what stands in the way."""


def open_transport(settings: SmtpRelay | Maildir) -> Transport:
    """Return the way out that `settings` name; TransportError when it can never work."""
    if isinstance(settings, Maildir):
        return MaildirTransport(settings.path)
    return SmtpTransport(settings)
