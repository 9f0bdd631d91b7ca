"""`paperround config dump`: what takes effect, where it comes from, and never a secret."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import feeds
from notifier.cli import group
from notifier.configuration import load
from notifier.settings import Settings
from tests.notifier.configuration.builders import BASE, write

ROOT = Path(feeds.__file__).parent.parent

EVERYTHING = """\
web: {listen: "[::1]:80", trusted_proxies: 10.0.0.0/8}
watch: 5
sources: [{folder: articles, name: here}]
feeds:
  all:
  search: {words: [ferry, "river: crossing"], was: old}
  both: {feeds: [all, search], select: {not: {any: [{tags: a}, {tags: [b, "#c"]}]}}}
feeds_for_each: [tag, section]
gone: horoscope
websub: {lease: 5d, allow: [hooks.example.org]}
digests:
  now: {schedule: at once, hold: 0s, choices: {schedules: [every sunday at 09:00], hours: [6, 18]}}
  later:
    schedule: "every monday, thursday at 07:30"
    topics: {sport: {select: {sections: sport}}}
    articles: {longest_wait: 2d}
subscribers:
  - {email: a@readers.example, digests: now}
  - {email: b@readers.example, digests: [now, later], language: de, pause_until: 2027-01-10}
  - {email: c@readers.example, digests: {later: {topics: sport, words: [x, y z]}, now: }}
