"""MAIL, RCPT and DATA in one group: what each reply is about, and where there is no way back."""

from __future__ import annotations

import pytest

from notifier.delivery.delivery import Answer, Phase, Verdict
from tests.notifier.delivery.letters import LOCK_STEP, PIPELINING, a_letter, a_way
from tests.smtp_server import Behave, Raw, Say, Script, SmtpServer, Stall, Step

NEVER = Say("550 5.7.1 Never")
NOTHING = Raw(b"")


async def answers_of(server: SmtpServer, letters: int, patience: float = 10.0) -> list[Answer]:
    async with server, a_way(server, patience=patience).session() as session:
        return [await session.send(a_letter(number)) for number in range(letters)]


def outcomes(answers: list[Answer]) -> list[tuple[Verdict, Phase]]:
    return [(answer.verdict, answer.phase) for answer in answers]


TAKEN = (Verdict.ACCEPTED, Phase.ANSWER)


async def test_a_group_is_sent_where_it_is_offered_and_only_there() -> None:
    for offered, verbs in ((PIPELINING, ["MAIL", "RCPT", "DATA"]), (LOCK_STEP, ["MAIL"])):
        server = SmtpServer(script={Step.MAIL: NOTHING}, extensions=offered)
        await answers_of(server, 1, patience=0.2)
        assert server.verbs() == ["EHLO", *verbs]


async def test_a_refused_sender_is_the_answer_and_not_the_complaints_that_follow() -> None:
    server = SmtpServer(script={Step.MAIL: [NEVER]})
    refused, other = outcomes(await answers_of(server, 2))
    assert refused == (Verdict.HALT, Phase.SENDER)
    assert other == TAKEN
    assert server.connections == 1


async def test_data_wanted_for_nobody_gets_a_lone_dot() -> None:
    server = SmtpServer(script={Step.RCPT: [NEVER]}, lenient=True)
    refused, other = outcomes(await answers_of(server, 2))
    assert refused == (Verdict.FAILED, Phase.RECIPIENT)
    assert other == TAKEN
    assert [m.recipient for m in server.messages] == ["reader1@readers.example"]
    assert server.connections == 1


async def test_data_wanted_for_an_accepted_recipient_of_no_sender_ends_the_connection() -> None:
    server = SmtpServer(script={Step.MAIL: [NEVER]}, lenient=True)
    odd, other = outcomes(await answers_of(server, 2))
    assert odd == (Verdict.DEFERRED, Phase.SENDER)
    assert other == TAKEN
    assert [(m.recipient, m.connection) for m in server.messages] == [
        ("reader1@readers.example", 2)
    ]


SURPRISES = [
    (Step.RCPT, Stall(), Phase.RECIPIENT),
    (Step.DATA, Stall(), Phase.DATA),
    (Step.RCPT, Raw(b"what?\r\n"), Phase.RECIPIENT),
    (Step.RCPT, Say("503 5.5.0 Improper use of pipelining"), Phase.RECIPIENT),
    (Step.RCPT, Say("503 5.5.0 Improper use of pipelining", close=True), Phase.RECIPIENT),
    (Step.DATA, Say("250 2.0.0 Whatever"), Phase.DATA),
]


@pytest.mark.parametrize(("step", "action", "phase"), SURPRISES)
async def test_after_a_surprise_every_session_goes_step_by_step(
    step: Step, action: Say | Stall | Raw, phase: Phase
) -> None:
    script: Script = {step: [action], Step.MAIL: [Behave(), NOTHING]}
    async with SmtpServer(script=script) as server:
        way = a_way(server, patience=0.3)
        async with way.session() as one, way.session() as other:
            first = await one.send(a_letter(1))
            second = await other.send(a_letter(2))
            third = await other.send(a_letter(3))
    assert outcomes([first, third]) == [(Verdict.DEFERRED, phase), TAKEN]
    assert (second.verdict, second.phase) == (Verdict.DEFERRED, Phase.SENDER)
    assert server.verbs(2) == ["EHLO", "MAIL"]
    assert [m.recipient for m in server.messages] == ["reader3@readers.example"]


async def test_a_server_that_shuts_down_in_a_group_is_no_surprise() -> None:
    script: Script = {
        Step.RCPT: [Say("421 4.3.2 Bye", close=True)],
        Step.MAIL: [Behave(), NOTHING],
    }
    server = SmtpServer(script=script)
    first, _ = outcomes(await answers_of(server, 2, patience=0.3))
    assert first == (Verdict.DEFERRED, Phase.RECIPIENT)
    assert server.verbs(2) == ["EHLO", "MAIL", "RCPT", "DATA"]


@pytest.mark.parametrize("close", [False, True])
async def test_a_refusal_stands_whatever_comes_after_it(close: bool) -> None:
    server = SmtpServer(script={Step.RCPT: [Say("550 5.1.1 Nobody", close=close)]})
    dead, other = outcomes(await answers_of(server, 2))
    assert dead == (Verdict.DEAD_ADDRESS, Phase.RECIPIENT)
    assert other == TAKEN
    assert len(server.messages) == 1


@pytest.mark.parametrize("offered", [PIPELINING, LOCK_STEP])
async def test_no_octet_of_a_body_leaves_without_permit(offered: tuple[str, ...]) -> None:
    asked: list[list[str]] = []
    async with SmtpServer(extensions=offered) as server, a_way(server).session() as session:

        async def no() -> bool:
            asked.append(server.verbs())
            return False

        async def yes() -> bool:
            return True

        withheld = await session.send(a_letter(1), no)
        sent = await session.send(a_letter(2), yes)
    assert outcomes([withheld, sent]) == [(Verdict.DEFERRED, Phase.DATA), TAKEN]
    assert asked == [["EHLO", "MAIL", "RCPT", "DATA"]]
    assert [m.recipient for m in server.messages] == ["reader2@readers.example"]


async def test_a_permit_that_fails_cuts_the_connection() -> None:
    async def fails() -> bool:
        raise ZeroDivisionError

    async with SmtpServer() as server, a_way(server).session() as session:
        with pytest.raises(ZeroDivisionError):
            await session.send(a_letter(1), fails)
        assert (await session.send(a_letter(2))).verdict is Verdict.ACCEPTED
    assert [m.connection for m in server.messages] == [2]
