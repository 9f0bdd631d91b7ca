"""Several ways out, of which the first that works is used.

A relay that cannot be reached, or does not let us in, is passed over for a while. A letter that
one of them has heard of stays with it: what is tried again is for the ledger to say.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence

from notifier.delivery.delivery import Answer, Letter, Phase
from notifier.delivery.session import SmtpSession
from notifier.delivery.smtp import SmtpTransport
from notifier.delivery.stream import Work
from notifier.delivery.transaction import Permit
from notifier.settings import DkimProfile, SmtpRelay

_PASSED_OVER = 60.0  # seconds


class FailoverTransport:
    """Letters to the first of some relays that works."""

    def __init__(self, relays: Sequence[SmtpTransport], pause: float = _PASSED_OVER) -> None:
        self._relays = tuple(relays)
        self._pause = pause
        self._down_until = [0.0 for _ in relays]

    @contextlib.asynccontextmanager
    async def session(self) -> AsyncIterator[FailoverSession]:
        """Yield a session; it says goodbye to every relay that it was connected to."""
        async with contextlib.AsyncExitStack() as stack:
            sessions = [await stack.enter_async_context(one.session()) for one in self._relays]
            yield FailoverSession(self, sessions)

    async def check(self) -> Answer | None:
        """Return None when one of the relays is ready, else what the first one answers."""
        answers = [await relay.check() for relay in self._relays]
        return None if None in answers else answers[0]

    def order(self) -> list[int]:
        """Return the relays in the order in which to try them: last those that are down."""
        now = asyncio.get_running_loop().time()
        return sorted(range(len(self._relays)), key=lambda n: (self._down_until[n] > now, n))

    def note_down(self, number: int) -> None:
        """Pass a relay over for a while."""
        self._down_until[number] = asyncio.get_running_loop().time() + self._pause


class FailoverSession:
    """Letters to one relay at a time; `way` are the settings of the one in use."""

    def __init__(self, transport: FailoverTransport, sessions: Sequence[SmtpSession]) -> None:
        self._transport = transport
        self._sessions = tuple(sessions)
        self._current = self._sessions[0]

    @property
    def way(self) -> SmtpRelay:
        """The relay that the next letter goes to, once it is `ready`."""
        return self._current.way

    @property
    def profile(self) -> DkimProfile | None:
        """How the next letter is signed, once it is `ready`, where that is not as all are."""
        return self.way.signing

    async def ready(self, stop: asyncio.Event | None = None) -> Answer | None:
        """Return None once a relay is ready (see SmtpSession.ready), else what the last one said.

        A session that changes over says goodbye to the relay it leaves.
        """
        answer: Answer | None = None
        for number in self._transport.order():
            session = self._sessions[number]
            if session is not self._current:
                await self._current.close()
                self._current = session
            answer = await session.ready(stop)
            if answer is None or (stop is not None and stop.is_set()):
                break
            self._transport.note_down(number)
        return answer

    async def send(self, letter: Letter, permit: Permit | None = None) -> Answer:
        """Return what became of `letter` at the relay that was ready for it."""
        obstacle = await self.ready()
        if obstacle is not None:
            return obstacle
        answer = await self._current.send(letter, permit)
        self.note(answer)
        return answer

    async def stream(self, work: Work) -> None:
        """Send letters of `work`, as long as none of them should go to another relay."""
        await self._current.stream(_Here(self, work))

    @property
    def here(self) -> bool:
        """Tell whether the relay in use is the one to be tried first."""
        return self._sessions[self._transport.order()[0]] is self._current

    def note(self, answer: Answer) -> None:
        """Pass the relay in use over for a while where it could not be reached."""
        if answer.phase in {Phase.CONNECT, Phase.LOGIN}:
            self._transport.note_down(self._sessions.index(self._current))


class _Here:
    """Work for one of several relays."""

    def __init__(self, session: FailoverSession, work: Work) -> None:
        self._session = session
        self._work = work
        self.ask = work.ask

    def begin(self) -> Letter | None:
        """Begin a letter where it should go to the relay in use."""
        return self._work.begin() if self._session.here else None

    def answered(self, answer: Answer) -> None:
        """Let both know."""
        self._session.note(answer)
        self._work.answered(answer)
