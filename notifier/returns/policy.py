"""What becomes of an address: when it counts as dead, when it is written off, when we distrust.

Pure; standard library only. Only codes that say there is no such address count (RFC 3463), only
when they are final, only the second one on another day; and not where a whole provider seems to
have lost its addresses, for some have said so falsely for hours. A full mailbox never does.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime, timedelta

from notifier.returns.attribution import About
from notifier.returns.returned import Kind, Recipient, Returned

DEAD = frozenset({"5.1.1", "5.1.2", "5.1.6", "5.1.10"})
ANOTHER_DAY = timedelta(hours=24)
FORGOTTEN = timedelta(days=90)  # after so long a first answer says nothing any more
FUSE_WINDOW = timedelta(hours=6)
FUSE_ADDRESSES = 10  # so many dead addresses of one domain ...
FUSE_SHARE = 10  # ... that are one in ten of its readers, within the window


class Step(enum.StrEnum):
    """What is done upon a message that came back."""

    COUNTED = "counted"  # remembered, and nothing else
    NOTED = "noted"  # the first answer that the address does not exist
    FUSED = "fused"  # it would have been written off, but for the fuse
    SUPPRESSED = "suppressed"  # never written to again
    LEFT = "left"  # the reader has left that digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is known of an address: since when it is said to be dead, and how its domain fares.

    `dead` counts addresses of the domain that were said to be dead within the window, without this
    one; `readers` those we write to there, counted no further than it matters.
    """

    first_at: datetime | None = None
    dead: int = 0
    readers: int = 0


def is_dead(recipient: Recipient | None) -> bool:
    """Tell whether a report says, for good, that there is no such address."""
    return recipient is not None and recipient.failed and recipient.status in DEAD


def on_dead(standing: Standing, now: datetime) -> Step:
    """Return what another answer means that there is no such address."""
    if standing.first_at is None or now - standing.first_at > FORGOTTEN:
        return Step.NOTED
    if now - standing.first_at < ANOTHER_DAY:
        return Step.COUNTED
    return Step.FUSED if blown(standing) else Step.SUPPRESSED


def blown(standing: Standing) -> bool:
    """Tell whether too many addresses of the domain are said to be dead for that to be true."""
    dead = standing.dead + 1
    return dead >= FUSE_ADDRESSES and dead * FUSE_SHARE >= standing.readers


def decide(
    returned: Returned, about: About, address: str, standing: Standing, now: datetime
) -> Step:
    """Return what is done upon `returned`, which is about the reader with `address`.

    What only names an address can be written by anybody: it neither complains nor leaves for them.
    """
    if not about.found or not address:
        return Step.COUNTED
    if returned.kind is Kind.FAILURE and is_dead(returned.failing(address)):
        return on_dead(standing, now)
    if returned.kind is Kind.COMPLAINT and about.proven:
        return Step.SUPPRESSED
    if returned.kind is Kind.UNSUBSCRIBE and about.proven and about.subscription:
        return Step.LEFT
    return Step.COUNTED
