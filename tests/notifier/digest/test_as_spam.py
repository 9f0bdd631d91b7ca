"""SpamAssassin, which looks at what stands in a message, has nothing against our digest."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from notifier.delivery.filling import Prepared
from notifier.delivery.message import freeze
from notifier.digest.compose import Composer
from tests.notifier.digest.builders import a_request
from tests.notifier.digest.mails import SITE, WORDS, entries
from tests.notifier.keys import a_signer

pytestmark = pytest.mark.slow

PROGRAM = shutil.which("spamassassin", path=f"{os.environ.get('PATH', '')}:/usr/bin")
SENT = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
ARRIVED = (
    b"Return-Path: <b-1-1-1-aaaabbbbccccddddeeeeffff@bounces.example.org>\r\n"
    b"Received: from mail.example.org (mail.example.org [10.0.0.5])\r\n"
    b"\tby mx.readers.example (Postfix) with ESMTPS id 4Zq1Xk2sB1z9\r\n"
    b"\tfor <reader@readers.example>; Mon, 23 Nov 2026 06:30:05 +0000 (UTC)\r\n"
)


def a_message(language: str) -> bytes:
    """The built-in digest of six articles as a reader's mail server gets it, signed."""
    composed = Composer(None, SITE).compose(a_request(entries(language)[:6], language=language))
    frozen = freeze(
        subject=composed.subject,
        html=composed.html,
        text=composed.text,
        from_name="Riverside Courier",
        from_address="news@example.org",
        date=SENT,
        language=language,
        list_id="morning.example.org",
        list_name="The morning paper",
        list_archive=f"{SITE.url}/digests/morning",
        list_help=f"{SITE.url}/",
        feedback_id=f"morning:{language}:digest:0123456789ab",
        selectors=("s1",),
    )
    leave = f"{SITE.url}/u/1-1-{'t' * 27}"
    return ARRIVED + Prepared(frozen, (a_signer(),)).fill(
        {
            "name": "A Reader",
            "email": "reader@readers.example",
            "unsubscribe_url": leave,
            "preferences_url": leave,
        },
        recipient="reader@readers.example",
        recipient_name="A Reader",
        message_id=f"<{'a2' * 16}@example.org>",
        leave_address="u-1-1-aaaabbbbccccddddeeeeffff@bounces.example.org",
    )


def against(messages: Sequence[bytes], home: Path) -> list[dict[str, float]]:
    """What SpamAssassin has to say of each message, in points by rule, without asking anybody."""
    assert PROGRAM, "spamassassin is not installed; see .ci/run"
    box = b"".join(
        b"From news@example.org Mon Nov 23 06:30:05 2026\n"
        + re.sub(rb"^From ", b">From ", message.replace(b"\r\n", b"\n"), flags=re.MULTILINE)
        + b"\n"
        for message in messages
    )
    told = subprocess.run(  # noqa: S603 - a program of the system
        [PROGRAM, "--local", "--test-mode", "--mbox"],
        input=box,
        capture_output=True,
        check=True,
        env=os.environ | {"HOME": str(home), "LC_ALL": "C.UTF-8"},
    ).stdout.decode("utf-8", "replace")
    reports = told.split("Content analysis details:")[1:]
    rule = re.compile(r"^ *(-?[0-9]+\.[0-9]) ([A-Z][A-Z0-9_]+)", re.MULTILINE)
    return [{name: float(points) for points, name in rule.findall(report)} for report in reports]


def test_nothing_counts_against_the_digest_in_any_language(tmp_path: Path) -> None:
    shouting = re.sub(
        rb"^Subject: .*\r\n",
        b"Subject: MAKE MONEY FAST $$$ 100% FREE\r\n",
        a_message("en"),
        count=1,
        flags=re.MULTILINE,
    )
    found = against([*map(a_message, WORDS)], tmp_path)  # in any order
    [worse] = against([shouting], tmp_path)
    assert len(found) == len(WORDS)
    for rules in found:
        assert "MAILING_LIST_MULTI" in rules
        assert max(rules.values()) <= 0.0, rules
        assert sum(worse.values()) > sum(rules.values()), "it would find something"
