"""Words of digests that an operator adds: read, checked, and never in the way of the rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.notifier.configuration.builders import read, told, write


def test_words_are_read_by_language(tmp_path: Path) -> None:
    italian = "by: Di {names}\nmore_one: e un altro\nmore_other: e altri {count}\n"
    write(tmp_path, {"templates/words/it.yaml": italian, "templates/words/pt-BR.yaml": ""})
    loaded = read(tmp_path)
    words = loaded.settings_or_raise().words
    assert set(words) == {"it", "pt-br"}
    assert words["it"]["by"] == "Di {names}"
    assert tmp_path / "templates/words/it.yaml" in loaded.files


WRONG = {
    "read_onn: x": "it.yaml:1:1: warning: there is no phrase `read_onn` | did you mean `read_on`?",
    "by: Di": "it.yaml:1:5: warning: `{names}` is missing",
    "by: '{names} {x}'": "it.yaml:1:5: warning: `{x}` is not filled in here; known: `{names}`",
    "more_other: e altri": "it.yaml:1:13: warning: `{count}` is missing",
    "read_on: ''": "it.yaml:1:10: warning: expected text, but this is empty",
    "read_on: 3": "it.yaml:1:10: warning: expected text, not a number | put it in quotes",
    'read_on: "a\\nb"': "it.yaml:1:10: warning: a line break cannot stand here",
    "- x": "it.yaml:1:1: warning: expected a map: the name of each phrase, then its words",
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_phrase_that_cannot_be_used_is_told_and_left_out(tmp_path: Path, wrong: str) -> None:
    write(tmp_path, {"templates/words/it.yaml": wrong})
    loaded = read(tmp_path)
    assert told(loaded) == [WRONG[wrong]]
    assert loaded.settings_or_raise().words["it"] == {}


def test_words_that_are_no_yaml_keep_nothing_else_from_being_used(tmp_path: Path) -> None:
    write(
        tmp_path, {"templates/words/it.yaml": "by: [", "templates/words/es.yaml": "on_the_web: x"}
    )
    loaded = read(tmp_path)
    assert [p.headline.rpartition("/")[2].split(":")[0] for p in loaded.warnings] == ["it.yaml"]
    assert loaded.settings_or_raise().words == {"es": {"on_the_web": "x"}}


def test_a_file_of_words_is_named_after_a_language(tmp_path: Path) -> None:
    write(tmp_path, {"templates/words/italiano.yaml": "by: Di {names}"})
    (problem,) = read(tmp_path).problems
    assert problem.message == "the name is no language tag"
    assert problem.hint == "a language is written like `it` or `pt-BR`"
