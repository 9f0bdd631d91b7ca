"""One letter over one SMTP connection (RFC 5321, 3.3), its phase known exactly.

The envelope goes in one group where the relay can pipeline (RFC 2920), else step by step. A letter
is in doubt only when its final dot may have left. Refuses to send a body where anything before it
was not as it should be.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from notifier.delivery.delivery import Answer, Letter, Phase, Verdict, classify, unanswered
from notifier.delivery.envelope import Offers, commands, one_by_one
from notifier.delivery.wire import Reply, Silence, Wire

Permit = Callable[[], Awaitable[bool]]

# asyncio's TLS hides what waits below it, up to its high-water mark: written in one piece, a
# long body would seem to have left at once.
CHUNK = 65_536
_DOT = b".\r\n"
_OUT_OF_ORDER = frozenset({500, 502, 503})  # what a server says that lost count of a group


@dataclass(frozen=True, slots=True)
class Connection:
    """A connection ready for letters, and what the relay announced."""

    wire: Wire
    offers: Offers


class _Step(NamedTuple):
    """A command, the phase it begins, and the first digit of the reply that goes on."""

    phase: Phase
    line: bytes
    wanted: int


class Transaction:
    """One letter on its way: `phase` is how far it has come.

    Once it has run, `in_step` says whether the connection can be used for another, and
    `surprised` whether the relay did not do with a group of commands what it should. `timeout`
    holds for every step but the answer to the final dot, which has `patience`; both in seconds.
    """

    __slots__ = (
        "_connection",
        "_patience",
        "_pipelining",
        "_timeout",
        "_wire",
        "in_step",
        "phase",
        "surprised",
    )

    def __init__(
        self, connection: Connection, timeout: float, patience: float, *, pipelining: bool = False
    ) -> None:
        self._connection = connection
        self._wire = connection.wire
        self._timeout = timeout
        self._patience = patience
        self._pipelining = pipelining and connection.offers.pipelining
        self.phase = Phase.SENDER
        self.in_step = False
        self.surprised = False

    async def run(
        self, letter: Letter, permit: Permit | None = None, *, written: bool = False
    ) -> Answer:
        """Return the first refusal, or the answer to the final dot.

        `permit` is awaited before the first octet of the body; where it says no, nothing was
        delivered and the connection is of no more use. The envelope may have been `written`, in
        one group, by whoever sent the letter before.
        """
        steps = _steps(letter, self._connection.offers)
        try:
            if written:
                refused = await self._replies_to(steps)
            elif self._pipelining:
                self._wire.write(commands(letter, self._connection.offers))
                refused = await self._replies_to(steps)
            else:
                refused = await self._step_by_step(steps)
            if refused is not None:
                return refused
            if permit is not None and not await permit():
                return unanswered(self.phase, "withheld")
            return await self._content(letter)
        except Silence as silence:
            return unanswered(self.phase, str(silence))

    async def _step_by_step(self, steps: Sequence[_Step]) -> Answer | None:
        for step in steps:
            self.phase = step.phase
            reply = await self._wire.command(step.line, self._timeout)
            if reply.code // 100 != step.wanted:
                self.in_step = reply.code >= 400
                return self._answer(reply)
        return None

    async def _replies_to(self, steps: Sequence[_Step]) -> Answer | None:
        """The outcome is the first failing reply: those after it say nothing of the letter."""
        first: Answer | None = None
        codes: list[int] = []
        for step in steps:
            if first is None:
                self.phase = step.phase
            try:
                reply = await self._wire.reply(self._timeout)
            except Silence:
                self.surprised = bool(codes)
                if first is None:
                    raise
                return first
            codes.append(reply.code)
            if first is None and reply.code // 100 != step.wanted:
                first = self._refusal(reply)
            if reply.code == 421:
                return first
        return None if first is None else await self._out_of_group(first, codes)

    def _refusal(self, reply: Reply) -> Answer:
        """Judge the first failing reply; one that complains of the group says nothing more."""
        answer = self._answer(reply)
        if reply.code not in _OUT_OF_ORDER:
            return answer
        self.surprised = True
        return replace(answer, verdict=Verdict.DEFERRED)  # in lock-step it is taken at its word

    async def _out_of_group(self, first: Answer, codes: Sequence[int]) -> Answer:
        """Find the way back to commands after a refusal; where there is none, say a surprise.

        A relay that wants a message after all gets a lone dot, for it has accepted no recipient.
        With one accepted the dot would deliver an empty message: there is no way but to close.
        """
        sender, recipient, data = codes
        nobody = recipient >= 400
        orderly = (
            (sender >= 400 or sender // 100 == 2)
            and (nobody or sender // 100 == recipient // 100 == 2)
            and (data >= 400 or (nobody and data // 100 == 3))
        )
        if self.surprised or not orderly:
            self.surprised = True
            return replace(first, verdict=Verdict.DEFERRED)
        if data // 100 == 3:
            return await self._lone_dot(first)
        self.in_step = True
        return first

    async def _lone_dot(self, first: Answer) -> Answer:
        self._wire.write(_DOT)
        try:
            reply = await self._wire.reply(self._timeout)
        except Silence:
            return first
        self.in_step = reply.code // 100 != 3
        return first

    async def _content(self, letter: Letter) -> Answer:
        """The dot goes with the last of the body; until both have left us nothing is in doubt."""
        self.phase = Phase.BODY
        data = after_data(letter)
        for start in range(0, len(data), CHUNK):
            if not self._wire.quiet:
                # An answer in the middle: no way leads back to commands but a new connection.
                return self._answer(await self._wire.reply(self._timeout))
            self._wire.write(data[start : start + CHUNK])
            if self._wire.full:
                await self._wire.flush(self._timeout)
        if self._wire.full:
            return self._answer(await self._wire.reply(self._timeout))
        self.phase = Phase.ANSWER
        reply = await self._wire.reply(self._patience)
        self.in_step = reply.code // 100 != 3
        return self._answer(reply)

    def _answer(self, reply: Reply) -> Answer:
        return classify(reply.code, reply.text, self.phase)


def _steps(letter: Letter, offers: Offers) -> tuple[_Step, ...]:
    mail, rcpt = one_by_one(letter, offers)
    return (
        _Step(Phase.SENDER, mail, 2),
        _Step(Phase.RECIPIENT, rcpt, 2),
        _Step(Phase.DATA, b"DATA", 3),
    )


def after_data(letter: Letter, following: bytes = b"") -> bytes:
    """Return what follows DATA: dots doubled at line starts (RFC 5321, 4.5.2), the final dot.

    And what is `following` that, in one piece.
    """
    content = letter.content
    if letter.sound:
        return b"".join((content, _DOT, following))
    start = b"." if content.startswith(b".") else b""
    end = _DOT if content.endswith(b"\r\n") else b"\r\n" + _DOT
    return start + content.replace(b"\r\n.", b"\r\n..") + end + following
