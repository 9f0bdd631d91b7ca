"""Delivering what is open: letters over all connections, each marked before its first octet leaves.

Calls the ledger and the transport in order; what an answer means is decided by pure functions.
Stops taking letters when told to, and lets those in flight have their answer.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import datetime

from feeds.errors import StoreError
from notifier.delivery.delivery import (
    Answer,
    Job,
    Phase,
    State,
    Verdict,
)
from notifier.delivery.transport import Session
from notifier.errors import InvalidMessage
from notifier.mailing.ahead import Ahead, Written
from notifier.mailing.hand import Hand
from notifier.mailing.letters import Writer
from notifier.mailing.outcomes import decide
from notifier.mailing.sender import Delivered, Sender
from notifier.mailing.supply import Piece, Supply

_AHEAD = 64  # signed letters that are kept, beside one for each connection

_ACCEPTED = State.ACCEPTED  # to look it up for each letter costs a call

Clock = Callable[[], datetime]


async def deliver(sender: Sender, clock: Clock, stop: asyncio.Event) -> Delivered:
    """Send everything that is due until nothing is, `stop` is set, or the relay refuses us.

    Raises StoreError where the ledger cannot be written: what was sent by then and is not recorded
    is in doubt, one letter of each connection at most.
    """
    round_ = _Round(sender, clock)
    async with _told_by(stop, round_.over):
        try:
            await round_.run()
        except ExceptionGroup as failures:  # what failed one connection has stopped the others
            raise failures.exceptions[0] from failures
    if failed := round_.failed or round_.supply.failed:
        raise failed
    await sender.outbox.finish()
    return round_.done


@contextlib.asynccontextmanager
async def _told_by(stop: asyncio.Event, over: asyncio.Event) -> AsyncIterator[None]:
    """Set `over` once `stop` is."""

    async def tell() -> None:
        await stop.wait()
        over.set()

    telling = asyncio.create_task(tell())
    try:
        yield
    finally:
        telling.cancel()


class _Round:
    """What the connections of one round share: their supply, and what became of it all."""

    def __init__(self, sender: Sender, clock: Clock) -> None:
        self.done = Delivered()
        self.over = asyncio.Event()
        self.failed: StoreError | None = None
        self._sender = sender
        self._ledger = sender.ledger
        self._resend = sender.resend
        self._clock = clock
        self._writer = Writer(sender.outbox, sender.site, sender.mail, sender.key, sender.signers)
        self._dead: list[tuple[Job, Answer, datetime]] = []
        self._hindered = 0  # connections in a row that could not be made
        self.supply = Supply(
            sender.carrier,
            sender.ledger,
            self._writer,
            clock,
            self.over,
            lambda: self.done.pause,
            sender.lease,
        )
        ahead = sender.connections + _AHEAD
        self._ahead = Ahead(self.supply, self._writer, self.over, ahead)
        self.begin, self.end = self._ahead.begin, self.supply.end  # hands call them for each letter

    async def run(self) -> None:
        """Send over all connections until there is nothing more, or it is over."""
        async with self.supply, self._ahead.working(), asyncio.TaskGroup() as group:
            for _ in range(self._sender.connections):
                group.create_task(self.connection())

    async def connection(self) -> None:
        """Send one letter after the other over one session."""
        try:
            async with self._sender.transport.session() as session:
                while await self._ahead.wait() and await self._is_ready(session):
                    self._ahead.sign(session.profile)
                    if await self._stream(session):
                        continue
                    found = self._ahead.take()
                    if found is not None:
                        await self._send(session, found)
                        self.supply.end(found.piece)
        except StoreError as error:  # the others finish the letters that they have begun
            self.failed = self.failed or error
            self.over.set()

    async def _is_ready(self, session: Session) -> bool:
        """Wait until the next letter may go; False when none may any more."""
        while not self.over.is_set():
            obstacle = await session.ready(self.over)
            if obstacle is None:
                self._hindered = 0
                return not self.over.is_set()
            if not self.over.is_set():
                self._note_obstacle(obstacle)
        return False

    def _note_obstacle(self, obstacle: Answer) -> None:
        """End the round where no connection can be made, each having tried as the pace allows."""
        words = obstacle.text or "no reason was given"
        self._hindered += 1
        if obstacle.verdict is Verdict.HALT:
            self.done.halted = words
            self.over.set()
        elif self._hindered >= self._sender.connections:
            self.done.unreachable = words
            self.over.set()

    async def _stream(self, session: Session) -> int:
        """Send letters without a wait between them; return how many."""
        hand = Hand(self, session.profile)
        await session.stream(hand)
        for piece in hand.withheld:
            await self._pass_over(piece)
            self.supply.end(piece)
        await self._note_dead()
        return hand.count

    def have_started(
        self, piece: Piece, told: Callable[[bool], None], failed: Callable[[Exception], None]
    ) -> None:
        """Have a piece marked as being sent."""
        self._ledger.have_started(piece.chunk, piece.job, self._clock(), told, failed)

    async def _send(self, session: Session, found: Written) -> None:
        """Send one letter by itself, or tell why there is none to be sent."""
        piece, job, ledger = found.piece, found.piece.job, self._sender.ledger
        if not job.wanted:
            await self._pass_over(piece)
            return
        letter = found.letter if found.profile == session.profile else None
        try:
            letter = letter or await self._writer.letter(job, piece.words, session.profile)
        except InvalidMessage as error:
            answer = Answer(verdict=Verdict.FAILED, phase=Phase.CONNECT, text=str(error))
            self.record(piece, answer, started=False)
            return
        # Asked while the envelope travels, and awaited before the first octet of the body.
        asked = ledger.ask(piece.chunk, job, self._clock())
        answer = await session.send(letter, lambda: asked)
        if await asked:
            self.record(piece, answer, started=True)
            await self._note_dead()
        else:
            await self._pass_over(piece)

    async def _pass_over(self, piece: Piece) -> None:
        """Have the delivery ended where the reader must not be written to; else take no more."""
        sender = self._sender
        state = await sender.ledger.pass_over(piece.chunk, piece.job, self._clock(), sender.lease)
        if state is None:
            self._ahead.drop(piece.chunk)
        else:
            self._count(piece.job, state)

    def _count(self, job: Job, state: State) -> None:
        self.done.count(state)
        self._sender.told(job.digest, state)

    def record(self, piece: Piece, answer: Answer, *, started: bool) -> None:
        """Note with the next commit what became of a piece; dead addresses are for `_note_dead`."""
        job, now = piece.job, self._clock()
        mark = decide(job, answer, now, resend=self._resend)
        if started:
            self._ledger.note(job, mark, now)
        else:
            self._ledger.note_refusal(piece.chunk, job, mark, now)
        if mark.state is _ACCEPTED or self._goes_on(job, answer, mark.state):
            self._count(job, mark.state)

    def _goes_on(self, job: Job, answer: Answer, state: State) -> bool:
        """Keep what such an answer means beyond `job`; False where nothing more may go."""
        if answer.verdict is Verdict.HALT:
            self.done.halted = answer.text or "the relay refused us"
            self.over.set()
            return False
        if answer.verdict is Verdict.DEAD_ADDRESS:
            self._dead.append((job, answer, self._clock()))
        if state is State.FAILED:
            self.done.failures.append(f"{answer.code or ''} {answer.text}".strip())
        return True

    async def _note_dead(self) -> None:
        while self._dead:
            job, answer, now = self._dead.pop()
            await self._sender.suppressions.note_dead_address(
                job.address, answer.text, now, code=answer.enhanced
            )
