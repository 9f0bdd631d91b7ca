"""The commands of an envelope, and what a relay that reports is asked to report."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.delivery.delivery import Letter, Phase, Verdict
from notifier.delivery.envelope import (
    Offers,
    Unfit,
    commands,
    one_by_one,
    unfit,
    xtext,
)
from notifier.returns.reports import unxtext
from tests.notifier.delivery.letters import a_letter

REPORTING = Offers(size=True, dsn=True)
LETTER = replace(a_letter(content=b"x\r\n"), envelope_id="b-1-a-b-token", recipient="a+b@x.example")


def mail_command(letter: Letter, offers: Offers) -> bytes:
    return one_by_one(letter, offers)[0]


def rcpt_command(letter: Letter, offers: Offers) -> bytes:
    return one_by_one(letter, offers)[1]


def test_a_relay_that_reports_is_told_whose_letter_it_is() -> None:
    assert mail_command(LETTER, REPORTING) == (
        b"MAIL FROM:<news@example.org> SIZE=3 RET=HDRS ENVID=b-1-a-b-token"
    )
    assert rcpt_command(LETTER, REPORTING) == (
        b"RCPT TO:<a+b@x.example> NOTIFY=FAILURE ORCPT=rfc822;a+2Bb@x.example"
    )


def test_a_group_has_the_commands_that_would_go_one_by_one() -> None:
    for offers in (Offers(), REPORTING):
        lines = (mail_command(LETTER, offers), rcpt_command(LETTER, offers), b"DATA", b"")
        assert commands(LETTER, offers) == b"\r\n".join(lines)


def test_an_address_in_another_script_needs_smtputf8_also_where_the_words_are_sound() -> None:
    letter = replace(LETTER, recipient="anna.müller@x.example", sound=True)
    offers = Offers(smtputf8=True)
    assert mail_command(letter, offers) == b"MAIL FROM:<news@example.org> SMTPUTF8"
    assert rcpt_command(letter, offers) == "RCPT TO:<anna.müller@x.example>".encode()


@pytest.mark.parametrize(
    ("letter", "verdict", "why"),
    [
        (replace(LETTER, sender="no address"), Verdict.HALT, "not an address"),
        (replace(LETTER, recipient="no address"), Verdict.FAILED, "not an address"),
        (replace(LETTER, content=b"x\n"), Verdict.FAILED, "a bare line end"),
        (replace(LETTER, content=b"x" * 19 + b"\r\n"), Verdict.FAILED, "21 octets"),
        (replace(LETTER, recipient="änna@x.example"), Verdict.FAILED, "SMTPUTF8"),
    ],
)
def test_nothing_is_said_of_a_letter_that_a_relay_cannot_take(
    letter: Letter, verdict: Verdict, why: str
) -> None:
    offers = Offers(size=True, max_size=20)
    refused = unfit(letter, offers)
    assert refused is not None
    assert (refused.verdict, refused.phase) == (verdict, Phase.SENDER)
    assert why in refused.text
    for written in (commands, one_by_one):
        with pytest.raises(Unfit, match=why):
            written(letter, offers)
    assert unfit(LETTER, offers) is None


def test_a_relay_that_does_not_report_is_asked_nothing() -> None:
    assert mail_command(LETTER, Offers()) == b"MAIL FROM:<news@example.org>"
    assert rcpt_command(LETTER, Offers()) == b"RCPT TO:<a+b@x.example>"


def test_the_message_id_is_the_name_where_there_is_no_other() -> None:
    letter = replace(LETTER, envelope_id="", message_id="<one+two=2@example.org>")
    assert mail_command(letter, REPORTING).endswith(b" ENVID=one+2Btwo+3D2@example.org")
    too_long = replace(letter, message_id=f"<{'i' * 90}@example.org>")
    assert b"ENVID" not in mail_command(too_long, REPORTING)


def test_nothing_is_reported_to_nobody() -> None:
    letter = replace(LETTER, sender="")
    assert mail_command(letter, REPORTING) == b"MAIL FROM:<> SIZE=3"
    assert rcpt_command(letter, REPORTING) == b"RCPT TO:<a+b@x.example>"


def test_an_international_address_is_named_as_far_as_ascii_goes() -> None:
    far = replace(LETTER, recipient="anna@b\u00fccher.example")
    assert rcpt_command(far, REPORTING).endswith(b" ORCPT=rfc822;anna@xn--bcher-kva.example")
    farther = replace(LETTER, recipient="\u00e4nna@b\u00fccher.example")
    assert rcpt_command(farther, replace(REPORTING, smtputf8=True)).endswith(b"> NOTIFY=FAILURE")


@given(st.text(st.characters(max_codepoint=127)))
def test_what_is_written_as_a_parameter_is_read_as_it_was(text: str) -> None:
    written = xtext(text)
    assert re.fullmatch("[!-~]*", written)
    assert "=" not in written
    assert unxtext(written) == text
