"""Who sends: the hands that a round of delivering calls, and what it did with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from feeds import Site
from notifier.delivery.carriers.queue import InProcess, WorkQueue
from notifier.delivery.delivery import State
from notifier.delivery.ledger import Ledger
from notifier.delivery.outbox import Outbox
from notifier.delivery.transport import Transport
from notifier.mailing.letters import Signers
from notifier.returns.suppressions import Suppressions
from notifier.settings import MailSettings
from notifier.tokens import SecretKey

HALT_PAUSE = timedelta(minutes=5)  # after the relay refused us altogether
PAUSE = timedelta(minutes=1)  # after no relay could be reached

Told = Callable[[str, State], None]  # a digest, and what one attempt to deliver it came to


def tell_nobody(_digest: str, _state: State) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Everything that delivering needs; `owner` names this process in the ledger.

    `queue` brings the chunks; without one they are looked for in the ledger. `told` hears of each
    attempt as it ends.
    """

    ledger: Ledger
    outbox: Outbox
    suppressions: Suppressions
    transport: Transport
    site: Site
    mail: MailSettings
    key: SecretKey
    owner: str
    connections: int = 4
    signers: Signers = field(default_factory=dict)
    queue: WorkQueue | None = None
    told: Told = tell_nobody

    @property
    def resend(self) -> bool:
        """Whether what may have been taken is sent once more."""
        return self.mail.in_doubt == "resend"

    @property
    def lease(self) -> timedelta:
        """How long a claim lasts that is not kept."""
        return self.mail.lease

    @property
    def carrier(self) -> WorkQueue:
        """What brings the chunks."""
        return self.queue or InProcess(self.ledger, self.owner, self.lease, self.resend)


@dataclass(slots=True)
class Delivered:
    """What a round of delivering did.

    `halted` is what the relay said when it refused us, `unreachable` what was in the way to it.
    """

    counts: dict[State, int] = field(default_factory=dict)
    halted: str = ""
    unreachable: str = ""
    failures: list[str] = field(default_factory=list)

    @property
    def pause(self) -> timedelta:
        """How long what was not sent has to wait."""
        if self.halted:
            return HALT_PAUSE
        return PAUSE if self.unreachable else timedelta(0)

    @property
    def is_over(self) -> bool:
        """Tell whether something stands in the way of every letter."""
        return bool(self.halted or self.unreachable)

    def count(self, state: State) -> None:
        """Note that one delivery came to `state`."""
        self.counts[state] = self.counts.get(state, 0) + 1
