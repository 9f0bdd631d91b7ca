"""Taking what came back: read, find the reader, decide, do it and remember it, in one.

Calls hands in order; what a message means is decided by the pure functions of `returns`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from notifier.errors import TransportError
from notifier.returns.attribution import About, How, Known, attribute, subscriptions_in
from notifier.returns.box import ReturnBox
from notifier.returns.policy import Standing, Step, decide, is_dead
from notifier.returns.reading import read
from notifier.returns.records import Entry, Records
from notifier.returns.returned import Kind, Returned
from notifier.returns.suppressions import Suppressions
from notifier.roster import Roster
from notifier.tokens import SecretKey, identity

_MOST_KEYS = 3


@dataclass(frozen=True, slots=True)
class Intake:
    """Everything that taking in what came back needs."""

    records: Records
    suppressions: Suppressions
    roster: Roster
    keys: tuple[SecretKey, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of one message; `again` if it was read before, and nothing was done."""

    kind: Kind
    how: How
    step: Step
    code: str = ""
    address: str = ""
    again: bool = False


async def take(intake: Intake, raw: bytes, now: datetime, sent_to: str = "") -> Taken:
    """Take in one message; the same one a second time changes nothing. Raises StoreError.

    `sent_to` is the address it came to, where the mail server tells.
    """
    came = read(raw, sent_to)
    if await intake.records.seen(came.digest):
        return _again(came)
    about = attribute(came, intake.keys, await _known(intake, came, now))
    came = _wish(came, about)
    address = await intake.records.address(about.subscriber) if about.found else ""
    dead = came.failing(address) if came.kind is Kind.FAILURE and address else None
    standing = await intake.suppressions.standing(address, now) if is_dead(dead) else Standing()
    step = decide(came, about, address, standing, now)
    if step is Step.LEFT:
        await intake.roster.leave(about.subscription, now)
    entry = Entry(
        returned=came,
        about=about,
        address=address,
        step=step,
        recipient=dead if is_dead(dead) else None,
    )
    if not await intake.records.enter(entry, now):
        return _again(came)
    return Taken(kind=came.kind, how=about.how, step=step, code=entry.code, address=address)


async def take_all(intake: Intake, box: ReturnBox, clock: Callable[[], datetime]) -> list[Taken]:
    """Take in all that waits in a Maildir, putting away each message that is dealt with.

    A file that cannot be read costs the others nothing: TransportError is raised after them.
    """
    taken: list[Taken] = []
    unread: dict[Path, TransportError] = {}
    while waiting := [file for file in await box.waiting() if file not in unread]:
        for file in waiting:
            try:
                raw = await box.read(file)
            except TransportError as error:
                unread[file] = error
                continue
            if raw is not None:
                taken.append(await take(intake, raw, clock()))
                await box.put_away(file)
    if unread:
        raise next(iter(unread.values()))
    return taken


async def _known(intake: Intake, came: Returned, now: datetime) -> Known:
    """Look up what the traces may lead to."""
    records, traces = intake.records, came.traces
    places = await records.places(subscriptions_in(traces))
    named = {address for one in came.recipients for address in one.addresses}
    readers = await records.readers(named, now) if named else {}
    sent: dict[str, tuple[int, int]] = {}
    if traces.message_ids or traces.envelope_ids:
        # A Message-ID cannot be read, only made again: for those who might have got it.
        mentioned = await records.readers(traces.inside, now)
        candidates = {*readers.values(), *mentioned.values()}
        candidates |= {place.subscriber for place in places.values()}
        for post in await records.posts(candidates, now):
            issue, reader = map(str, post)
            keys = intake.keys[:_MOST_KEYS]
            sent |= {identity(key.secret, issue, reader): post for key in keys}
    return Known(places=places, posts=sent, readers=readers)


def _wish(came: Returned, about: About) -> Returned:
    """A letter to where mail means leaving is a wish to leave, whatever is in it."""
    said_nothing_else = came.kind in {Kind.OTHER, Kind.AUTOMATIC}
    return replace(came, kind=Kind.UNSUBSCRIBE) if said_nothing_else and about.leaving else came


def _again(came: Returned) -> Taken:
    return Taken(kind=came.kind, how=How.NOTHING, step=Step.COUNTED, again=True)


def counted(taken: Sequence[Taken]) -> dict[tuple[Kind, How, Step], int]:
    """Count what was taken in, by kind, how and step, without what was read before."""
    counts: dict[tuple[Kind, How, Step], int] = {}
    for one in taken:
        if not one.again:
            key = (one.kind, one.how, one.step)
            counts[key] = counts.get(key, 0) + 1
    return counts
