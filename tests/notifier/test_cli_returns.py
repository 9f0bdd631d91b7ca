"""`paperround returns` and `suppressions`: what mail servers and operators see of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from notifier.cli import group
from tests.notifier.returns.builders import FIRST, a_bounce

CONFIG = """
version: 1
site: {name: Riverside Courier, url: "https://news.example.org"}
store: sqlite:///store.db
digests: {morning: {schedule: every day at 07:30}}
subscribers: [{email: first@readers.example, digests: [morning]}]
mail: {from: news@example.org, transport: "maildir:mail", returns: {maildir: back}}
"""


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / "paperround.yaml"
    path.write_text(CONFIG, encoding="utf-8")
    return str(path)


def run(*words: str, config: str, stdin: bytes = b"") -> Result:
    return CliRunner().invoke(group, [*words, "--config", config], input=stdin)


def told(*words: str, config: str, stdin: bytes = b"") -> Any:
    result = run(*words, "--json", config=config, stdin=stdin)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_a_message_on_standard_input_is_taken_in_once(config: str) -> None:
    first = told("returns", config=config, stdin=a_bounce())
    assert first["counts"] == [
        {"kind": "failure", "found_by": "nothing", "step": "counted", "messages": 1}
    ]
    assert told("returns", config=config, stdin=a_bounce())["again"] == 1
    assert run("returns", config=config, stdin=b"\xff\x00" * 999).exit_code == 0


def test_a_mail_server_keeps_what_cannot_be_taken_in_now(tmp_path: Path, config: str) -> None:
    missing = run("returns", config=str(tmp_path / "nowhere"), stdin=a_bounce())
    assert missing.exit_code == 75
    (tmp_path / "store.db").write_bytes(b"no store at all" * 100)
    locked = run("returns", config=config, stdin=a_bounce())
    assert locked.exit_code == 75
    assert "paperround: " in locked.stderr


@pytest.mark.parametrize("nothing", [b"", b"\r\n \n"])
def test_nothing_on_standard_input_is_a_pipe_that_is_broken(config: str, nothing: bytes) -> None:
    empty = run("returns", config=config, stdin=nothing)
    assert empty.exit_code == 75
    assert "paperround: there is no message on standard input" in empty.stderr


def test_a_maildir_is_emptied(tmp_path: Path, config: str) -> None:
    (tmp_path / "back" / "new").mkdir(parents=True)
    (tmp_path / "back" / "new" / "1").write_bytes(a_bounce())
    box = str(tmp_path / "back")
    assert told("returns", "--maildir", box, config=config)["read"] == 1
    assert told("returns", "--maildir", box, config=config)["read"] == 0
    missing = run("returns", "--maildir", str(tmp_path / "none"), config=config)
    assert missing.exit_code != 0


def test_suppressions_are_listed_added_and_lifted(config: str) -> None:
    told("suppressions", "add", "--reason", "asked by letter", FIRST.upper(), config=config)
    [one] = told("suppressions", "list", config=config)["suppressions"]
    assert (one["address"], one["reason"]) == (FIRST, "asked by letter")
    shown = told("subscribers", "show", FIRST, config=config)
    assert shown["suppressed"] == "asked by letter"
    assert told("suppressions", "list", "--since", "2100-01-01", config=config) == {
        "suppressions": []
    }
    lifted = run("suppressions", "lift", "--since", "1990-01-01", config=config)
    assert lifted.output == "lifted: 0 addresses\n"
    assert told("suppressions", "lift", FIRST, config=config)["lifted"] == 1


@pytest.mark.parametrize(
    "words", [("lift",), ("lift", FIRST, "--since", "2026-01-01"), ("add", "nobody")]
)
def test_what_makes_no_sense_is_told(config: str, words: tuple[str, ...]) -> None:
    assert run("suppressions", *words, config=config).exit_code == 2
