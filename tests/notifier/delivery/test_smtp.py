"""The way out over SMTP against a real server that misbehaves at every step."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Sequence
from pathlib import Path

import pytest

from notifier.delivery.delivery import Answer, Letter, Phase, Verdict
from notifier.delivery.smtp import SmtpTransport
from notifier.errors import TransportError
from notifier.settings import SmtpRelay
from tests.smtp_server import (
    Action,
    Behave,
    Close,
    Raw,
    Received,
    Say,
    Script,
    SmtpServer,
    Stall,
    Step,
    Tls,
    authority,
)

PASSWORD = "correct horse"
LOGIN = ("courier", PASSWORD)
CONTENT = b"Subject: x\r\n\r\n.\r\n..two\r\nFrom me\r\n"
LONG, SHORT = 10.0, 0.2


@pytest.fixture(scope="module")
def ca_file(tmp_path_factory: pytest.TempPathFactory) -> str:
    return authority().write_ca_file(tmp_path_factory.mktemp("ca"))


def a_letter(
    number: int = 1,
    *,
    sender: str = "news@example.org",
    recipient: str = "anna@readers.example",
    content: bytes = CONTENT,
) -> Letter:
    return Letter(
        sender=sender,
        recipient=recipient,
        message_id=f"<{number}@example.org>",
        content=content,
    )


def a_transport(
    server: SmtpServer,
    *,
    tls: Tls = Tls.NONE,
    ca_file: str = "",
    login: tuple[str, str] = ("", ""),
    timeout: float = LONG,
    patience: float = LONG,
) -> SmtpTransport:
    relay = SmtpRelay(
        host=server.host,
        port=server.port,
        tls=tls,
        username=login[0],
        password=login[1],
        timeout=timeout,
        ca_file=ca_file,
    )
    return SmtpTransport(relay, patience=patience, own_name="courier.example")


async def sent(transport: SmtpTransport, *letters: Letter) -> list[Answer]:
    async with transport.session() as session:
        return [await session.send(letter) for letter in letters or [a_letter()]]


def patience(*actions: Action | Sequence[Action]) -> float:
    """Short where the server will stall, else so long that a busy machine does no harm."""
    flat = [a for some in actions for a in (some if isinstance(some, Sequence) else [some])]
    return SHORT if any(isinstance(action, Stall) for action in flat) else LONG


async def verdicts(script: Script, *, letters: int = 1) -> tuple[list[Answer], list[Received]]:
    async with SmtpServer(script=script) as server:
        seconds = patience(*script.values())
        transport = a_transport(server, timeout=seconds, patience=seconds)
        answers = await sent(transport, *(a_letter(n) for n in range(letters)))
        return answers, server.messages


async def test_letters_arrive_as_they_are_over_one_connection() -> None:
    async with SmtpServer() as server:
        first, second = await sent(a_transport(server), a_letter(1), a_letter(2, content=b".\r\n"))
    assert first.verdict is second.verdict is Verdict.ACCEPTED
    assert (first.code, first.enhanced, first.phase) == (250, "2.0.0", Phase.ANSWER)
    assert [m.content for m in server.messages] == [CONTENT, b".\r\n"]
    assert server.messages[0].sender == "news@example.org"
    assert server.messages[0].recipient == "anna@readers.example"
    assert server.connections == 1
    assert server.verbs() == ["EHLO", *["MAIL", "RCPT", "DATA"] * 2, "QUIT"]


async def test_a_session_without_letters_never_connects() -> None:
    async with SmtpServer() as server, a_transport(server).session():
        pass
    assert server.connections == 0


LATER, NEVER = "451 4.7.1 Later", "550 5.7.1 Never"
REFUSALS = [
    (Step.BANNER, Verdict.HALT, Phase.CONNECT),
    (Step.EHLO, Verdict.HALT, Phase.CONNECT),
    (Step.MAIL, Verdict.HALT, Phase.SENDER),
    (Step.RCPT, Verdict.FAILED, Phase.RECIPIENT),
    (Step.DATA, Verdict.FAILED, Phase.DATA),
    (Step.DOT, Verdict.FAILED, Phase.ANSWER),
]


@pytest.mark.parametrize(("step", "verdict", "phase"), REFUSALS)
async def test_a_final_refusal_is_judged_by_its_step(
    step: Step, verdict: Verdict, phase: Phase
) -> None:
    [answer], messages = await verdicts({step: Say(NEVER)})
    assert (answer.verdict, answer.phase, answer.enhanced) == (verdict, phase, "5.7.1")
    assert not messages


@pytest.mark.parametrize("text", [LATER, "421 4.3.2 Shutting down"])
@pytest.mark.parametrize(("step", "_", "phase"), REFUSALS)
async def test_a_temporary_refusal_defers_at_every_step(
    step: Step, _: Verdict, phase: Phase, text: str
) -> None:
    [answer], messages = await verdicts({step: Say(text, close=text.startswith("421"))})
    assert (answer.verdict, answer.phase, answer.code) == (
        Verdict.DEFERRED,
        phase,
        int(text[:3]),
    )
    assert not messages


@pytest.mark.parametrize(
    "action",
    [Close(), Close(reset=True), Stall(), Raw(b"\x00\xff nonsense\r\n"), Raw(b"2" * 99_999)],
)
@pytest.mark.parametrize(("step", "_", "phase"), REFUSALS[:-1])
async def test_a_lost_connection_before_the_dot_defers(
    step: Step, _: Verdict, phase: Phase, action: Action
) -> None:
    [answer], messages = await verdicts({step: action})
    assert (answer.verdict, answer.phase, answer.code) == (Verdict.DEFERRED, phase, None)
    assert not messages


@pytest.mark.parametrize(
    "action", [Close(), Close(reset=True), Stall(), Raw(b"nonsense\r\n"), Raw(b"354 More?\r\n")]
)
@pytest.mark.parametrize("step", [Step.DOT, Step.TAKEN])
async def test_no_clear_answer_after_the_dot_is_doubt(step: Step, action: Action) -> None:
    [answer], messages = await verdicts({step: action})
    assert (answer.verdict, answer.phase) == (Verdict.IN_DOUBT, Phase.ANSWER)
    assert len(messages) == (step is Step.TAKEN)


BIG = b"x" * 70 + b"\r\n"


@pytest.mark.parametrize("tls", [Tls.NONE, Tls.IMPLICIT])
@pytest.mark.parametrize("action", [Close(), Close(reset=True), Stall()])
async def test_a_body_that_cannot_leave_is_deferred_not_in_doubt(
    action: Action, tls: Tls, ca_file: str
) -> None:
    letter = a_letter(content=BIG * 250_000)
    async with SmtpServer(script={Step.BODY: action}, tls=tls, extensions=()) as server:
        seconds = 0.5 if isinstance(action, Stall) else LONG
        transport = a_transport(server, tls=tls, ca_file=ca_file, timeout=seconds)
        [answer] = await sent(transport, letter)
    assert (answer.verdict, answer.phase) == (Verdict.DEFERRED, Phase.BODY)
    assert not server.messages


@pytest.mark.parametrize(
    ("text", "verdict"), [("452 4.2.2 Full", Verdict.DEFERRED), (NEVER, Verdict.FAILED)]
)
async def test_an_answer_in_the_middle_of_a_body_is_taken_at_its_word(
    text: str, verdict: Verdict
) -> None:
    letter = a_letter(content=BIG * 250_000)
    script = {Step.BODY: [Say(text, close=True)]}
    async with SmtpServer(script=script, extensions=()) as server:
        first, second = await sent(a_transport(server), letter, a_letter(2))
    assert (first.verdict, first.phase) == (verdict, Phase.BODY)
    assert second.verdict is Verdict.ACCEPTED
    assert server.connections == 2


@pytest.mark.parametrize(
    "action", [Close(), Say("421 4.3.2 Bye", close=True), Raw(b"250 What?\r\n")]
)
async def test_a_connection_closed_after_an_answer_is_renewed_for_the_next_letter(
    action: Action,
) -> None:
    answers, messages = await verdicts({Step.AFTER: [action]}, letters=3)
    assert [a.verdict for a in answers] == [Verdict.ACCEPTED] * 3
    assert [m.connection for m in messages] == [1, 2, 2]


@pytest.mark.parametrize("action", [Close(), Say("421 4.4.2 Idle for too long", close=True)])
async def test_a_kept_connection_that_dies_at_mail_is_renewed_once(action: Action) -> None:
    script: Script = {Step.MAIL: [Behave(), action]}
    answers, messages = await verdicts(script, letters=2)
    assert [a.verdict for a in answers] == [Verdict.ACCEPTED] * 2
    assert [m.connection for m in messages] == [1, 2]


@pytest.mark.parametrize("step", [Step.RCPT, Step.DATA])
async def test_a_refused_letter_leaves_nothing_for_the_next(step: Step) -> None:
    async with SmtpServer(script={step: [Say(NEVER)]}) as server:
        other = a_letter(2, recipient="ben@readers.example")
        answers = await sent(a_transport(server), a_letter(), other)
    assert [a.verdict for a in answers] == [Verdict.FAILED, Verdict.ACCEPTED]
    assert [m.recipient for m in server.messages] == ["ben@readers.example"]
    assert server.connections == 1
    assert "RSET" in server.verbs()


@pytest.mark.parametrize("action", [Say(LATER), Close(), Stall()])
async def test_a_failed_reset_costs_a_connection_only(action: Action) -> None:
    script: Script = {Step.RCPT: [Say(NEVER)], Step.RSET: action}
    answers, messages = await verdicts(script, letters=2)
    assert [a.verdict for a in answers] == [Verdict.FAILED, Verdict.ACCEPTED]
    assert [m.connection for m in messages] == [2]


async def test_a_late_answer_is_never_taken_for_the_next_letters() -> None:
    script: Script = {Step.RCPT: [Stall(SHORT * 2)], Step.TAKEN: [Say(NEVER)]}
    answers, messages = await verdicts(script, letters=2)
    assert [a.verdict for a in answers] == [Verdict.DEFERRED, Verdict.FAILED]
    assert [m.connection for m in messages] == [2]


@pytest.mark.parametrize(
    "action", [Close(), Close(reset=True), Stall(), Raw(b"junk\r\n"), Say(NEVER)]
)
async def test_a_rude_goodbye_changes_nothing(action: Action) -> None:
    [answer], messages = await verdicts({Step.QUIT: action})
    assert answer.verdict is Verdict.ACCEPTED
    assert len(messages) == 1


async def test_a_dead_address_is_told_from_other_refusals() -> None:
    [answer], _ = await verdicts({Step.RCPT: Say("550-5.1.1 No such\r\n550 5.1.1 user")})
    assert (answer.verdict, answer.enhanced) == (Verdict.DEAD_ADDRESS, "5.1.1")


async def test_nobody_listening_defers_and_is_told_in_the_words_of_the_system() -> None:
    async with SmtpServer() as server:
        transport = a_transport(server)
    [answer] = await sent(transport)
    assert (answer.verdict, answer.phase) == (Verdict.DEFERRED, Phase.CONNECT)
    assert answer.text == f"127.0.0.1:{server.port}: Connection refused"


async def test_a_cancelled_letter_cuts_the_connection() -> None:
    async with (
        SmtpServer(script={Step.TAKEN: [Stall()]}) as server,
        a_transport(server).session() as session,
    ):
        task = asyncio.create_task(session.send(a_letter()))
        await asyncio.wait_for(server.took.wait(), 5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await session.send(a_letter(2))).verdict is Verdict.ACCEPTED
    assert [m.connection for m in server.messages] == [1, 2]


async def test_a_letter_beyond_the_announced_size_is_not_sent() -> None:
    async with SmtpServer(extensions=("SIZE 1000",)) as server:
        letters = (a_letter(content=b"x\r\n" * 400), a_letter(2))
        answers = await sent(a_transport(server), *letters)
    assert [a.verdict for a in answers] == [Verdict.FAILED, Verdict.ACCEPTED]
    assert "1200" in answers[0].text
    assert server.verbs().count("MAIL") == 1
    assert server.messages[0].parameters == f"SIZE={len(CONTENT)}"


@pytest.mark.parametrize("offer", ["SIZE", "SIZE 0", "SIZE none", "SIZE " + "9" * 40])
async def test_a_size_without_a_limit_refuses_nothing(offer: str) -> None:
    async with SmtpServer(extensions=(offer,)) as server:
        assert (await sent(a_transport(server)))[0].verdict is Verdict.ACCEPTED


async def test_an_international_local_part_needs_a_server_that_knows_it() -> None:
    letter = a_letter(recipient="änna@bücher.example")
    async with SmtpServer(extensions=("SMTPUTF8",)) as able:
        assert (await sent(a_transport(able), letter))[0].verdict is Verdict.ACCEPTED
    async with SmtpServer(extensions=()) as unable:
        [answer] = await sent(a_transport(unable), letter)
    assert able.messages[0].recipient == "änna@xn--bcher-kva.example"
    assert able.messages[0].parameters == "SMTPUTF8"
    assert answer.verdict is Verdict.FAILED
    assert "SMTPUTF8" in answer.text


async def test_a_server_that_reports_is_asked_to_name_the_letter() -> None:
    async with SmtpServer(extensions=("DSN",)) as server:
        assert (await sent(a_transport(server)))[0].verdict is Verdict.ACCEPTED
    [message] = server.messages
    assert message.parameters == "RET=HDRS ENVID=1@example.org"
    assert (message.recipient, message.asked) == (
        "anna@readers.example",
        "NOTIFY=FAILURE ORCPT=rfc822;anna@readers.example",
    )


async def test_an_international_domain_alone_needs_nothing() -> None:
    async with SmtpServer(extensions=()) as server:
        await sent(a_transport(server), a_letter(recipient="anna@bücher.example"))
    assert server.messages[0].recipient == "anna@xn--bcher-kva.example"


@pytest.mark.parametrize(
    ("letter", "verdict"),
    [
        (a_letter(recipient="a@b.example>\r\nRCPT TO:<c@d.example"), Verdict.FAILED),
        (a_letter(recipient=""), Verdict.FAILED),
        (a_letter(sender="a b@example.org"), Verdict.HALT),
        (a_letter(content=b"x\n.\nMAIL FROM:<a@b.example>\r\n"), Verdict.FAILED),
        (a_letter(content=b"x\r.\r\n"), Verdict.FAILED),
    ],
)
async def test_nothing_is_smuggled_into_the_conversation(letter: Letter, verdict: Verdict) -> None:
    async with SmtpServer() as server:
        [answer] = await sent(a_transport(server), letter)
    assert answer.verdict is verdict
    assert server.verbs() == ["EHLO", "QUIT"]


async def test_the_empty_sender_is_a_sender() -> None:
    async with SmtpServer() as server:
        assert (await sent(a_transport(server), a_letter(sender="")))[0].verdict is Verdict.ACCEPTED


@pytest.mark.parametrize("method", ["PLAIN", "LOGIN"])
@pytest.mark.parametrize("tls", [Tls.STARTTLS, Tls.IMPLICIT])
async def test_a_password_travels_encrypted_only(tls: Tls, method: str, ca_file: str) -> None:
    async with SmtpServer(tls=tls, login=LOGIN, auth=[method]) as server:
        transport = a_transport(server, tls=tls, ca_file=ca_file, login=LOGIN)
        answers = await sent(transport, a_letter(1), a_letter(2))
    assert [a.verdict for a in answers] == [Verdict.ACCEPTED] * 2
    assert [(m.encrypted, m.user) for m in server.messages] == [(True, "courier")] * 2
    assert b"AUTH" not in server.clear
    assert b"MAIL" not in server.clear


async def test_an_untrusted_certificate_ends_it(ca_file: str) -> None:
    for tls in (Tls.STARTTLS, Tls.IMPLICIT):
        async with SmtpServer(tls=tls, login=LOGIN) as server:
            [unknown] = await sent(a_transport(server, tls=tls, login=LOGIN))
        async with SmtpServer(tls=tls, login=LOGIN, names=["other.example"]) as other:
            [wrong] = await sent(a_transport(other, tls=tls, ca_file=ca_file, login=LOGIN))
        for answer in (unknown, wrong):
            assert (answer.verdict, answer.phase) == (Verdict.HALT, Phase.CONNECT)
            assert "cannot be trusted" in answer.text
        assert "AUTH" not in server.verbs() + other.verbs()


async def test_without_starttls_nothing_is_said_in_the_clear(ca_file: str) -> None:
    async with SmtpServer(login=LOGIN) as server:
        transport = a_transport(server, tls=Tls.STARTTLS, ca_file=ca_file, login=LOGIN)
        [answer] = await sent(transport)
    assert answer.verdict is Verdict.HALT
    assert "STARTTLS" in answer.text
    assert server.verbs() == ["EHLO"]


STARTTLS_TROUBLE: list[tuple[Action, Verdict]] = [
    (Say("454 4.7.0 No keys today"), Verdict.DEFERRED),
    (Say("554 5.7.0 No"), Verdict.HALT),
    (Close(), Verdict.DEFERRED),
    (Stall(), Verdict.DEFERRED),
    (Raw(b"220 Go ahead\r\nthis is no TLS\r\n"), Verdict.DEFERRED),
]


@pytest.mark.parametrize(("action", "verdict"), STARTTLS_TROUBLE)
async def test_trouble_with_starttls_never_falls_back(
    action: Action, verdict: Verdict, ca_file: str
) -> None:
    async with SmtpServer(tls=Tls.STARTTLS, login=LOGIN, script={Step.STARTTLS: action}) as server:
        transport = a_transport(
            server, tls=Tls.STARTTLS, ca_file=ca_file, login=LOGIN, timeout=patience(action)
        )
        [answer] = await sent(transport)
    assert (answer.verdict, answer.phase) == (verdict, Phase.CONNECT)
    assert base64.b64encode(PASSWORD.encode()) not in server.clear
    assert b"AUTH" not in server.clear


LOGIN_TROUBLE: list[tuple[Action, Verdict]] = [
    (Say("535 5.7.8 No"), Verdict.HALT),
    (Say("535 5.7.8 No", close=True), Verdict.HALT),
    (Say("454 4.7.0 Later"), Verdict.DEFERRED),
    (Say("421 4.7.0 Bye", close=True), Verdict.DEFERRED),
    (Close(), Verdict.DEFERRED),
    (Stall(), Verdict.DEFERRED),
    (Raw(b"junk\r\n"), Verdict.DEFERRED),
]


@pytest.mark.parametrize(("action", "verdict"), LOGIN_TROUBLE)
async def test_a_refused_login_halts_and_an_unsure_one_defers(
    action: Action, verdict: Verdict, ca_file: str
) -> None:
    async with SmtpServer(tls=Tls.IMPLICIT, login=LOGIN, script={Step.AUTH: action}) as server:
        transport = a_transport(
            server, tls=Tls.IMPLICIT, ca_file=ca_file, login=LOGIN, timeout=patience(action)
        )
        [answer] = await sent(transport)
    assert (answer.verdict, answer.phase) == (verdict, Phase.LOGIN)
    assert not server.messages


async def test_a_wrong_password_and_an_unknown_method_halt(ca_file: str) -> None:
    for login, auth in ((("courier", "wrong"), ["PLAIN"]), (LOGIN, ["GSSAPI"]), (LOGIN, [])):
        async with SmtpServer(tls=Tls.IMPLICIT, login=LOGIN, auth=auth) as server:
            transport = a_transport(server, tls=Tls.IMPLICIT, ca_file=ca_file, login=login)
            [answer] = await sent(transport)
        assert (answer.verdict, answer.phase) == (Verdict.HALT, Phase.LOGIN)


async def test_a_server_that_echoes_the_password_does_not_make_us_repeat_it(ca_file: str) -> None:
    plain = base64.b64encode(f"\0courier\0{PASSWORD}".encode()).decode()
    alone = base64.b64encode(PASSWORD.encode()).decode()
    script = {Step.AUTH: Say(f"535 5.7.8 <{plain}> <{alone}> <{PASSWORD}> is wrong")}
    async with SmtpServer(tls=Tls.IMPLICIT, login=LOGIN, script=script) as server:
        transport = a_transport(server, tls=Tls.IMPLICIT, ca_file=ca_file, login=LOGIN)
        [answer] = await sent(transport)
    assert answer.verdict is Verdict.HALT
    for secret in (plain, alone, PASSWORD):
        assert secret not in repr(answer)
        assert secret not in repr(transport)


@pytest.mark.parametrize(
    "relay",
    [
        SmtpRelay(host="mx.example", port=25, tls="none", username="u", password=PASSWORD),
        SmtpRelay(host="127.0.0.1", port=25, tls="none", username="u"),
        SmtpRelay(host="mx.example", port=465, tls="implicit", password=PASSWORD),
        SmtpRelay(host="mx.example", port=25, tls="perhaps"),
        SmtpRelay(host="mx.example\r\n", port=25, tls="none"),
        SmtpRelay(host="mx.example", port=25, tls="starttls", ca_file="/nowhere/ca.pem"),
    ],
)
def test_settings_that_can_never_work_are_refused_at_once(relay: SmtpRelay) -> None:
    with pytest.raises(TransportError) as refusal:
        SmtpTransport(relay)
    assert PASSWORD not in str(refusal.value)


def test_a_file_without_certificates_is_refused(tmp_path: Path) -> None:
    empty = tmp_path / "ca.pem"
    empty.write_text("nothing")
    with pytest.raises(TransportError):
        SmtpTransport(SmtpRelay(host="mx.example", port=465, tls="implicit", ca_file=str(empty)))


async def test_a_check_goes_as_far_as_it_can_without_a_letter(ca_file: str) -> None:
    async with SmtpServer(tls=Tls.STARTTLS, login=LOGIN) as server:
        transport = a_transport(server, tls=Tls.STARTTLS, ca_file=ca_file, login=LOGIN)
        assert await transport.check() is None
    assert server.verbs() == ["EHLO", "STARTTLS", "EHLO", "AUTH", "NOOP", "QUIT"]


@pytest.mark.parametrize(
    ("step", "action", "verdict"),
    [
        (Step.BANNER, Say("554 5.7.1 Go away"), Verdict.HALT),
        (Step.NOOP, Say("421 4.3.2 Not now", close=True), Verdict.DEFERRED),
        (Step.NOOP, Close(), Verdict.DEFERRED),
    ],
)
async def test_a_check_says_what_stands_in_the_way(
    step: Step, action: Action, verdict: Verdict
) -> None:
    async with SmtpServer(script={step: action}) as server:
        answer = await a_transport(server).check()
    assert answer is not None
    assert answer.verdict is verdict
