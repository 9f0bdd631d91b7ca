"""Several relays, of which the first that works is used; and one that speaks LMTP."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from notifier.delivery.delivery import Phase, Verdict
from notifier.delivery.failover import FailoverTransport
from notifier.delivery.maildir import MaildirTransport
from notifier.delivery.smtp import SmtpTransport
from notifier.delivery.transport import open_transport
from notifier.errors import TransportError
from notifier.settings import Maildir, SmtpRelay
from tests.notifier.delivery.letters import a_letter, a_way
from tests.smtp_server import Behave, Close, Say, Script, SmtpServer, Step

AWAY = SmtpRelay(host="127.0.0.1", port=1, tls="none")


def an_absent_one() -> SmtpTransport:
    return SmtpTransport(AWAY, own_name="courier.example", rest=0.01)


@pytest.mark.parametrize(
    "action", [Say("554 5.7.1 Go away"), Say("421 4.3.2 Not now", close=True), Close()]
)
async def test_a_server_that_does_not_let_us_in_is_passed_over(action: Say | Close) -> None:
    async with SmtpServer(script={Step.BANNER: action}) as first, SmtpServer() as second:
        ways = FailoverTransport([a_way(first), a_way(second)])
        async with ways.session() as session:
            answers = [await session.send(a_letter(number)) for number in range(3)]
            assert session.way.port == second.port
        assert await ways.check() is None
    assert [a.verdict for a in answers] == [Verdict.ACCEPTED] * 3
    assert first.connections == 2  # by the first letter, and by the check
    assert len(second.messages) == 3


async def test_the_first_is_used_again_when_it_works_again() -> None:
    async with (
        SmtpServer(script={Step.BANNER: [Close()]}) as first,
        SmtpServer() as second,
        FailoverTransport([a_way(first), a_way(second)], pause=0.1).session() as session,
    ):
        await session.send(a_letter(1))
        await asyncio.sleep(0.15)
        await session.send(a_letter(2))
    assert [m.recipient for m in second.messages] == ["reader1@readers.example"]
    assert [m.recipient for m in first.messages] == ["reader2@readers.example"]
    assert "QUIT" in second.verbs()


async def test_a_letter_that_a_server_has_heard_of_is_given_to_no_other() -> None:
    script: Script = {Step.DOT: [Behave(), Close()], Step.RCPT: [Say("450 4.2.0 Later")]}
    async with (
        SmtpServer(script=script) as first,
        SmtpServer() as second,
        FailoverTransport([a_way(first), a_way(second)]).session() as session,
    ):
        answers = [await session.send(a_letter(number)) for number in range(3)]
    told = [answer.verdict for answer in answers]
    assert told == [Verdict.DEFERRED, Verdict.ACCEPTED, Verdict.IN_DOUBT]
    assert second.connections == 0


async def test_where_none_works_the_answer_is_that_of_the_last() -> None:
    ways = FailoverTransport([an_absent_one(), an_absent_one()])
    async with ways.session() as session:
        answer = await session.send(a_letter(1))
    assert (answer.verdict, answer.phase) == (Verdict.DEFERRED, Phase.CONNECT)
    assert await ways.check() is not None


def test_the_settings_say_which_way_out(tmp_path: Path) -> None:
    assert isinstance(open_transport(AWAY), SmtpTransport)
    assert isinstance(open_transport(AWAY, AWAY), FailoverTransport)
    assert isinstance(open_transport(Maildir(path=tmp_path)), MaildirTransport)


@pytest.mark.parametrize("by_socket", [False, True])
async def test_lmtp_differs_by_its_greeting(tmp_path: Path, by_socket: bool) -> None:
    path = str(tmp_path / "lmtp") if by_socket else ""
    async with SmtpServer(path=path, extensions=("PIPELINING",)) as server:
        way = a_way(server, host=path or server.host, lmtp=True)
        async with way.session() as session:
            answers = [await session.send(a_letter(number)) for number in range(2)]
    assert [a.verdict for a in answers] == [Verdict.ACCEPTED] * 2
    assert server.verbs() == ["LHLO", *["MAIL", "RCPT", "DATA"] * 2, "QUIT"]


@pytest.mark.parametrize("text", ["451 4.3.0 Later", "554 5.7.1 Never"])
async def test_a_refused_lmtp_greeting_is_an_answer(text: str) -> None:
    server = SmtpServer(script={Step.EHLO: Say(text)})
    async with server, a_way(server, lmtp=True).session() as session:
        answer = await session.send(a_letter(1))
    assert (answer.phase, answer.code) == (Phase.CONNECT, int(text[:3]))


def test_lmtp_has_no_encryption() -> None:
    with pytest.raises(TransportError):
        SmtpTransport(SmtpRelay(host="mx.example", port=24, tls="starttls", lmtp=True))
