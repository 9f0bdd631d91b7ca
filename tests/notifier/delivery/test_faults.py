"""A server that fails at every step: what it took is what we say it took, or doubt about one."""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import Iterator
from itertools import product

import pytest

from notifier.delivery.delivery import Answer, Phase, Verdict
from tests.notifier.delivery.letters import LOCK_STEP, PIPELINING, a_letter, a_way
from tests.smtp_server import Action, Behave, Close, Raw, Say, Script, SmtpServer, Stall, Step

PHASES = {
    Step.BANNER: Phase.CONNECT,
    Step.EHLO: Phase.CONNECT,
    Step.MAIL: Phase.SENDER,
    Step.RCPT: Phase.RECIPIENT,
    Step.DATA: Phase.DATA,
    Step.BODY: Phase.ANSWER,  # a letter so short has left as a whole
    Step.DOT: Phase.ANSWER,
    Step.TAKEN: Phase.ANSWER,
}
WORDS = [
    Say("451 4.3.0 Later"),
    Say("421 4.3.2 Bye", close=True),
    Say("550 5.7.1 Never"),
    Say("550 5.7.1 Never", close=True),
]
SILENCE: list[Action] = [Close(), Close(reset=True), Stall(), Raw(b"\x00\xff nonsense\r\n")]
HALTING = {Step.BANNER, Step.EHLO, Step.MAIL}
Case = tuple[Step, Action, bool]


def cases() -> list[Case]:
    told = product(PHASES, WORDS, [False, True])
    silent: Iterator[Case] = product(PHASES, SILENCE, [False, True])
    return [*(case for case in told if is_honest(*case)), *silent]


def is_honest(step: Step, words: Say, kept: bool) -> bool:
    """Leave out servers that lie: that refuse what they take."""
    return step is not Step.TAKEN and (step is not Step.BODY or words.close)


def expected(step: Step, action: Action, kept: bool) -> tuple[Verdict, Phase]:
    """What must come of the letter that is hit: the first, or the second on a kept connection."""
    phase = PHASES[step]
    final = isinstance(action, Say) and action.text.startswith("5")
    idle = not final and step is Step.MAIL and (action not in WORDS or action.close)
    if kept and (phase is Phase.CONNECT or idle):
        return Verdict.ACCEPTED, Phase.ANSWER
    if final:
        return (Verdict.HALT if step in HALTING else Verdict.FAILED), phase
    lost = not isinstance(action, Say) and phase is Phase.ANSWER
    return (Verdict.IN_DOUBT if lost else Verdict.DEFERRED), phase


async def wrongs(case: Case, extensions: tuple[str, ...]) -> list[str]:
    """Send four letters to a server that fails once; return what is not as it should be."""
    step, action, kept = case
    script: Script = {step: [Behave(), action] if kept else [action]}
    seconds = 1.0 if isinstance(action, Stall) else 20.0
    server = SmtpServer(script=script, extensions=extensions)
    async with server, a_way(server, patience=seconds).session() as session:
        answers = [await session.send(a_letter(number)) for number in range(4)]
    hit = answers.pop(int(kept))
    found = [str(one) for one in answers if one.verdict is not Verdict.ACCEPTED]
    if (hit.verdict, hit.phase) != expected(*case):
        found.append(f"the letter that was hit: {hit}")
    return found + unbalanced([*answers[:kept], hit, *answers[kept:]], server)


def unbalanced(answers: list[Answer], server: SmtpServer) -> list[str]:
    taken = [message.recipient for message in server.messages]
    said = {a_letter(number).recipient: answer.verdict for number, answer in enumerate(answers)}
    accepted = {reader for reader, verdict in said.items() if verdict is Verdict.ACCEPTED}
    doubted = {reader for reader, verdict in said.items() if verdict is Verdict.IN_DOUBT}
    balanced = len(taken) == len(set(taken)) and accepted <= set(taken) <= accepted | doubted
    return [] if balanced and len(doubted) <= 1 else [f"taken {taken}, said {said}"]


async def test_whatever_fails_what_was_taken_is_what_we_say() -> None:
    found: dict[tuple[Case, tuple[str, ...]], list[str]] = {}
    for stalls in (False, True):  # by themselves, so that nothing else takes their time
        some = [case for case in cases() if isinstance(case[1], Stall) is stalls]
        tried = list(product(some, [PIPELINING, LOCK_STEP]))
        told = await asyncio.gather(*(wrongs(*one) for one in tried))
        found |= dict(zip(tried, told, strict=True))
    assert {one: wrong for one, wrong in found.items() if wrong} == {}


@pytest.mark.skipif(importlib.util.find_spec("uvloop") is None, reason="uvloop is not there")
def test_on_uvloop_too_a_body_that_cannot_leave_is_not_in_doubt() -> None:
    import uvloop

    async def some() -> list[Answer]:
        letter = a_letter(content=(b"x" * 70 + b"\r\n") * 250_000)
        answers = []
        for action, seconds in ((Close(), 10.0), (Close(reset=True), 10.0), (Stall(), 0.5)):
            server = SmtpServer(script={Step.BODY: action}, extensions=("PIPELINING",))
            async with server, a_way(server, patience=seconds).session() as session:
                answers.append(await session.send(letter))
        return answers

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        answers = runner.run(some())
    assert [(a.verdict, a.phase) for a in answers] == [(Verdict.DEFERRED, Phase.BODY)] * 3
