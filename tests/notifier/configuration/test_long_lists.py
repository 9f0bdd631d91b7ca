"""A long list of readers is read when somebody asks for it, and known by its name before."""

from __future__ import annotations

from pathlib import Path

import pytest

from notifier.configuration import load
from notifier.errors import ConfigurationError
from notifier.settings import Settings
from notifier.subscriber import Listed
from notifier.subscribing.rules import name_of_declaration
from tests.notifier.configuration.builders import write

YAML = """
version: 1
site: {name: Courier, url: https://news.example.org}
store: sqlite:///news.db
mail: {from: news@example.org, transport: maildir:mail}
digests: {morning: {schedule: every day at 07:30}}
subscribers: [{email: a@readers.example, digests: morning}]
subscribers_file: readers.csv
"""


def loaded(folder: Path, rows: str, *, later: bool) -> Settings:
    write(folder, {"all.yaml": YAML, "readers.csv": f"email,digests\n{rows}"})
    return load(folder, {}, readers_later=later).settings_or_raise()


def test_a_list_that_is_read_later_has_the_same_readers_and_the_same_name(tmp_path: Path) -> None:
    row = "b@readers.example,morning\n"
    at_once, later = loaded(tmp_path, row, later=False), loaded(tmp_path, row, later=True)
    assert name_of_declaration(later) == name_of_declaration(at_once)
    assert [one.email for one in later.subscribers] == ["a@readers.example", "b@readers.example"]
    assert later.subscribers == at_once.subscribers == tuple(at_once.subscribers)
    assert len(later.subscribers) == 2


def test_another_list_has_another_name_and_so_have_other_readers_beside_it(tmp_path: Path) -> None:
    rows = ("b@readers.example,morning\n", "c@readers.example,morning\n")
    one, other = (loaded(tmp_path, row, later=True) for row in rows)
    assert name_of_declaration(one) != name_of_declaration(other)
    assert isinstance(one.subscribers, Listed)
    beside = Listed((), one.subscribers.name, tuple)
    assert beside != one.subscribers


def test_mistakes_in_a_list_are_told_when_it_is_asked_for(tmp_path: Path) -> None:
    settings = loaded(tmp_path, "nobody,morning\n", later=True)
    with pytest.raises(ConfigurationError, match="1 problem"):
        list(settings.subscribers)
    with pytest.raises(ConfigurationError, match="1 problem"):
        loaded(tmp_path, "nobody,morning\n", later=False)
