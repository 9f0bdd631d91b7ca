"""Letters over one SMTP connection that is opened late, kept, reset, renewed and said goodbye to.

Never raises for what a server does, never says a word after the connection has fallen out of
step, and never goes faster than its pool allows.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from notifier.delivery.delivery import Answer, Letter, Phase, Verdict, classify, unanswered
from notifier.delivery.envelope import unfit
from notifier.delivery.pool import Pool
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
        began = asyncio.get_running_loop().time()
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

    async def check(self) -> Answer | None:
        """Return None when the relay is ready for letters, else its answer."""
        connection = await self._connected()
        if isinstance(connection, Answer):
            return connection
        try:
            reply = await connection.wire.command(b"NOOP", self.way.timeout)
        except Silence as silence:
            return unanswered(Phase.CONNECT, str(silence))
        return None if reply.code == 250 else classify(*reply, Phase.CONNECT)

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

    async def _attempt(self, letter: Letter, permit: Permit | None) -> Answer:
        connection = await self._connected()
        if isinstance(connection, Answer):
            return connection
        if (refused := unfit(letter, connection.offers)) is not None:
            return refused
        transaction = Transaction(
            connection, self.way.timeout, self._patience, pipelining=self._pool.pipelines
        )
        try:
            answer = await transaction.run(letter, permit)
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


def _closed_while_idle(answer: Answer) -> bool:
    lost = answer.verdict is Verdict.DEFERRED and answer.code in {None, 421}
    return lost and answer.phase is Phase.SENDER
