"""The commands of an envelope, and what a relay that reports is asked to report."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from notifier.delivery.envelope import Offers, commands, mail_command, rcpt_command, xtext
from notifier.returns.reports import unxtext
from tests.notifier.delivery.letters import a_letter

REPORTING = Offers(size=True, dsn=True)
LETTER = a_letter(content=b"x\r\n")._replace(
    envelope_id=lambda: "b-1-a-b-token", recipient="a+b@x.example"
)


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
    letter = LETTER._replace(recipient="anna.müller@x.example", sound=True)
    assert mail_command(letter, Offers()) == b"MAIL FROM:<news@example.org> SMTPUTF8"
    assert rcpt_command(letter, Offers()) == "RCPT TO:<anna.müller@x.example>".encode()


def test_a_relay_that_does_not_report_is_asked_nothing() -> None:
    assert mail_command(LETTER, Offers()) == b"MAIL FROM:<news@example.org>"
    assert rcpt_command(LETTER, Offers()) == b"RCPT TO:<a+b@x.example>"


def test_the_message_id_is_the_name_where_there_is_no_other() -> None:
    letter = LETTER._replace(envelope_id=str, message_id="<one+two=2@example.org>")
    assert mail_command(letter, REPORTING).endswith(b" ENVID=one+2Btwo+3D2@example.org")
    too_long = letter._replace(message_id=f"<{'i' * 90}@example.org>")
    assert b"ENVID" not in mail_command(too_long, REPORTING)


def test_nothing_is_reported_to_nobody() -> None:
    letter = LETTER._replace(sender="")
    assert mail_command(letter, REPORTING) == b"MAIL FROM:<> SIZE=3"
    assert rcpt_command(letter, REPORTING) == b"RCPT TO:<a+b@x.example>"


def test_an_international_address_is_named_as_far_as_ascii_goes() -> None:
    far = LETTER._replace(recipient="anna@b\u00fccher.example")
    assert rcpt_command(far, REPORTING).endswith(b" ORCPT=rfc822;anna@xn--bcher-kva.example")
    farther = LETTER._replace(recipient="\u00e4nna@b\u00fccher.example")
    assert rcpt_command(farther, REPORTING).endswith(b"> NOTIFY=FAILURE")


@given(st.text(st.characters(max_codepoint=127)))
def test_what_is_written_as_a_parameter_is_read_as_it_was(text: str) -> None:
    written = xtext(text)
    assert re.fullmatch("[!-~]*", written)
    assert "=" not in written
    assert unxtext(written) == text
