"""Several mail servers, and how fast each may be written to."""

from __future__ import annotations

from pathlib import Path

import pytest

from notifier.configuration import load
from notifier.settings import MailSettings, SmtpRelay
from tests.notifier.configuration.builders import BASE, told, write

HEAD = BASE + "mail:\n  from: news@example.org\n"


def read(folder: Path, text: str) -> MailSettings:
    mail = (
        load(write(folder, {"a.yaml": HEAD + text}), {"OTHER": "geheim"}).settings_or_raise().mail
    )
    assert mail is not None
    return mail


def test_each_of_several_servers_has_what_is_its_own_and_the_rest_in_common(
    tmp_path: Path,
) -> None:
    mail = read(
        tmp_path,
        "  password: open sesame\n  rate: 600/min\n  connections: 8\n  transport:\n"
        "    - smtp://news@one.example\n"
        "    - {address: 'smtps://us@two.example', password: '${OTHER}', rate: 20/s,\n"
        "       warm_up: 360/hour, timeout: 5s, messages_per_connection: 7}\n"
        "    - smtp://three.example\n",
    )
    assert mail.transport == SmtpRelay(
        host="one.example",
        port=587,
        tls="starttls",
        username="news",
        password="open sesame",
        connections=8,
        rate=10.0,
    )
    assert mail.fallbacks == (
        SmtpRelay(
            host="two.example",
            port=465,
            tls="implicit",
            username="us",
            password="geheim",
            connections=8,
            messages_per_connection=7,
            rate=20.0,
            warm_up=0.1,
            timeout=5.0,
        ),
        SmtpRelay(host="three.example", port=25, tls="starttls", connections=8, rate=10.0),
    )


@pytest.mark.parametrize(
    ("address", "host", "port"),
    [
        ("lmtp://127.0.0.1", "127.0.0.1", 24),
        ("lmtp://mail.example.org:2003/", "mail.example.org", 2003),
        ("lmtp:///run/lmtp", "/run/lmtp", 0),
    ],
)
def test_lmtp(tmp_path: Path, address: str, host: str, port: int) -> None:
    relay = read(tmp_path, f"  transport: {address}\n").transport
    assert relay == SmtpRelay(host=host, port=port, tls="none", lmtp=True)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (
            "rate: 20\n  transport: smtp://x.example",
            "a.yaml:6:9: expected text, not a number | put it in quotes",
        ),
        (
            "rate: 20/week\n  transport: smtp://x.example",
            "a.yaml:6:9: expected a number of messages and a time | such as `20/s`, `600/min` or "
            "`1000/hour`",
        ),
        (
            "transport: [smtp://x.example, mbox:x]",
            "a.yaml:6:33: this is not a way out for mail | such as `maildir:../data/mail` or "
            "`smtp://user@mail.example.org:587`",
        ),
        ("transport: []", "a.yaml:6:14: this list is empty"),
        (
            "transport: [smtp://x.example, maildir:x]",
            "a.yaml:6:33: a Maildir is the only way out where it is one",
        ),
        (
            "transport: [smtp://x.example, {address: 'smtp://y.example', rat: 1/s}]",
            "a.yaml:6:63: unknown key `rat` | did you mean `rate`?",
        ),
        (
            "transport: [{address: 'smtp://me@x.example'}]",
            "a.yaml:6:15: the login has no `password` | add `password: ${SMTP_PASSWORD}`",
        ),
        (
            "transport: [{address: 'smtp://x.example', password: a}]",
            "a.yaml:6:55: a password needs a login in `address` | "
            "write it before the host: `smtp://user@mail.example.org:587`",
        ),
        (
            "transport: [{address: 'smtp://x.example', ca_file: none.pem}]",
            "a.yaml:6:54: there is no such file",
        ),
        (
            "transport: 'lmtp://me@x.example'",
            "a.yaml:6:14: this is not a way out for mail | LMTP has no login and no encryption "
            "here: write `lmtp://HOST:PORT`",
        ),
    ],
)
def test_mistakes(tmp_path: Path, lines: str, expected: str) -> None:
    assert told(load(write(tmp_path, {"a.yaml": f"{HEAD}  {lines}\n"}), {})) == [expected]
