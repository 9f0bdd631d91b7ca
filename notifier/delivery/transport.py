"""What every way out offers, and which one the settings ask for.

Refuses settings that can never work; a server that misbehaves is an Answer, not an error.
"""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Protocol

from notifier.delivery.delivery import Answer, Letter
from notifier.delivery.maildir import MaildirTransport
from notifier.settings import DkimProfile, Maildir, SmtpRelay

if TYPE_CHECKING:
    from notifier.delivery.stream import Work
    from notifier.delivery.transaction import Permit


class Session(Protocol):
    """One way out in use, for one letter after the other: never two at a time."""

    @property
    def profile(self) -> DkimProfile | None:
        """How the next letter is to be signed, once it is `ready`; None as all are."""

    async def ready(self, stop: asyncio.Event | None = None) -> Answer | None:
        """Return None once the next letter may go, else what stands in the way, or ends the wait.

        It waits as long as the way out asks for, but no longer than until `stop` is set. No letter
        has been tried by then.
        """

    async def send(self, letter: Letter, permit: Permit | None = None) -> Answer:
        """Return what became of `letter`; whatever the other side does is an answer.

        `permit` is awaited before the first octet of the message leaves; where it returns False,
        nothing does, and the answer is a deferral.
        """

    async def stream(self, work: Work) -> None:
        """Send letters of `work`, in the fastest way there is, for as long as one is at hand.

        To be called once it is `ready`. All that has begun is answered when this returns; a way
        out that has nothing faster than `send` begins nothing.
        """


class Transport(Protocol):
    """A way out; its sessions are independent of each other and may run at the same time."""

    def session(self) -> AbstractAsyncContextManager[Session]:
        """Return a session to be entered; leaving it lets go of whatever it holds."""

    async def check(self) -> Answer | None:
        """Return None when a letter could leave now, else what stands in the way."""


def open_transport(
    settings: SmtpRelay | Maildir, *fallbacks: SmtpRelay, taken: int = 0
) -> Transport:
    """Return the way out that `settings` name; TransportError when it can never work.

    `fallbacks` are tried in turn when it does not work. `taken` is how many messages have been
    accepted before, for relays that an address is new to.
    """
    if isinstance(settings, Maildir):
        return MaildirTransport(settings.path)
    from notifier.delivery.failover import (  # noqa: PLC0415 - slow to import, for few commands send
        FailoverTransport,
    )
    from notifier.delivery.smtp import SmtpTransport  # noqa: PLC0415 - as above

    relays = [SmtpTransport(relay, taken=taken) for relay in (settings, *fallbacks)]
    return FailoverTransport(relays) if fallbacks else relays[0]
