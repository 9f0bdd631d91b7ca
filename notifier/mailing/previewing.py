"""Previewing: the very bytes of a message, before there is an issue. Writes nothing.

For a reader it is what the plan gives them; for nobody in particular, what the digest gives to whom
takes it as it is. Only the Message-ID is another, for it is made of the issue's number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from feeds import Entry
from notifier.delivery.audience import Lane
from notifier.delivery.delivery import Answer, Job, Letter
from notifier.delivery.dkim import signers_of
from notifier.delivery.edition import Edition
from notifier.delivery.filling import Prepared
from notifier.delivery.frozen import Frozen
from notifier.delivery.message import message_id
from notifier.delivery.tracing import Taken, Traced
from notifier.delivery.transport import Transport
from notifier.digest.issue import Due, expiry, is_too_little
from notifier.digest.lane import public_lane, schedule_of
from notifier.digest.spec import DigestSpec
from notifier.mailing.coming import Coming
from notifier.mailing.composing import compose
from notifier.mailing.deciding import Outcome
from notifier.mailing.desk import Desk
from notifier.mailing.foretold import Onlooker, Planned
from notifier.mailing.letters import envelope_sender, leave_address, reader_values
from notifier.mailing.lookout import Lookout
from notifier.mailing.planning import plan
from notifier.mailing.turns import Turn, specs_of
from notifier.schedule.slots import extra_slot, last_slot, next_slot
from notifier.tokens import BOUNCED, local_part

STAND_IN = "reader@example.org"
TEST = "X-Paperround-Test"
_LATEST = 500  # articles that are looked through for a test message
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """A message as it would be sent; without `content` there is none, and `reason` says why."""

    digest: str
    recipient: str
    slot: str = ""
    timezone: str = ""
    subject: str = ""
    articles: tuple[str, ...] = ()
    shown: int = 0
    content: bytes = b""
    reason: str = ""


async def preview(
    lookout: Lookout,
    name: str,
    now: datetime,
    at: datetime | None = None,
    reader: tuple[Traced, Taken] | None = None,
) -> Preview:
    """Return what the next issue of the digest `name` will be, or what is due at `at`."""
    if reader is None:
        return await _for_anybody(lookout, name, now, at)
    who, taken = reader
    onlooker = Onlooker(who.id, frozenset([taken.lane.id]))
    planned = await plan(lookout, now, at, onlooker)
    nothing = Preview(digest=name, recipient=who.address, reason="nothing is due")
    for step in planned:
        turn, edition = step.decision.turn, _edition_of(step)
        if edition:
            return _filled(lookout.desk, turn, edition, _job(who, taken))
        reason = step.decision.reason or "nothing that they have not had"
        nothing = replace(
            nothing, slot=turn.slot.identity, timezone=turn.lane.key.timezone, reason=reason
        )
    return nothing


async def rehearse(lookout: Lookout, name: str, address: str, now: datetime) -> Preview:
    """Return a test message of the digest `name` to `address`, marked as such.

    With what the next issue would have, or else the latest articles that it would have had.
    """
    desk = lookout.desk
    turn, entries = await _anybodys(lookout, name, now, None)
    if not entries:
        latest = await desk.store.latest((await desk.store.marks()).arrival + 1, _LATEST)
        found = [entry for entry in latest if turn.query.admits(entry.article)]
        entries = tuple(sorted(found[: turn.spec.maximum], key=lambda entry: entry.sort_key))
    if not entries:
        reason = "there is no article that it would have"
        return Preview(digest=name, recipient=address, reason=reason)
    marked = replace(turn, spec=replace(turn.spec, subject=f"[Test] {turn.spec.subject}"))
    shown = _filled(desk, marked, compose(desk, marked, entries, now), _stranger(address))
    return replace(shown, content=f"{TEST}: yes\r\n".encode() + shown.content)


async def send_test(desk: Desk, transport: Transport, test: Preview) -> Answer:
    """Send a test message past the ledger: no cursor moves, and nothing is recorded."""
    identity = next(
        line.split(b":", 1)[1].strip().decode()
        for line in test.content.split(b"\r\n")
        if line.lower().startswith(b"message-id:")
    )
    letter = Letter(
        sender=envelope_sender(desk.mail, local_part(desk.key, BOUNCED, 0, 0)),
        recipient=test.recipient,
        message_id=identity,
        content=test.content,
    )
    async with transport.session() as session:
        return await session.send(letter)


def _edition_of(step: Planned) -> Edition | None:
    issue = step.decision.issue
    if issue is None or step.decision.outcome is not Outcome.OPENS:
        return None
    return next((edition for group, edition in issue.editions if group == step.group), None)


async def _for_anybody(lookout: Lookout, name: str, now: datetime, at: datetime | None) -> Preview:
    turn, entries = await _anybodys(lookout, name, now, at)
    if not entries or is_too_little(turn.spec, len(entries), _waited(turn, entries)):
        zone, slot = turn.lane.key.timezone, turn.slot.identity
        few = f"{len(entries)} new articles, fewer than {turn.spec.minimum}"
        reason = few if entries else "no new articles"
        return Preview(digest=name, recipient=STAND_IN, slot=slot, timezone=zone, reason=reason)
    then = now if at else max(now, turn.slot.instant)
    edition = compose(lookout.desk, turn, entries, then, turn.due.spans_from)
    return _filled(lookout.desk, turn, edition, _stranger(STAND_IN))


async def _anybodys(
    lookout: Lookout, name: str, now: datetime, at: datetime | None
) -> tuple[Turn, tuple[Entry, ...]]:
    """Return the turn of the digest as it is, and what its next issue has for a newcomer."""
    desk = lookout.desk
    spec = specs_of(desk)[name]
    turn = await _turn(desk, spec, now, at)
    arrivals = Coming(desk.store, lookout.embargoes)
    upto = await arrivals.sealed(turn.slot.instant, now if at else max(now, turn.slot.instant))
    window = await arrivals.window(turn.lane.cursor, upto)
    found: Sequence[Entry] = [entry for entry in window if turn.query.admits(entry.article)]
    if spec.schedule.at_once:
        found = found[:1]
    return turn, tuple(sorted(found, key=lambda entry: entry.sort_key))


async def _turn(desk: Desk, spec: DigestSpec, now: datetime, at: datetime | None) -> Turn:
    key, schedule = public_lane(spec, desk.site), spec.schedule
    slot = last_slot(schedule, key.timezone, at) if at else next_slot(schedule, key.timezone, now)
    slot = slot or extra_slot(at or now)
    lanes = [lane for lane in await desk.audience.lanes([spec.name]) if lane.key == key]
    since = slot.instant - (schedule.period or _DAY)
    lane = (
        lanes[0]
        if lanes
        else Lane(
            id=0,
            key=key,
            cursor=await desk.store.arrival_at(min(since, now)),
            served_at=since,
            covered_to=since,
        )
    )
    expires = expiry(spec, schedule_of(spec, key), key.timezone, slot.instant)
    return Turn(lane, spec, schedule, Due(slot=slot, expires=expires))


def _waited(turn: Turn, entries: Sequence[Entry]) -> timedelta:
    arrived = [entry.arrived_at for entry in entries if entry.arrived_at]
    return turn.slot.instant - min(arrived, default=turn.slot.instant)


def _filled(desk: Desk, turn: Turn, edition: Edition, job: Job) -> Preview:
    domain = desk.mail.from_address.rpartition("@")[2]
    content = Prepared(Frozen.from_bytes(edition.frozen), signers_of(desk.mail.dkim)).fill(
        reader_values(desk.site, desk.key, job),
        recipient=job.address,
        recipient_name=job.name,
        message_id=message_id(desk.key.secret, edition.id, str(job.subscriber_id), domain),
        leave_address=leave_address(desk.mail, desk.key, job),
    )
    return Preview(
        digest=edition.digest,
        recipient=job.address,
        slot=turn.slot.identity,
        timezone=turn.lane.key.timezone,
        subject=edition.subject,
        articles=edition.articles,
        shown=edition.shown,
        content=content,
    )


def _job(who: Traced, taken: Taken) -> Job:
    return replace(
        _stranger(who.address),
        subscriber_id=who.id,
        subscription_id=taken.id,
        name=who.name,
        generation=who.generation,
    )


def _stranger(address: str) -> Job:
    return Job(
        issue_id=0,
        subscriber_id=0,
        subscription_id=0,
        edition_id="",
        address=address,
        name="",
        generation=1,
        attempts=0,
        reason="",
        expires=datetime.max.replace(tzinfo=UTC),
        digest="",
    )
