"""Delivering what is open: each connection takes a chunk, and each letter is marked before it goes.

Calls the ledger and the transport in order; what an answer means is decided by pure functions.
Stops taking letters when told to, and lets those in flight have their answer.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from feeds import Site
from feeds.errors import StoreError
from notifier.delivery.delivery import (
    RESENT,
    Answer,
    Chunk,
    Job,
    Letter,
    Mark,
    Phase,
    State,
    Verdict,
    next_attempt,
)
from notifier.delivery.dkim import Signer
from notifier.delivery.filling import Prepared
from notifier.delivery.frozen import Frozen
from notifier.delivery.ledger import Ledger
from notifier.delivery.message import message_id
from notifier.delivery.outbox import Outbox
from notifier.delivery.transport import Session, Transport
from notifier.errors import InvalidMessage
from notifier.returns.suppressions import Suppressions
from notifier.settings import MailSettings
from notifier.tokens import BOUNCED, LEAVE, UNSUBSCRIBED, SecretKey, local_part, make_token

LEASE = timedelta(seconds=90)
HALT_PAUSE = timedelta(minutes=5)  # after the relay refused us altogether
PAUSE = timedelta(minutes=1)  # after no relay could be reached

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Sender:
    """Everything that delivering needs; `owner` names this process in the ledger."""

    ledger: Ledger
    outbox: Outbox
    suppressions: Suppressions
    transport: Transport
    site: Site
    mail: MailSettings
    key: SecretKey
    owner: str
    connections: int = 4
    signers: tuple[Signer, ...] = ()


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


async def deliver(sender: Sender, clock: Clock, stop: asyncio.Event) -> Delivered:
    """Send everything that is due until nothing is, `stop` is set, or the relay refuses us."""
    done = Delivered()
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(sender.connections):
                group.create_task(_connection(sender, clock, stop, done))
    except ExceptionGroup as failures:  # what failed one connection has stopped the others
        raise failures.exceptions[0] from failures
    await sender.ledger.settle()
    await sender.outbox.finish()
    return done


async def _connection(sender: Sender, clock: Clock, stop: asyncio.Event, done: Delivered) -> None:
    """Work off one chunk after the other over one session."""
    resend = sender.mail.in_doubt == "resend"
    async with sender.transport.session() as session:
        while not (stop.is_set() or done.is_over):
            chunk = await sender.ledger.claim(sender.owner, clock(), LEASE, resend=resend)
            if chunk is None:
                return
            async with _heartbeat(sender, chunk, clock):
                await _work_off(sender, session, chunk, clock, stop, done)
            await sender.ledger.settle()
            await sender.ledger.release(chunk, clock() + done.pause)


async def _work_off(
    sender: Sender,
    session: Session,
    chunk: Chunk,
    clock: Clock,
    stop: asyncio.Event,
    done: Delivered,
) -> None:
    editions: dict[str, Prepared] = {}
    for job in await sender.ledger.jobs(chunk, clock()):
        obstacle = await session.ready(stop)
        if stop.is_set() or done.is_over:
            return
        if obstacle is not None:
            _note_obstacle(obstacle, done)
            return
        if job.edition_id not in editions:
            edition = await sender.outbox.edition(job.edition_id)
            assert edition is not None, "an edition outlives its deliveries"
            frozen = Frozen.from_bytes(edition.frozen)
            editions[job.edition_id] = Prepared(frozen, sender.signers)
        await _send(sender, session, _Attempt(sender.ledger, chunk, job, clock), editions, done)


@dataclass(slots=True)
class _Attempt:
    """One delivery on its way; called by the transport for leave to send the first octet."""

    ledger: Ledger
    chunk: Chunk
    job: Job
    clock: Clock
    asked: bool = False
    started: State | None = None

    async def __call__(self) -> bool:
        """Have the delivery marked as being sent; False where nothing may leave."""
        self.asked = True
        self.started = await self.ledger.start(self.chunk, self.job, self.clock(), LEASE)
        return self.started is State.SENDING


async def _send(
    sender: Sender,
    session: Session,
    attempt: _Attempt,
    editions: Mapping[str, Prepared],
    done: Delivered,
) -> None:
    job = attempt.job
    try:
        letter = await _letter(sender, job, editions[job.edition_id])
    except InvalidMessage as error:
        answer = Answer(verdict=Verdict.FAILED, phase=Phase.CONNECT, text=str(error))
    else:
        answer = await session.send(letter, attempt)
    if attempt.asked and attempt.started is not State.SENDING:
        if attempt.started is State.SKIPPED:
            done.count(State.SKIPPED)
        return
    await _record(sender, attempt, answer, done)


def _note_obstacle(obstacle: Answer, done: Delivered) -> None:
    words = obstacle.text or "no reason was given"
    if obstacle.verdict is Verdict.HALT:
        done.halted = words
    else:
        done.unreachable = words


async def _record(sender: Sender, attempt: _Attempt, answer: Answer, done: Delivered) -> None:
    job, now = attempt.job, attempt.clock()
    mark = decide(job, answer, now, resend=sender.mail.in_doubt == "resend")
    if attempt.asked:
        sender.ledger.note(job, mark, now)
    else:
        sender.ledger.note_refusal(attempt.chunk, job, mark, now)
    if answer.verdict is Verdict.HALT:
        done.halted = answer.text or "the relay refused us"
        return
    if answer.verdict is Verdict.DEAD_ADDRESS:
        await sender.suppressions.note_dead_address(
            job.address, answer.text, now, code=answer.enhanced
        )
    done.count(mark.state)
    if mark.state is State.FAILED:
        done.failures.append(f"{answer.code or ''} {answer.text}".strip())


def decide(job: Job, answer: Answer, now: datetime, *, resend: bool) -> Mark:
    """Return what to record after `answer`: pure, for the policy must be plain to see."""
    state, reason = _OUTCOMES.get(answer.verdict, (State.DEFERRED, job.reason))
    if answer.verdict is Verdict.IN_DOUBT:
        once_more = resend and job.reason != RESENT
        state = State.DEFERRED if once_more else State.IN_DOUBT
        reason = RESENT if once_more else "no answer came"
    elif state is State.FAILED and job.reason == RESENT:
        state, reason = State.IN_DOUBT, "refused after doubt"  # the first copy may have been taken
    due = now
    if state is State.DEFERRED:
        seed = f"{job.issue_id}/{job.subscriber_id}"
        due = next_attempt(job.attempts + 1, now, seed, expires=job.expires)
    return Mark(state=state, due=due, reason=reason or job.reason, answer=answer)


_OUTCOMES = {
    Verdict.ACCEPTED: (State.ACCEPTED, ""),
    Verdict.HALT: (State.QUEUED, ""),
    Verdict.DEAD_ADDRESS: (State.FAILED, "no such address"),
    Verdict.FAILED: (State.FAILED, "refused"),
}


def reader_values(site: Site, key: SecretKey, job: Job) -> Mapping[str, str]:
    """Return what fills the slots of a message for one reader."""
    token = make_token(key, LEAVE, job.subscription_id, job.generation)
    leave = f"{site.url}/u/{token}"
    return {
        "name": job.name,
        "email": job.address,
        "unsubscribe_url": leave,
        "preferences_url": leave,
    }


def envelope_sender(mail: MailSettings, key: SecretKey, issue: int = 0, reader: int = 0) -> str:
    """Return where failures are reported: with a bounce domain an address of each delivery."""
    if mail.bounce_domain:
        return f"{local_part(key, BOUNCED, issue, reader)}@{mail.bounce_domain}"
    return mail.envelope_sender or mail.from_address


def leave_address(mail: MailSettings, key: SecretKey, job: Job) -> str:
    """Return the address to which mail means that the reader leaves, if such mail is read."""
    if not mail.leave_by_mail:
        return ""
    local = local_part(key, UNSUBSCRIBED, job.subscription_id, generation=job.generation)
    return f"{local}@{mail.bounce_domain}"


async def _letter(sender: Sender, job: Job, prepared: Prepared) -> Letter:
    """Write in a thread where signatures are made: they cost more than the change of threads."""
    if sender.signers:
        return await asyncio.to_thread(_written, sender, job, prepared)
    return _written(sender, job, prepared)


def _written(sender: Sender, job: Job, prepared: Prepared) -> Letter:
    mail, key = sender.mail, sender.key
    domain = mail.from_address.rpartition("@")[2]
    identity = message_id(key.secret, str(job.issue_id), str(job.subscriber_id), domain)
    content = prepared.fill(
        reader_values(sender.site, key, job),
        recipient=job.address,
        recipient_name=job.name,
        message_id=identity,
        leave_address=leave_address(mail, key, job),
    )
    return Letter(
        sender=envelope_sender(mail, key, job.issue_id, job.subscriber_id),
        envelope_id=local_part(key, BOUNCED, job.issue_id, job.subscriber_id),
        recipient=job.address,
        message_id=identity,
        content=content,
    )


@contextlib.asynccontextmanager
async def _heartbeat(sender: Sender, chunk: Chunk, clock: Clock) -> AsyncIterator[None]:
    """Keep the claim alive while an answer may take its time."""

    async def beat() -> None:
        while True:
            await asyncio.sleep(LEASE.total_seconds() / 3)
            with contextlib.suppress(StoreError):  # the next beat may find the store again
                await sender.ledger.renew(chunk, clock() + LEASE)

    task = asyncio.create_task(beat())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
