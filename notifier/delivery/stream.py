"""Letters one after the other over a connection that takes groups of commands (RFC 2920).

The envelope of a letter travels with the final dot of the letter before, so that one write and one
read make a message; its body waits until that letter is answered and this one is marked. All of
this is done in the calls that the wire makes, for the turns of tasks would cost more than the rest.
Refuses to judge whatever is not as it should be: it stops there, and leaves the letter that it has
begun, and the replies to it, to a Transaction.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NamedTuple, Protocol

from notifier.delivery.delivery import Answer, Letter, Phase, Verdict, classify, unanswered
from notifier.delivery.envelope import Unfit, commands
from notifier.delivery.transaction import CHUNK, Connection, after_data
from notifier.delivery.wire import Reply

_WANTED = (2, 2, 3)  # first digits of the replies to MAIL, RCPT and DATA
_ANSWER, _ACCEPTED = Phase.ANSWER, Verdict.ACCEPTED  # to look them up for each letter costs a call


class Work(Protocol):
    """Letters to be sent, and what became of them; nothing here waits."""

    def begin(self) -> Letter | None:
        """Return the next letter where one is at hand; it has to be answered from then on."""

    def ask(self, told: Callable[[bool], None], failed: Callable[[Exception], None]) -> None:
        """Have the only letter without an answer marked; `told` is called later: whether it is."""

    def answered(self, answer: Answer) -> None:
        """Note what became of the first letter that has no answer yet."""


class Ended(NamedTuple):
    """How a stream has ended: with a `letter` that was begun and is not answered, or without one.

    Its envelope may have been `written`. The connection is `in_step` where it can be used for
    more; a transaction may be `open` then, which has to be reset.
    """

    letter: Letter | None = None
    written: bool = False
    in_step: bool = True
    open: bool = False


class Stream:
    """Letters of `work` over one connection, to be run once.

    `timeout` holds for every step but the answer to the final dot, which has `patience`; both in
    seconds.
    """

    def __init__(self, connection: Connection, work: Work, timeout: float, patience: float) -> None:
        self._wire = connection.wire
        self._offers = connection.offers
        self._work = work
        self._timeout = timeout
        self._patience = patience
        self._listen = self._hear_envelope  # what is to be done when the wire tells of a change
        self._letter: Letter | None = None  # the one that was begun last
        self._written = False  # its envelope
        self._replies: list[Reply] = []  # to that
        self._end: asyncio.Future[Ended] = asyncio.get_running_loop().create_future()

    async def run(self) -> Ended:
        """Send letters until there is none at hand, or something is not as it should be."""
        self._wire.tell(self._heard)
        try:
            self._wire.write(self._envelope_of_next())
            self._wire.expect(self._timeout)
            if not self._written:
                return Ended(self._letter)
            self._heard()  # it may have been lost before we listened
            return await self._end
        finally:
            self._wire.tell(None)
            self._wire.expect_nothing()
            self._listen = _wait  # else we refer to ourselves, and stay with our letter
            self._letter = None

    def _envelope_of_next(self) -> bytes:
        """Begin the next letter; return its envelope where it may be written."""
        self._letter = letter = self._work.begin()
        self._written = False
        if letter is None or len(letter.content) >= CHUNK:
            return b""
        try:
            envelope = commands(letter, self._offers)
        except Unfit:
            return b""
        self._written = True
        self._replies = []
        return envelope

    def _heard(self) -> None:
        """Go on after something has changed; what goes wrong here is for whoever runs us."""
        try:
            if not self._end.done():
                self._listen()
        except Exception as error:  # noqa: BLE001 - raised again where it is waited for
            self._fail(error)

    def _leave(self) -> None:
        """See whether the final dot has left; an answer before that leads nowhere."""
        if not self._wire.full:
            self._await_answer()
            self._hear_answer()
            return
        reply = self._wire.next()
        if reply is not None or self._wire.lost:
            self._give_up(Phase.BODY, reply)

    def _await_answer(self) -> None:
        self._listen = self._hear_answer
        self._wire.expect(self._patience)

    def _hear_answer(self) -> None:
        reply = self._wire.next()
        if reply is None:
            if self._wire.lost:
                self._give_up(Phase.ANSWER, None)
            return
        answer = classify(reply.code, reply.text, _ANSWER)
        self._work.answered(answer)
        if answer.verdict is not _ACCEPTED:
            in_step = reply.code // 100 != 3 and reply.code != 421
            written = self._written and in_step
            self._finish(Ended(self._letter, written, in_step, open=not written))
        elif not self._written:
            self._finish(Ended(self._letter))
        elif self._has_envelope():  # most often all of it is here, and no timer need be set
            self._mark()
        else:
            self._listen = self._hear_envelope
            self._wire.expect(self._timeout)

    def _hear_envelope(self) -> None:
        if self._has_envelope():
            self._mark()

    def _has_envelope(self) -> bool:
        """Tell whether the envelope was taken; where anything is not as it should be, end."""
        wire, replies = self._wire, self._replies
        for wanted in _WANTED[len(replies) :]:
            reply = wire.next()
            if reply is not None:
                replies.append(reply)
            elif not wire.lost:
                return False
            if reply is None or reply.code // 100 != wanted:
                wire.put_back(reversed(replies))
                self._finish(Ended(self._letter, written=True))
                return False
        return True

    def _mark(self) -> None:
        """Have the letter marked; whatever the wire tells meanwhile is looked at afterwards."""
        self._listen = _wait
        self._wire.expect_nothing()
        self._work.ask(self._told, self._fail)

    def _told(self, marked: bool) -> None:
        """Let the body leave, with the envelope of the next letter behind it."""
        try:
            if self._end.done():
                return
            if not marked:
                self._work.answered(unanswered(Phase.DATA, "withheld"))
                self._letter = None
                self._finish(Ended(in_step=False))
            elif not self._wire.quiet:
                self._letter = None
                self._give_up(Phase.BODY, self._wire.next())
            else:
                self._write_body()
        except Exception as error:  # noqa: BLE001 - as above
            self._fail(error)

    def _write_body(self) -> None:
        letter = self._letter
        assert letter is not None
        following = self._envelope_of_next()
        self._wire.write(after_data(letter, following), apart=len(following))
        if self._wire.full:
            self._listen = self._leave
            self._wire.expect(self._timeout)
        else:
            self._await_answer()

    def _give_up(self, phase: Phase, reply: Reply | None) -> None:
        """Have the letter answered by what was said in its middle, or by silence."""
        if reply is not None:
            self._work.answered(classify(reply.code, reply.text, phase))
        else:
            silence = self._wire.lost or "the server has spoken in the middle"
            self._work.answered(unanswered(phase, silence))
        self._finish(Ended(self._letter, in_step=False))

    def _finish(self, ended: Ended) -> None:
        self._end.set_result(ended)

    def _fail(self, error: Exception) -> None:
        if not self._end.done():
            self._end.set_exception(error)


def _wait() -> None:
    """Do nothing: it is not the wire that is waited for."""
