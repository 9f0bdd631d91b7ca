"""Sessions of one relay share its connections and its pace."""

from __future__ import annotations

import asyncio
from itertools import count

from notifier.delivery.delivery import Phase, Verdict, classify
from notifier.delivery.pace import Limits
from notifier.delivery.pool import Pool
from notifier.delivery.smtp import SmtpTransport
from tests.notifier.delivery.letters import a_letter, a_way
from tests.smtp_server import Behave, Say, Script, SmtpServer, Stall, Step

LATER = classify(451, "4.3.2 Later", Phase.SENDER)
numbers = count()


async def some(way: SmtpTransport, letters: int) -> list[Verdict]:
    async with way.session() as session:
        return [(await session.send(a_letter(next(numbers)))).verdict for _ in range(letters)]


async def test_there_are_never_more_connections_than_allowed() -> None:
    async with SmtpServer() as server:
        way = a_way(server, connections=2)
        await asyncio.gather(*(some(way, 3) for _ in range(6)))
    assert len(server.messages) == 18
    assert server.peak == 2


async def test_a_connection_is_renewed_after_so_many_messages() -> None:
    async with SmtpServer() as server:
        await some(a_way(server, messages_per_connection=2), 5)
    assert [m.connection for m in server.messages] == [1, 1, 2, 2, 3]
    assert server.verbs().count("QUIT") == 3


async def test_a_tarpit_holds_up_itself_only() -> None:
    async with SmtpServer(script={Step.TAKEN: [Stall()]}) as server:
        way = a_way(server, connections=2)
        async with way.session() as stuck:
            waiting = asyncio.create_task(stuck.send(a_letter(1)))
            await server.took.wait()
            assert await some(way, 5) == [Verdict.ACCEPTED] * 5
            assert not waiting.done()
            waiting.cancel()


async def test_a_server_that_asks_for_less_gets_fewer_connections() -> None:
    script: Script = {Step.MAIL: [Behave(), Behave(), Say("451 4.3.2 Later")]}
    async with SmtpServer(script=script) as server:
        way = a_way(server, connections=2)
        async with way.session() as one, way.session() as other:
            await asyncio.gather(one.send(a_letter(1)), other.send(a_letter(2)))
            assert (await one.send(a_letter(3))).verdict is Verdict.DEFERRED
            waiting = asyncio.create_task(one.send(a_letter(4)))
            await asyncio.sleep(0)
            assert (await other.send(a_letter(5))).verdict is Verdict.ACCEPTED
            assert not waiting.done()
            await other.close()
            assert (await waiting).verdict is Verdict.ACCEPTED
    assert [m.recipient[:7] for m in server.messages][2:] == ["reader5", "reader4"]
    assert server.connections == 3


async def test_the_rate_holds_over_all_connections() -> None:
    loop = asyncio.get_running_loop()
    async with SmtpServer() as server:
        way = a_way(server, connections=3, rate=40.0)
        began = loop.time()
        await asyncio.gather(*(some(way, 3) for _ in range(3)))
        assert loop.time() - began >= 8 / 40
    assert len(server.messages) == 9


async def test_a_wait_ends_when_told_to_stop() -> None:
    stop = asyncio.Event()
    async with SmtpServer() as server:
        way = a_way(server, connections=1, rate=1 / 3600)
        async with way.session() as one, way.session() as other:
            await one.send(a_letter(1))
            for_a_turn = asyncio.create_task(one.ready(stop))
            for_a_seat = asyncio.create_task(other.ready(stop))
            await asyncio.sleep(0.01)
            stop.set()
            answers = await asyncio.wait_for(asyncio.gather(for_a_turn, for_a_seat), 5)
    assert [a and a.verdict for a in answers] == [Verdict.DEFERRED] * 2
    assert len(server.messages) == 1


async def test_whoever_is_ready_stays_ready() -> None:
    async with SmtpServer() as server, a_way(server, rate=1 / 3600).session() as session:
        assert await session.ready() is None
        assert await session.ready() is None
        assert (await session.send(a_letter(1))).verdict is Verdict.ACCEPTED


async def test_who_is_ready_on_a_connection_that_dies_gets_another() -> None:
    async with SmtpServer() as server, a_way(server).session() as session:
        assert await session.ready() is None
        server.hang_up()
        await asyncio.sleep(0.05)
        assert await session.ready() is None
        assert (await session.send(a_letter(1))).verdict is Verdict.ACCEPTED
    assert server.connections == 2


async def test_seats_are_given_in_order_and_given_back_by_who_is_cancelled() -> None:
    pool, order = Pool(Limits(connections=1)), []

    async def sits(name: str) -> None:
        assert await pool.sit()
        order.append(name)

    assert await pool.sit()
    tasks = [asyncio.create_task(sits(name)) for name in "abcd"]
    await asyncio.sleep(0)
    tasks[0].cancel()  # while it waits
    await asyncio.sleep(0)
    pool.leave()
    tasks[1].cancel()  # in the moment in which the seat is its own
    await asyncio.gather(*tasks[:3], return_exceptions=True)
    assert order == ["c"]
    pool.leave()
    await tasks[3]
    assert order == ["c", "d"]


async def test_a_moment_of_a_faster_pace_is_given_up() -> None:
    pool = Pool(Limits(rate=20.0, rest=0.3))
    loop = asyncio.get_running_loop()
    await pool.turn()
    began = loop.time()
    waiting = asyncio.create_task(pool.turn())
    await asyncio.sleep(0.01)
    pool.learn(LATER, loop.time())
    await waiting
    assert loop.time() - began >= 0.3
