"""Comparing: deliveries in doubt against what the relay says it took.

What a record says is judged by pure functions. A Message-ID names one delivery, and nobody else can
make it; an address names one only where its reader has no other in doubt.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from notifier.delivery.delivery import State
from notifier.delivery.picking import Picked, Sent, Which
from notifier.delivery.settling import RECONCILED, Settling
from notifier.subscriber import address_key, is_address
from notifier.tokens import SecretKey, identity

_OURS = re.compile(r"(?<![A-Za-z0-9])([a-f0-9]{32})@[A-Za-z0-9.-]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Record:
    """What a relay took: Message-IDs (the local part), and addresses as they are compared."""

    messages: frozenset[str]
    addresses: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What a comparison settled: how many by Message-ID and by address, and what it did not.

    `ambiguous` deliveries are of readers who are named by address and have several in doubt;
    `unlisted` ones are in doubt as before. `unknown` is what the record names beyond that.
    """

    by_message: int = 0
    by_address: int = 0
    ambiguous: int = 0
    unlisted: int = 0
    unknown: int = 0


@dataclass(slots=True)
class _Found:
    """Deliveries in doubt, by issue and reader, and what of the record was found."""

    by_message: list[tuple[int, int]] = field(default_factory=list)
    messages: set[str] = field(default_factory=set)
    named: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    unlisted: int = 0


def read_record(lines: Iterable[str]) -> Record:
    """Return what `lines` name: Message-IDs of ours anywhere, an address alone on its line.

    In a line of a log an address says nothing: the line may tell that it was refused.
    """
    messages: set[str] = set()
    addresses: set[str] = set()
    for line in lines:
        found = [match[1].lower() for match in _OURS.finditer(line)]
        messages.update(found)
        alone = line.strip().removeprefix("<").removesuffix(">")
        if not found and is_address(alone):
            addresses.add(address_key(alone))
    return Record(frozenset(messages), frozenset(addresses))


async def compare(
    picked: Picked,
    settling: Settling,
    keys: Sequence[SecretKey],
    which: Which,
    record: Record,
    now: datetime,
) -> Compared:
    """Close as accepted what is meant, in doubt, and named by `record`; leave all else alone."""
    which = replace(which, states=(State.IN_DOUBT,))
    found = _Found()
    async for page in picked.pages(which):
        for sent in page:
            _look_up(sent, record, keys, found)
    alone = [theirs[0] for theirs in found.named.values() if len(theirs) == 1]
    several = [theirs for theirs in found.named.values() if len(theirs) > 1]
    known = len(found.messages) + len(found.named)
    return Compared(
        by_message=await settling.accept(found.by_message, which.states, RECONCILED, now),
        by_address=await settling.accept(alone, which.states, RECONCILED, now),
        ambiguous=sum(map(len, several)),
        unlisted=found.unlisted,
        unknown=len(record.messages) + len(record.addresses) - known,
    )


def _look_up(sent: Sent, record: Record, keys: Collection[SecretKey], found: _Found) -> None:
    issue, reader_number = str(sent.issue), str(sent.reader)
    ours = record.messages & {identity(key.secret, issue, reader_number) for key in keys}
    reader = address_key(sent.email)
    if ours:
        found.by_message.append(sent.place)
        found.messages |= ours
    elif reader and reader in record.addresses:
        found.named.setdefault(reader, []).append(sent.place)
    else:
        found.unlisted += 1
