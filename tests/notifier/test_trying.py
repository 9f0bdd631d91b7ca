"""Tests of configurations: those of the sample pass, and what is not as expected is told."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner, Result

from notifier.cli import group
from notifier.errors import ConfigurationError

ROOT = Path(__file__).parent.parent.parent
TESTS = ROOT / "config" / "tests" / "tests.yaml"


def tried(folder: Path, text: str, *options: str) -> Result:
    file = folder / "tests.yaml"
    file.write_text(text, encoding="utf-8")
    config = ["--config", str(ROOT / "config")]
    return CliRunner().invoke(group, ["test", str(file), *config, *options])


@pytest.mark.slow
def test_those_of_the_sample_configuration_pass() -> None:
    done = CliRunner().invoke(group, ["test", "--config", str(ROOT / "config")])
    assert done.exit_code == 0, done.output
    assert "3 tests, 0 failed" in done.output


def test_what_differs_is_told_line_by_line_and_to_build_servers(tmp_path: Path) -> None:
    text = """tests:
  too early:
    from: 2026-11-23 00:00
    until: 2026-11-23 08:00
    articles: {bridge: {tags: [regions]}}
    readers: [{email: first@readers.example, digests: [morning]}]
    messages:
      - {to: first@readers.example, digest: morning, at: 2026-11-23 06:30, articles: [bridge]}
    feeds: {regions: [], all: [bridge]}
"""
    report = tmp_path / "report.xml"
    done = tried(tmp_path, text, "--junit", str(report), "--json")
    assert done.exit_code == 1
    [one] = json.loads(done.output)["tests"]
    assert (one["passed"], one["line"]) == (False, 2)
    assert one["difference"] == [
        "- 2026-11-23 06:30+0100 first@readers.example morning: bridge",
        "+ 2026-11-23 07:30+0100 first@readers.example morning: bridge",
        "+ regions: bridge",
    ]
    [case] = ET.parse(report).getroot()  # noqa: S314 - our own
    assert case.get("name") == "too early"
    assert [child.tag for child in case] == ["failure"]


def test_a_folder_of_tests_may_be_named_and_mistakes_are_said_to_be_in_them(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text("test: {}\n", encoding="utf-8")
    config = str(ROOT / "config")
    done = CliRunner().invoke(group, ["test", str(tmp_path), "--config", config])
    assert isinstance(done.exception, ConfigurationError)
    assert str(done.exception) == "2 problems in the tests"
    empty = tmp_path / "empty"
    empty.mkdir()
    done = CliRunner().invoke(group, ["test", str(empty), "--config", config])
    assert (done.exit_code, f"there are no tests in {empty}" in done.output) == (2, True)


def test_mistakes_in_the_tests_are_told_with_their_places(tmp_path: Path) -> None:
    text = """tests:
  wrong:
    from: 2026-11-23 00:00
    until: 2026-11-22
    article: {bridge: {}}
    messages:
      - {to: first@readers.example, digest: mornin, at: soon, articles: [bridge]}
    feeds: {region: []}
"""
    done = tried(tmp_path, text)
    assert done.exit_code != 0
    problems = [str(one) for one in getattr(done.exception, "problems", ())]
    assert any("tests.yaml:5:5: unknown" in one and "`articles`" in one for one in problems)
    assert any("`soon` is not a time" in one for one in problems)
    good = text.replace("article:", "articles:").replace("soon", "2026-11-23")
    problems = [str(one) for one in getattr(tried(tmp_path, good).exception, "problems", ())]
    assert any("no digest `mornin`" in one and "`morning`" in one for one in problems)
    assert any("no feed `region`" in one for one in problems)
    assert any("before it begins" in one for one in problems)
