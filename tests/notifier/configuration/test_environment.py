"""What `${...}` stands for is put in, and is nobody else's business."""

from __future__ import annotations

from pathlib import Path

import pytest

from notifier.configuration import ConfigProblem, load
from notifier.settings import SmtpRelay
from tests.notifier.configuration.builders import BASE, read, settings, told, write

SECRET = "correct horse"
MAIL = """\
mail:
  from: news@example.org
  transport: smtp://news@mail.example.org
  password: ${PASSWORD}
"""


def _mail(folder: Path, text: str, environ: dict[str, str]) -> SmtpRelay:
    loaded = load(write(folder, {"a.yaml": BASE + text}), environ)
    mail = loaded.settings_or_raise().mail
    assert mail is not None
    assert isinstance(mail.transport, SmtpRelay)
    return mail.transport


def test_a_password_comes_from_the_environment(tmp_path: Path) -> None:
    relay = _mail(tmp_path, MAIL, {"PASSWORD": SECRET})
    assert relay.password == SECRET
    assert SECRET not in repr(relay)


def test_a_password_comes_from_a_file_beside(tmp_path: Path) -> None:
    write(tmp_path, {"secrets/smtp.txt": f"{SECRET}\n"})
    text = MAIL.replace("${PASSWORD}", "${file:secrets/smtp.txt}")
    assert _mail(tmp_path, text, {}).password == SECRET


@pytest.mark.parametrize(
    ("written", "environ", "title"),
    [
        ("${A} and ${B}", {"A": "one", "B": "two"}, "one and two"),
        ("${A:-none}", {}, "none"),
        ("${A:-none}", {"A": "some"}, "some"),
        ("x${A:-}", {}, "x"),
        ("$${A}", {"A": "one"}, "${A}"),
        ("${A}", {"A": "${B}", "B": "two"}, "${B}"),
        ("$A costs $5", {"A": "one"}, "$A costs $5"),
        ("'${A}'", {"A": "a: [b] # c"}, "a: [b] # c"),
    ],
)
def test_references_stand_for_values_inside_of_texts(
    tmp_path: Path, written: str, environ: dict[str, str], title: str
) -> None:
    found = settings(tmp_path, environ=environ, feeds=f"feeds:\n  a:\n    title: {written}\n")
    assert found.feeds[0].title == title


def test_numbers_may_come_from_the_environment(tmp_path: Path) -> None:
    text = "feeds: {a: {items: '${ITEMS}'}}\nwatch: ${WATCH}\n"
    found = settings(tmp_path, environ={"ITEMS": "7", "WATCH": "5"}, x=text)
    assert found.feeds[0].items == 7
    assert found.watch.total_seconds() == 5


def test_keys_are_left_alone(tmp_path: Path) -> None:
    loaded = read(tmp_path, environ={"A": "a"}, x="feeds: {'${A}': {}}\n")
    assert told(loaded)[0].startswith("x.yaml:1:9: `${A}` cannot be a name")


def test_a_variable_that_is_not_set_is_told_once(tmp_path: Path) -> None:
    write(tmp_path, {"a.yaml": BASE + MAIL})
    assert told(load(tmp_path, {})) == [
        "a.yaml:7:13: the environment variable `PASSWORD` is not set | "
        "set it in the environment, or give a default: `${PASSWORD:-…}`"
    ]


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("${file:none.txt}", "the file `none.txt` is not there"),
        ("${file:latin1.txt}", "the file `latin1.txt` cannot be read: it is not UTF-8 text"),
        ("${file:long.txt}", "the file `long.txt` is larger than 65536 bytes"),
        ("${A", "`${` has no end"),
        ("${1A}", "`${1A}` cannot be read"),
    ],
)
def test_a_reference_that_leads_nowhere_is_told(tmp_path: Path, written: str, message: str) -> None:
    (tmp_path / "latin1.txt").write_bytes(b"\xe9")
    (tmp_path / "long.txt").write_bytes(b"x" * 70_000)
    loaded = read(tmp_path, x=f"feeds: {{a: {{title: '{written}'}}}}\n")
    assert [problem.message for problem in loaded.problems] == [message]


WRONG_WITH_SECRETS = [
    "site: {name: A, url: '${S}'}",
    "store: ${S}",
    "web: {listen: '${S}'}",
    "watch: ${S}",
    "version: ${S}",
    "feeds: {a: {language: '${S}', items: '${S}', content: '${S}', select: {words: ['--${S}']}}}",
    "digests: {m: {schedule: 'every ${S}', timezone: '${S}', template: '${S}', late: '${S}'}}",
    "digests: {m: {schedule: at once, feeds: ['${S}']}}",
    "digests: {m: {schedule: at once, feeds: '${S}', select: {sources: '${S}'}}}",
    "digests: {m: {schedule: at once, select: {any: [{not: {sources: ['${S}']}}]}}}",
    "subscribers: [{email: a@b.example, digests: '${S}'}]",
    "subscribers: [{email: '${S}', digests: ['${S}']}]",
    "mail: {from: '${S}', transport: '${S}', reply_to: '${S}', ca_file: '${S}'}",
    "mail: {from: a@b.example, transport: 'smtp://x:${S}@mail.example.org'}",
    "mail: {from: a@b.example, transport: 'smtp://${S}@mail.example.org?tls=none'}",
    "sources: [{folder: '${S}'}]",
]


def _shown(problem: ConfigProblem) -> str:
    return f"{problem}{problem!r}{problem.headline}"


@pytest.mark.parametrize("text", WRONG_WITH_SECRETS)
@pytest.mark.parametrize("secret", ["Tr0ub4dor+3", "zqv: 'wkj", "x\ny"])
def test_what_was_put_in_is_never_shown(tmp_path: Path, text: str, secret: str) -> None:
    """Not in messages, not in hints; names of feeds and digests are checked as well."""
    base = BASE.splitlines()[0] + "\n"
    loaded = load(write(tmp_path, {"a.yaml": base + text}), {"S": secret})
    assert loaded.errors
    for problem in loaded.problems:
        assert not any(part in _shown(problem) for part in secret.split() if len(part) > 1)


@pytest.mark.parametrize(
    ("line", "secret"),
    [
        ("pasword: hunter2, tranport: x", "hunter2"),
        ("passwort: 'a b c', nmae: x", "a b c"),
        ("transprt: 'smtp://me:hunter2@mail.example.org', paswd: x", "hunter2"),
        ('api_token: "hunter2", x: y', "hunter2"),
    ],
)
def test_a_secret_in_the_quoted_line_is_blotted_out(tmp_path: Path, line: str, secret: str) -> None:
    write(tmp_path, {"a.yaml": BASE + f"mail: {{{line}}}\n"})
    problems = load(tmp_path, {}).problems
    assert problems
    for problem in problems:
        assert secret not in _shown(problem)
        shown, caret = problem.snippet.splitlines()
        key = problem.message.rpartition("`")[0].rpartition("`")[2]
        assert "unknown" not in problem.message or shown[len(caret) - 1 :].startswith(key)
