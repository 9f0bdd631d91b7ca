"""Letters over one SMTP connection that is opened late, kept, reset, renewed and said goodbye to.

Never raises for what a server does, and never says a word after the connection has fallen out
of step.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable

from notifier.delivery.delivery import Answer, Letter, Phase, Verdict, classify, unanswered
from notifier.delivery.transaction import Connection, Transaction, unfit
from notifier.delivery.wire import Silence

_FAREWELL = 5.0


class SmtpSession:
    """Letters over one connection, one after the other; it is renewed when it has broken.

    `timeout` and `patience` are those of a Transaction, in seconds.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[Connection | Answer]],
        timeout: float,
        patience: float,
    ) -> None:
        self._connect = connect
        self._timeout = timeout
        self._patience = patience
        self._connection: Connection | None = None
        self._open_transaction = False

    async def send(self, letter: Letter) -> Answer:
        """Return what became of `letter`; whatever the relay does is an answer.

        A kept connection that the relay has closed meanwhile is renewed once. Cancelled in the
        middle, it cuts the connection: what had left is in doubt.
        """
        kept = await self._reusable()
        answer = await self._attempt(letter)
        if kept and _closed_while_idle(answer):
            answer = await self._attempt(letter)
        return answer

    async def check(self) -> Answer | None:
        """Return None when the relay is ready for letters, else its answer."""
        connection = await self._connected()
        if isinstance(connection, Answer):
            return connection
        try:
            reply = await connection.wire.command(b"NOOP", self._timeout)
        except Silence as silence:
            return unanswered(Phase.CONNECT, str(silence))
        return None if reply.code == 250 else classify(*reply, Phase.CONNECT)

    async def close(self) -> None:
        """Say goodbye and cut the connection; takes seconds at most and never fails."""
        if self._connection is not None and self._connection.wire.quiet:
            with contextlib.suppress(Silence):
                await self._connection.wire.command(b"QUIT", min(self._timeout, _FAREWELL))
        await self.abort()

    async def abort(self) -> None:
        """Cut the connection without a word."""
        connection, self._connection = self._connection, None
        self._open_transaction = False
        if connection is not None:
            await connection.wire.close()

    async def _attempt(self, letter: Letter) -> Answer:
        connection = await self._connected()
        if isinstance(connection, Answer):
            return connection
        if (refused := unfit(letter, connection)) is not None:
            return refused
        transaction = Transaction(connection, self._timeout, self._patience)
        try:
            answer = await transaction.run(letter)
        except BaseException:
            await self.abort()
            raise
        self._open_transaction = answer.verdict is not Verdict.ACCEPTED
        if answer.code == 421 or not transaction.in_step:
            await self.abort()
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
        ready = self._connection.wire.quiet
        if ready and self._open_transaction:
            ready = await self._reset(self._connection)
        if not ready:
            await self.abort()
        return ready

    async def _reset(self, connection: Connection) -> bool:
        try:
            reply = await connection.wire.command(b"RSET", self._timeout)
        except Silence:
            return False
        except BaseException:
            await self.abort()
            raise
        self._open_transaction = False
        return reply.code == 250


def _closed_while_idle(answer: Answer) -> bool:
    lost = answer.verdict is Verdict.DEFERRED and answer.code in {None, 421}
    return lost and answer.phase is Phase.SENDER