mail:
  from: The "Courier" <news@example.org>
  transport:
    - smtp://me@mail.example.org
    - {address: smtps://me@backup.example.org, password: own-secret-1, rate: 20/s}
  password: ${SMTP_PASSWORD}
  bounces: {domain: bounces.example.org}
"""
ENVIRON = {"SMTP_PASSWORD": "secret-2", "ZONE": "Asia/Tokyo"}


def a_folder(folder: Path, text: str = EVERYTHING) -> Path:
    (folder / "articles").mkdir(exist_ok=True)
    return write(folder, {"a.yaml": BASE.replace("Europe/Paris", '"${ZONE:-UTC}"'), "b.yaml": text})


def dump(folder: Path, *arguments: str) -> Result:
    command = ["config", "dump", "--config", str(folder), *arguments]
    return CliRunner(env=ENVIRON).invoke(group, command)


def found(folder: Path, *arguments: str) -> dict[str, dict[str, Any]]:  # JSON
    settings = json.loads(dump(folder, "--json", *arguments).stdout)["settings"]
    return {".".join(map(str, one["path"])): one for one in settings}


def filled(settings: Settings) -> Settings:
    """With what is inherited written out, as it is in a dump."""
    site = settings.site
    return replace(
        settings,
        folder=ROOT,
        templates=ROOT,
        feeds=tuple(replace(f, language=f.language or site.language) for f in settings.feeds),
        digests=tuple(replace(d, language=d.language or site.language) for d in settings.digests),
        subscribers=tuple(
            replace(s, timezone=s.timezone or site.timezone) for s in settings.subscribers
        ),
    )


def test_what_is_dumped_is_the_same_configuration(tmp_path: Path) -> None:
    folder = a_folder(tmp_path)
    text = dump(folder).stdout.replace("***", "x")
    again = load(write(tmp_path / "again", {"c.yaml": text}), {})
    assert [str(problem) for problem in again.errors] == []
    before, after = load(folder, ENVIRON).settings_or_raise(), again.settings_or_raise()
    assert replace(filled(after), mail=None) == replace(filled(before), mail=None)
    assert before.mail is not None
    assert after.mail is not None
    relays = {"transport": after.mail.transport, "fallbacks": after.mail.fallbacks}
    assert replace(before.mail, **relays) == after.mail  # type: ignore[arg-type]  # fields of it
    assert [relay.rate for relay in after.mail.fallbacks] == [20.0]


def test_the_sample_is_dumped_as_it_is(tmp_path: Path) -> None:
    done = CliRunner().invoke(group, ["config", "dump", "--config", str(ROOT / "config")])
    again = load(write(tmp_path, {"c.yaml": done.stdout}), {}).settings_or_raise()
    sample = load(ROOT / "config", {}).settings_or_raise()
    assert filled(again) == filled(sample)


def test_every_value_has_its_origin(tmp_path: Path) -> None:
    folder = a_folder(tmp_path)
    text = dump(folder).stdout
    for line in (
        f"  name: Courier  # {folder}/a.yaml:2",
        f"  timezone: Asia/Tokyo  # {folder}/a.yaml:2, ${{ZONE}}",
        "  language: en  # default",
        "    timezone: Asia/Tokyo  # default: `site.timezone`",
        "    # late:  default: half a period, at most 12 h",
        '    title: "ferry, river: crossing"  # default: its words',
        "    title: all  # default: the name",
        "      connections: 4  # default: `mail.connections`",
    ):
        assert line in text.splitlines()
    values = found(folder)
    assert values["site.name"] == {
        "path": ["site", "name"],
        "value": "Courier",
        "origin": "file",
        "file": f"{folder}/a.yaml",
        "line": 2,
        "column": 14,
        "put_in": [],
        "default": "",
    }
    assert values["site.timezone"]["origin"] == "environment"
    assert values["site.timezone"]["put_in"] == ["ZONE"]
    assert values["digests.now.timezone"]["origin"] == "default"
    assert values["digests.now.timezone"]["default"] == "`site.timezone`"
    assert values["sources.0.folder"]["value"] == str(tmp_path / "articles")
    assert values["store"]["value"] == f"sqlite:///{tmp_path}/news.db"


def test_a_variable_that_is_not_set_leaves_its_default_in_the_file(tmp_path: Path) -> None:
    folder = a_folder(tmp_path, "grace: ${GRACE:-20s}\n")
    assert found(folder)["grace"]["value"] == "20s"
    assert found(folder)["grace"]["origin"] == "file"


SECRETS = {
    "mail: {from: a@example.org, transport: smtp://me@a.example, password: sesame}": "sesame",
    "mail: {from: a@example.org, transport: smtp://me@a.example, password: '${P}'}": "open-sesame",
    "mail: {from: a@example.org, transport: smtp://me@a.example, password: '${file:p.txt}'}": (
        "fi1e"
    ),
    "mail: {from: '${file:p.txt}@example.org', transport: maildir:x}": "fi1e",
    "feeds: {a: {title: 'x ${API_TOKEN}'}}": "t0ken",
    "store: postgresql://me:se:s@me@db.example.org/x": "se:s@me",
    "store: postgresql://me@db.example.org/x?password=sesame": "sesame",
    "store: postgresql://me:${P}@db.example.org/x": "open-sesame",
}


@pytest.mark.parametrize("text", SECRETS)
def test_secrets_are_never_dumped(tmp_path: Path, text: str) -> None:
    base = "\n".join(BASE.splitlines()[: 2 if text.startswith("store") else 3])
    write(tmp_path, {"a.yaml": base, "b.yaml": text, "p.txt": "fi1e\n"})
    runner = CliRunner(env={"P": "open-sesame", "API_TOKEN": "t0ken"})
    for form in ([], ["--json"]):
        done = runner.invoke(group, ["config", "dump", "--config", str(tmp_path), *form])
        assert done.exit_code == 0, done.output
        assert "***" in done.stdout
        assert SECRETS[text] not in done.stdout


def test_readers_are_left_out_where_that_is_asked_for(tmp_path: Path) -> None:
    assert "readers.example" in dump(a_folder(tmp_path)).stdout
    assert "readers.example" not in dump(tmp_path, "--without-subscribers").stdout


def test_a_configuration_with_mistakes_is_not_dumped(tmp_path: Path) -> None:
    done = CliRunner().invoke(
        group, ["config", "dump", "--config", str(write(tmp_path, {"a.yaml": "feed: {}"}))]
    )
    assert done.exit_code != 0
    assert done.stdout == ""
