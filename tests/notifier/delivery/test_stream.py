"""Envelopes that travel with the final dot before them: in which order, and what if it goes wrong.

`Letters` are what is sent, and keep a record: `b1` letter 1 was begun, `m1` its mark was asked for,
`a1` it was answered.
"""

from __future__ import annotations

import asyncio
import gc
import socket
import weakref
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from notifier.delivery.delivery import Answer, Letter, Phase, Verdict
from notifier.delivery.envelope import Offers
from notifier.delivery.smtp import SmtpTransport
from notifier.delivery.stream import Ended, Stream
from notifier.delivery.transaction import CHUNK, Connection
from notifier.delivery.wire import Wire
from tests.notifier.delivery.letters import LOCK_STEP, a_letter, a_way
from tests.smtp_server import Behave, Close, Raw, Say, SmtpServer, Stall, Step

TAKEN = (Verdict.ACCEPTED, Phase.ANSWER)
LATER = Say("451 4.3.0 Later")
LONG = b"Subject: x\r\n\r\n" + (b"y" * 70 + b"\r\n") * (CHUNK // 72 + 1)
BYE = Say("421 4.3.2 Bye", close=True)


@dataclass
class Letters:
    """Letters to be sent; `marks` are what is told of them, True where there is none."""

    letters: deque[Letter]
    marks: dict[int, bool | Exception] = field(default_factory=dict)
    record: list[str] = field(default_factory=list)
    begun: deque[int] = field(default_factory=deque)
    answers: list[Answer] = field(default_factory=list)
    count: int = 0

    def begin(self) -> Letter | None:
        if not self.letters:
            return None
        self.count += 1
        self.begun.append(self.count)
        self.record.append(f"b{self.count}")
        return self.letters.popleft()

    def ask(self, told: Callable[[bool], None], failed: Callable[[Exception], None]) -> None:
        [number] = self.begun  # at most one of a connection is in doubt
        self.record.append(f"m{number}")
        mark = self.marks.get(number, True)
        loop = asyncio.get_running_loop()
        if isinstance(mark, Exception):
            loop.call_later(0.01, failed, mark)
        else:
            loop.call_later(0.01, told, mark)

    def answered(self, answer: Answer) -> None:
        self.record.append(f"a{self.begun.popleft()}")
        self.answers.append(answer)

    @property
    def outcomes(self) -> list[tuple[Verdict, Phase]]:
        return [(answer.verdict, answer.phase) for answer in self.answers]


def some(count: int, **marks: bool | Exception) -> Letters:
    told = {int(name[1:]): mark for name, mark in marks.items()}
    return Letters(deque(a_letter(number + 1) for number in range(count)), told)


async def streamed(way: SmtpTransport, work: Letters) -> None:
    """Send all letters, by as many streams as it takes."""
    async with way.session() as session:
        while work.letters:
            left = len(work.letters)
            assert await session.ready() is None
            await session.stream(work)
            assert len(work.letters) < left
    assert not work.begun


def recipients(server: SmtpServer) -> list[tuple[str, int]]:
    """Return who got something, by the number in the address, and over which connection."""
    return [(message.recipient[6:7], message.connection) for message in server.messages]


async def test_a_letter_begins_before_the_answer_to_the_one_before_and_is_marked_after_it() -> None:
    async with SmtpServer() as server:
        work = some(3)
        await streamed(a_way(server), work)
    assert work.record == ["b1", "m1", "b2", "a1", "m2", "b3", "a2", "m3", "a3"]
    assert work.outcomes == [TAKEN] * 3
    assert recipients(server) == [("1", 1), ("2", 1), ("3", 1)]
    assert server.verbs() == ["EHLO", *(["MAIL", "RCPT", "DATA"] * 3), "QUIT"]


FAILURES = [
    (Step.DOT, LATER, [(Verdict.DEFERRED, Phase.ANSWER), TAKEN], [("2", 1)]),
    (Step.DOT, BYE, [(Verdict.DEFERRED, Phase.ANSWER), TAKEN], [("2", 2)]),
    (Step.DOT, Close(), [(Verdict.IN_DOUBT, Phase.ANSWER), TAKEN], [("2", 2)]),
    (Step.DOT, Raw(b"what?\r\n"), [(Verdict.IN_DOUBT, Phase.ANSWER), TAKEN], [("2", 2)]),
    (Step.DOT, Say("354 More"), [(Verdict.IN_DOUBT, Phase.ANSWER), TAKEN], [("2", 2)]),
    (Step.DOT, Stall(), [(Verdict.IN_DOUBT, Phase.ANSWER), TAKEN], [("2", 2)]),
    (Step.TAKEN, Close(), [(Verdict.IN_DOUBT, Phase.ANSWER), TAKEN], [("1", 1), ("2", 2)]),
    (Step.AFTER, Close(), [TAKEN, TAKEN], [("1", 1), ("2", 2)]),
]


@pytest.mark.parametrize(("step", "action", "outcomes", "taken"), FAILURES)
async def test_what_befalls_one_letter_costs_the_next_nothing(
    step: Step,
    action: Say | Close | Raw | Stall,
    outcomes: list[tuple[Verdict, Phase]],
    taken: list[tuple[str, int]],
) -> None:
    async with SmtpServer(script={step: [action]}) as server:
        work = some(2)
        await streamed(a_way(server, patience=0.3), work)
    assert work.outcomes == outcomes
    assert recipients(server) == taken


ENVELOPES = [
    (Step.MAIL, Say("452 4.3.1 Later"), (Verdict.DEFERRED, Phase.SENDER)),
    (Step.RCPT, Say("550 5.1.1 Nobody"), (Verdict.DEAD_ADDRESS, Phase.RECIPIENT)),
    (Step.RCPT, BYE, (Verdict.DEFERRED, Phase.RECIPIENT)),
    (Step.DATA, Say("554 5.7.1 Never"), (Verdict.FAILED, Phase.DATA)),
    (Step.RCPT, Stall(), (Verdict.DEFERRED, Phase.RECIPIENT)),
]


@pytest.mark.parametrize(("step", "action", "outcome"), ENVELOPES)
async def test_an_envelope_that_is_refused_is_judged_like_any_other(
    step: Step, action: Say | Stall, outcome: tuple[Verdict, Phase]
) -> None:
    async with SmtpServer(script={step: [Behave(), action]}) as server:
        work = some(3)
        await streamed_or_sent(a_way(server, patience=0.3), work)
    assert work.outcomes == [TAKEN, outcome, TAKEN]
    assert "m2" not in work.record
    assert [who for who, _ in recipients(server)] == ["1", "3"]


async def streamed_or_sent(way: SmtpTransport, work: Letters) -> None:
    """Send all letters, step by step where there was a surprise."""
    async with way.session() as session:
        while work.letters:
            assert await session.ready() is None
            left = len(work.letters)
            await session.stream(work)
            if len(work.letters) == left and (letter := work.begin()):
                work.answered(await session.send(letter))


async def test_a_letter_that_is_not_marked_keeps_its_body() -> None:
    async with SmtpServer() as server:
        work = some(3, m2=False)
        await streamed(a_way(server), work)
    assert work.outcomes == [TAKEN, (Verdict.DEFERRED, Phase.DATA), TAKEN]
    assert recipients(server) == [("1", 1), ("3", 2)]


async def test_a_mark_that_fails_cuts_the_connection() -> None:
    async with SmtpServer() as server, a_way(server).session() as session:
        assert await session.ready() is None
        with pytest.raises(ZeroDivisionError):
            await session.stream(some(3, m2=ZeroDivisionError()))
    assert recipients(server) == [("1", 1)]
    assert "QUIT" not in server.verbs()


@pytest.mark.parametrize("by_itself", [False, True])
async def test_a_mark_that_is_told_of_after_the_end_hurts_nobody(by_itself: bool) -> None:
    late: list[Callable[[bool], None]] = []

    class Late(Letters):
        def ask(self, told: Callable[[bool], None], failed: Callable[[Exception], None]) -> None:
            late.append(told)

    letter = a_letter(content=LONG) if by_itself else a_letter()
    async with SmtpServer() as server, a_way(server).session() as session:
        assert await session.ready() is None
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await session.stream(Late(deque([letter])))
        [told] = late
        told(True)
    assert server.messages == []


async def test_whoever_stops_a_stream_cuts_the_connection() -> None:
    async with SmtpServer(script={Step.DOT: Stall()}) as server, a_way(server).session() as session:
        assert await session.ready() is None
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await session.stream(some(2))
        assert server.verbs()[:4] == ["EHLO", "MAIL", "RCPT", "DATA"]
        server.behave()
        work = some(1)
        await session.ready()
        await session.stream(work)
    assert work.outcomes == [TAKEN]


async def test_a_stream_keeps_to_the_messages_of_a_connection() -> None:
    async with SmtpServer() as server:
        work = some(5)
        await streamed(a_way(server, messages_per_connection=2), work)
    assert [connection for _, connection in recipients(server)] == [1, 1, 2, 2, 3]


@pytest.mark.parametrize("limits", [{"rate": 1000.0}, {"warm_up": 3600.0}])
async def test_where_letters_have_to_wait_for_each_other_one_goes_at_a_time(
    limits: dict[str, float],
) -> None:
    async with SmtpServer() as server:
        work = some(2)
        await streamed(a_way(server, **limits), work)
    assert work.record == ["b1", "m1", "a1", "b2", "m2", "a2"]


async def test_where_no_groups_are_taken_nothing_is_begun() -> None:
    async with SmtpServer(extensions=LOCK_STEP) as server, a_way(server).session() as session:
        work = some(1)
        assert await session.ready() is None
        await session.stream(work)
    assert work.record == []


async def test_long_letters_and_unfit_ones_go_by_themselves() -> None:
    long = a_letter(2, content=LONG)
    unfit = a_letter(3, content=b"Subject: x\r\n\r\n\n")
    async with SmtpServer(extensions=("PIPELINING",)) as server:
        work = Letters(deque([a_letter(1), long, unfit, a_letter(4)]))
        await streamed(a_way(server), work)
    assert work.outcomes == [TAKEN, TAKEN, (Verdict.FAILED, Phase.SENDER), TAKEN]
    assert recipients(server) == [("1", 1), ("2", 1), ("4", 1)]


async def test_a_body_that_has_not_left_is_not_in_doubt_though_an_envelope_is_behind_it() -> None:
    ours, theirs = socket.socketpair()
    for one in (ours, theirs):
        one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    transport, _ = await asyncio.get_running_loop().create_connection(asyncio.Protocol, sock=ours)
    wire = Wire(transport)
    transport.set_protocol(wire)
    work = Letters(deque([a_letter(1, content=b"x\r\n" * 20_000), a_letter(2)]))
    running = asyncio.create_task(
        Stream(Connection(wire, Offers(pipelining=True)), work, 5, 5).run()
    )
    await asyncio.sleep(0)
    theirs.send(b"250\r\n250\r\n354\r\n")
    while work.record != ["b1", "m1", "b2"]:  # noqa: ASYNC110 - it is told by nothing else
        await asyncio.sleep(0.01)
    theirs.close()
    ended = await running
    await wire.close()
    assert work.outcomes == [(Verdict.DEFERRED, Phase.BODY)]
    assert ended == Ended(a_letter(2), in_step=False)


class Slow(asyncio.Transport):
    """A transport that hands on nothing but what it is told to; `waits` octets are still here."""

    def __init__(self) -> None:
        super().__init__()
        self.protocol = Wire(self)
        self.waits = 0

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self._high = high or 0

    def get_write_buffer_size(self) -> int:
        return self.waits

    def is_closing(self) -> bool:
        return False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.waits = len(data)
        if self.waits > self._high:
            self.protocol.pause_writing()

    def says(self, words: bytes) -> None:
        self.protocol.data_received(words)


async def a_body_under_way() -> tuple[Slow, Letters, asyncio.Task[Ended]]:
    """Return how things stand when the first of two letters was handed to a slow transport."""
    transport, work = Slow(), some(2)
    connection = Connection(transport.protocol, Offers(pipelining=True))
    running = asyncio.ensure_future(Stream(connection, work, 10, 10).run())
    await asyncio.sleep(0)
    transport.waits = 0
    transport.protocol.resume_writing()
    transport.says(b"250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354 Go on\r\n")
    await asyncio.sleep(0.05)
    assert work.record == ["b1", "m1", "b2"]
    return transport, work, running


@pytest.mark.parametrize("octets", [1, 20, 40, 63])
async def test_an_answer_counts_once_nothing_but_the_next_envelope_waits_here(octets: int) -> None:
    """uvloop tells only later that there is room: the answer may come first."""
    transport, work, running = await a_body_under_way()
    transport.waits = octets
    transport.says(b"250 2.0.0 Taken\r\n")
    assert work.outcomes == [TAKEN]
    running.cancel()
    await asyncio.wait([running])


async def test_an_answer_while_the_dot_waits_here_is_about_something_else() -> None:
    transport, work, running = await a_body_under_way()
    transport.says(b"250 2.0.0 Taken\r\n")
    assert work.outcomes == [(Verdict.DEFERRED, Phase.BODY)]
    assert not (await running).in_step


async def test_a_stream_that_has_ended_keeps_no_letter() -> None:
    transport, work, running = await a_body_under_way()
    [kept] = [one for one in gc.get_referrers(work) if isinstance(one, Stream)]
    ended = weakref.ref(kept)
    del kept
    gc.disable()
    try:
        running.cancel()
        await asyncio.wait([running])
        del running
        assert ended() is None
    finally:
        gc.enable()
    assert transport.waits
