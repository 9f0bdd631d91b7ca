"""What came back, as values: its kind, what it says of each recipient, traces of whom it is about.

Pure; standard library only. Nothing in here is believed: traces are what a stranger wrote.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from notifier.subscriber import address_key


class Kind(enum.StrEnum):
    """What a message that came back is."""

    FAILURE = "failure"  # a message was not delivered, for good
    NOTICE = "notice"  # delayed, relayed, expanded, delivered: nothing has failed
    COMPLAINT = "complaint"  # a reader called a message spam (RFC 5965)
    UNSUBSCRIBE = "unsubscribe"  # a reader wants no more, by mail (RFC 2369)
    AUTOMATIC = "automatic"  # an auto-reply (RFC 3834)
    OTHER = "other"  # a letter from a person, or nothing we can read


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """What a report says of one recipient (RFC 3464, 2.3).

    `original` is the address as we wrote it, `final` as the last server knew it; either may be
    empty. `status` is an enhanced code (RFC 3463) or empty.
    """

    original: str = ""
    final: str = ""
    failed: bool = True
    status: str = ""
    diagnostic: str = ""

    def names(self, address: str) -> bool:
        """Tell whether this is about exactly `address`."""
        return address_key(address) in {address_key(self.original), address_key(self.final)}

    @property
    def addresses(self) -> tuple[str, ...]:
        """The addresses that are named."""
        return tuple(one for one in (self.original, self.final) if one)


@dataclass(frozen=True, slots=True, kw_only=True)
class Traces:
    """What may lead to a reader, as it was found, with nothing proven.

    `envelope` are addresses that this message was sent to, or ours that a report says the returned
    one was from; `envelope_ids` those of RFC 3461; `inside` addresses of the returned message;
    `tokens` those of links for leaving; `message_ids` local parts of Message-IDs that look like
    ours; `subject_token` a token in a subject that asks to leave.
    """

    envelope: tuple[str, ...] = ()
    envelope_ids: tuple[str, ...] = ()
    inside: tuple[str, ...] = ()
    tokens: tuple[str, ...] = ()
    message_ids: tuple[str, ...] = ()
    subject_token: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """A message that came back; `digest` is the same for two copies of it."""

    kind: Kind
    digest: str
    recipients: tuple[Recipient, ...] = ()
    traces: Traces = field(default_factory=Traces)

    @property
    def status(self) -> str:
        """The first status there is (RFC 3463), of a recipient that failed if any did."""
        return next((one.status for one in self._told() if one.status), "")

    @property
    def diagnostic(self) -> str:
        """The first words of a server that there are, in the same order."""
        return next((one.diagnostic for one in self._told() if one.diagnostic), "")

    def failing(self, address: str) -> Recipient | None:
        """Return what is said of `address` failing; None where that may be about another one.

        An address that a server has rewritten within its domain counts when it is the only one.
        """
        named = [one for one in self.recipients if one.names(address)]
        if named:
            return named[0] if all(one.failed for one in named) else None
        if len(self.recipients) != 1 or not self.recipients[0].failed:
            return None
        only = self.recipients[0]
        near = all(_same_house(other, address) for other in only.addresses)
        return only if near else None

    def _told(self) -> list[Recipient]:
        return sorted(self.recipients, key=lambda one: not one.failed)


def domain_of(address: str) -> str:
    """Return the domain of an address, in small letters."""
    return address_key(address).rpartition("@")[2]


def _same_house(one: str, other: str) -> bool:
    first, second = f".{domain_of(one)}", f".{domain_of(other)}"
    return first.endswith(second) or second.endswith(first)
