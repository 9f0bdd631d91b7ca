"""Reading what came back: codes decide, words do not, and no bytes are too strange."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.returns.mail import digest_of
from notifier.returns.reading import read
from tests.laws import law
from tests.notifier.returns.builders import FIRST, NAMES, a_bounce, a_message, filled
from tests.notifier.returns.test_corpus import KEY

SERVER = "From: MAILER-DAEMON@mx.example.net"
CORPUS = [filled(name, KEY, verp=True) for name in NAMES]


@law(40)
@given(st.binary(max_size=3000))
def test_any_bytes_are_something(raw: bytes) -> None:
    assert read(raw).digest


@law(60)
@given(st.data())
def test_no_damage_to_a_message_is_an_error(data: st.DataObject) -> None:
    raw = bytearray(data.draw(st.sampled_from(CORPUS)))
    for _ in range(data.draw(st.integers(1, 12))):
        start = data.draw(st.integers(0, len(raw)))
        piece = data.draw(st.binary(max_size=8) | st.sampled_from([b"\n\n", b"=?x?q?=ff?=", b"--"]))
        raw[start : start + data.draw(st.integers(0, 40))] = piece
    read(bytes(raw))


@pytest.mark.parametrize(
    "raw",
    [
        b"".join(
            b"Content-Type: multipart/mixed; boundary=%d\n\n--%d\n" % (i, i) for i in range(5000)
        ),
        b"Content-Type: message/rfc822\n\n" * 39 + b"a\n" * 100_000,
        b"To: a@b.example\n" * 30_000,
        b"From: mailer-daemon@x.example\n\nFailed <" + b"a@" * 250_000,
        b"Content-Type: message/delivery-status\n\n" + b"Action: failed\n\n" * 30_000,
    ],
    ids=["nested", "enclosed", "fields", "signs", "groups"],
)
def test_what_is_made_to_be_slow_is_not(raw: bytes) -> None:
    began = time.process_time()
    read(raw)
    assert time.process_time() - began < 2


@pytest.mark.parametrize("action", ["delayed", "relayed", "expanded", "delivered"])
def test_what_has_not_failed_is_a_notice_whatever_the_code(action: str) -> None:
    came = read(a_bounce(action=action, status="5.1.1"))
    assert came.kind == "notice"
    assert came.failing(FIRST) is None


def test_the_last_servers_own_code_is_nearer_to_the_truth() -> None:
    raw = a_bounce(status="5.0.0\nDiagnostic-Code: smtp; 550 5.2.2 mailbox full")
    assert read(raw).status == "5.2.2"


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("550 5.1.1 unknown", "5.1.1"),
        ("550-5.1.1 unknown\n550 5.1.1 really", "5.1.1"),
        ("no mailbox here by that name. (#5.1.1)", "5.1.1"),
        ("host 5.1.1.7 said: 550 no", ""),
        ("450 5.1.1 contradicts itself", ""),
        ("550 5.1.1 one\n550 5.7.1 other", ""),
        ("version 5.1.1 of the program, 550 no", ""),
    ],
)
def test_a_code_counts_only_where_a_server_writes_it(text: str, status: str) -> None:
    raw = a_message(SERVER, "", f"<{FIRST}>:", text)
    assert read(raw).status == status


def test_what_a_person_quotes_is_a_letter() -> None:
    raw = a_message("From: Second <second@readers.example>", "", f"> <{FIRST}>:", "> 550 5.1.1 no")
    assert read(raw).kind == "other"


def test_codes_in_the_returned_copy_do_not_count() -> None:
    copy = "--- Below this line is a copy of the message.\n\nWe printed: 550 5.1.1"
    raw = a_message(SERVER, "", f"<{FIRST}>:", "450 4.2.2 full", copy)
    assert (read(raw).kind, read(raw).status) == ("notice", "4.2.2")


@pytest.mark.parametrize(
    "field",
    [
        "Auto-Submitted: auto-replied",
        "Auto-Submitted: auto-generated (vacation)",
        "X-Autoreply: yes",
        "Precedence: auto_reply",
        "Return-Path: <>",
        "Subject: Automatic reply: The morning paper",
        "Subject: =?utf-8?q?R=C3=A9ponse_automatique=C2=A0?=",
    ],
)
def test_what_a_machine_answers_says_nothing_of_the_address(field: str) -> None:
    came = read(a_message(f"From: {FIRST}", field, "", "550 5.1.1 is my favourite number"))
    assert (came.kind, came.recipients) == ("automatic", ())


def test_a_letter_that_says_it_is_none_of_these_is_a_letter() -> None:
    assert read(a_message(f"From: {FIRST}", "Auto-Submitted: no", "", "Hello")).kind == "other"


def test_two_copies_are_one_message_whatever_servers_wrote_on_top() -> None:
    raw = a_bounce()
    on_top = b"Return-Path: <>\nDelivered-To: bounces@example.org\nReceived: from a\n by b\n"
    assert digest_of(on_top + raw) == digest_of(raw.replace(b"\n", b"\r\n"))
    assert digest_of(raw) != digest_of(a_bounce(number="2"))
    assert digest_of(raw) != digest_of(raw.replace(b"failed", b"delayed"))
