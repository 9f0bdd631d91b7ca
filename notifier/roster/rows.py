"""From rows of the roster to enrolments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import Row, Select, select

from notifier.enrolment import Enrolment, Held
from notifier.plain import declaration_from_plain, profile_from_plain, terms_from_plain
from notifier.roster.lanes import key_of
from notifier.tables import lanes, subscribers, subscriptions

_READER = ("address_key", "address", "declared", "chosen")
_HELD = ("digest", "declared", "added", "chosen", "paused_until", "left_at")
_LANE = ("digest", "schedule", "timezone", "language", "selection")


def joined() -> Select[tuple[Any, ...]]:
    """Readers with their subscriptions and lanes, each reader's rows together."""
    columns = (
        *(subscribers.c[name] for name in _READER),
        *(subscriptions.c[name].label(f"s_{name}") for name in _HELD),
        *(lanes.c[name].label(f"l_{name}") for name in _LANE),
    )
    return (
        select(*columns)
        .select_from(
            subscribers.outerjoin(
                subscriptions, subscriptions.c.subscriber_id == subscribers.c.id
            ).outerjoin(lanes, lanes.c.id == subscriptions.c.lane_id)
        )
        .order_by(subscribers.c.address_key, subscriptions.c.id)
    )


def enrolments(rows: Sequence[Row[Any]]) -> Iterator[tuple[str, Enrolment]]:
    """Yield the readers of `rows` that `joined` selects, each with their address key."""
    for key, theirs in groupby(rows, key=lambda row: row[0]):
        held: dict[str, Held] = {}
        for row in theirs:
            _, address, declared, chosen, *rest = tuple(row)
            if rest[0] is not None:
                held[rest[0]] = _held(rest)
        yield (
            key,
            Enrolment(
                address=address,
                declared=declaration_from_plain(declared) if declared is not None else None,
                chosen=profile_from_plain(chosen),
                held=held,
            ),
        )


def _held(row: Sequence[Any]) -> Held:
    _, declared, added, chosen, paused_until, left_at, *lane = row
    return Held(
        declared=declared,
        added=added,
        chosen=terms_from_plain(chosen),
        lane=key_of(*lane) if lane[0] is not None else None,
        paused_until=paused_until,
        left_at=left_at,
    )
