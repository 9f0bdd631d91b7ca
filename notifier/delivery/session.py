"""Letters over one SMTP connection that is opened late, kept, reset, renewed and said goodbye to.

Never raises for what a server does, never says a word after the connection has fallen out of
step, and never goes faster than its pool allows.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial
from time import monotonic

from notifier.delivery.delivery import Answer, Letter, Phase, Verdict, classify, unanswered
from notifier.delivery.envelope import unfit
from notifier.delivery.pool import Pool
from notifier.delivery.stream import Stream, Work
from notifier.delivery.transaction import Connection, Permit, Transaction
from notifier.delivery.wire import Silence
from notifier.settings import DkimProfile, SmtpRelay

_FAREWELL = 5.0


class SmtpSession:
    """Letters over one connection, one after the other; it is renewed when it has broken.

    `way` are the settings of the relay; `patience` is that of a Transaction, in seconds.
    """

    def __init__(
        self,
        way: SmtpRelay,
        connect: Callable[[], Awaitable[Connection | Answer]],
        patience: float,
        pool: Pool,
    ) -> None:
        self.way = way
        self._connect = connect
        self._patience = patience
        self._pool = pool
        self._connection: Connection | None = None
        self._open_transaction = False
        self._letters = 0  # over this connection
        self._seated = False
        self._kept = False
        self._turn: float | None = None  # when the turn began, once there is one
        self._begun: deque[float] = deque()  # when those did that a stream has begun

    @property
    def profile(self) -> DkimProfile | None:
        """How letters that go here are signed, where that is not as all are."""
        return self.way.signing

    async def ready(self, stop: asyncio.Event | None = None) -> Answer | None:
        """Return None once the next letter may go and a connection stands, else what is in the way.

        Waits as long as the pace of the relay asks for, but not after `stop` is set. Nothing of a
        letter has been said by then, so that whoever is told no has tried nothing.
        """
        if self._turn is None:
            if not await self._sit(stop) or not await self._pool.turn(stop):
                return unanswered(Phase.CONNECT, "told to stop")
        elif self._connection is not None and self._connection.wire.quiet:
            return None
        began = monotonic()
        self._kept = await self._reusable()
        opened = await self._connected()
        if isinstance(opened, Answer):
            self._pool.learn(opened, began)
            self._stand_up()
            return opened
        self._turn = began
        return None

    async def send(self, letter: Letter, permit: Permit | None = None) -> Answer:
        """Return what became of `letter`; whatever the relay does is an answer.

        See `ready`, which need not have been asked, and `Transaction.run` for `permit`. A kept
        connection that the relay has closed meanwhile is renewed once. Cancelled in the middle,
        it cuts the connection: what had left is in doubt.
        """
        obstacle = await self.ready()
        if obstacle is not None:
            return obstacle
        began, self._turn = self._turn or 0.0, None
        answer = await self._attempt(letter, permit)
        if self._kept and _closed_while_idle(answer):
            answer = await self._attempt(letter, permit)
        self._pool.learn(answer, began)
        return answer

    async def stream(self, work: Work) -> None:
        """Send letters of `work` for as long as one is at hand and may go without a wait.

        Does nothing unless it is `ready` for a letter, and the relay takes commands in groups. All
        that has begun is answered when this returns. Cancelled, it does as `send` does.
        """
        connection = self._connection
        if connection is None or self._turn is None or not self._pool.pipelines:
            return
        if not connection.offers.pipelining:
            return
        self._begun.clear()
        stream = Stream(connection, _Paced(self, work), self.way.timeout, self._patience)
        try:
            ended = await stream.run()
        except BaseException:
            await self._cut()
            raise
        if ended.in_step:
            self._open_transaction = ended.open
        else:
            await self._cut()
        if ended.letter is not None:
            await self._finish(ended.letter, work, written=ended.written)

    async def _finish(self, letter: Letter, work: Work, *, written: bool) -> None:
        """Send a letter that a stream has begun and left; its envelope may have been written."""
        began = self._begun.popleft()
        kept = written or await self._reusable()
        answer = await self._attempt(letter, partial(_asked, work), written=written)
        if kept and _closed_while_idle(answer):
            answer = await self._attempt(letter, partial(_asked, work))
        self._pool.learn(answer, began)
        work.answered(answer)

    def begin(self, work: Work) -> Letter | None:
        """Begin the next letter of `work` within a stream, where it need not wait."""
        first = self._turn is not None
        under_way = self._letters + len(self._begun)
        if not first and (under_way >= self.way.messages_per_connection or not self._pool.at_once):
            return None
        letter = work.begin()
        if letter is not None:
            self._begun.append(self._turn or monotonic())
            self._turn = None
        return letter

    def answered(self, answer: Answer) -> None:
        """Learn from the answer to the first letter of a stream that has none yet."""
        self._letters += 1
        self._pool.learn(answer, self._begun.popleft())

    async def check(self) -> Answer | None:
        """Return None when the relay is ready for letters, else its answer."""
        connection = await self._connected()
        if isinstance(connection, Answer):
            return connection
        try:
            reply = await connection.wire.command(b"NOOP", self.way.timeout)
        except Silence as silence:
            return unanswered(Phase.CONNECT, str(silence))
        return None if reply.code == 250 else classify(reply.code, reply.text, Phase.CONNECT)

    async def close(self) -> None:
        """Say goodbye and cut the connection; takes seconds at most and never fails."""
        try:
            await self._part()
        finally:
            self._stand_up()

    async def abort(self) -> None:
        """Cut the connection without a word."""
        try:
            await self._cut()
        finally:
            self._stand_up()

    async def _sit(self, stop: asyncio.Event | None) -> bool:
        """Take a seat, or change it for a later one where there are too many by now."""
        if self._seated and self._pool.crowded:
            self._stand_up()  # at once, so that nobody else gives way too
            await self._part()
        if not self._seated:
            self._seated = await self._pool.sit(stop)
        return self._seated

    def _stand_up(self) -> None:
        if self._seated:
            self._seated = False
            self._turn = None
            self._pool.leave()

    async def _attempt(
        self, letter: Letter, permit: Permit | None, *, written: bool = False
    ) -> Answer:
        connection = await self._connected()
        if isinstance(connection, Answer):
            return connection
        if (refused := unfit(letter, connection.offers)) is not None:
            return refused
        transaction = Transaction(
            connection, self.way.timeout, self._patience, pipelining=self._pool.pipelines
        )
        try:
            answer = await transaction.run(letter, permit, written=written)
        except BaseException:
            await self._cut()
            raise
        self._letters += 1
        self._open_transaction = answer.verdict is not Verdict.ACCEPTED
        if transaction.surprised:
            self._pool.surprised()
        if answer.code == 421 or not transaction.in_step:
            await self._cut()
        return answer

    async def _connected(self) -> Connection | Answer:
        if self._connection is None:
            opened = await self._connect()
            if isinstance(opened, Answer):
                return opened
            self._connection = opened
        return self._connection

    async def _reusable(self) -> bool:
        """Make the kept connection ready for the next letter, or drop it."""
        if self._connection is None:
            return False
        if self._letters >= self.way.messages_per_connection:
            await self._part()
            return False
        ready = self._connection.wire.quiet
        if ready and self._open_transaction:
            ready = await self._reset(self._connection)
        if not ready:
            await self._cut()
        return ready

    async def _reset(self, connection: Connection) -> bool:
        try:
            reply = await connection.wire.command(b"RSET", self.way.timeout)
        except Silence:
            return False
        except BaseException:
            await self._cut()
            raise
        self._open_transaction = False
        return reply.code == 250

    async def _part(self) -> None:
        if self._connection is not None and self._connection.wire.quiet:
            with contextlib.suppress(Silence):
                await self._connection.wire.command(b"QUIT", min(self.way.timeout, _FAREWELL))
        await self._cut()

    async def _cut(self) -> None:
        connection, self._connection = self._connection, None
        self._open_transaction = False
        self._letters = 0
        if connection is not None:
            await connection.wire.close()


class _Paced:
    """Work that goes as its session may."""

    def __init__(self, session: SmtpSession, work: Work) -> None:
        self._session = session
        self._work = work
        self.ask = work.ask
        self.begin = partial(session.begin, work)

    def answered(self, answer: Answer) -> None:
        """Let both know."""
        self._session.answered(answer)
        self._work.answered(answer)


def _asked(work: Work) -> asyncio.Future[bool]:
    """Return what will tell whether the letter is marked; who has gone away is told nothing."""
    marked: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    def told(outcome: bool) -> None:
        if not marked.done():
            marked.set_result(outcome)

    def failed(error: Exception) -> None:
        if not marked.done():
            marked.set_exception(error)

    work.ask(told, failed)
    return marked


def _closed_while_idle(answer: Answer) -> bool:
    lost = answer.verdict is Verdict.DEFERRED and answer.code in {None, 421}
    return lost and answer.phase is Phase.SENDER
