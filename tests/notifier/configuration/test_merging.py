"""Several files are one configuration."""

from __future__ import annotations

from pathlib import Path

from notifier.checking import examine
from notifier.configuration import load
from tests.notifier.configuration.builders import BASE, MAIL, SITE, read, settings, told, write


def test_maps_and_lists_are_spread_over_files_in_their_order(tmp_path: Path) -> None:
    found = settings(
        tmp_path,
        one="feeds: {a: {}}\nsubscribers: [{email: a@readers.example, digests: d}]\n",
        two="feeds: {b: }\ndigests: {d: {schedule: at once}}\n",
        three="feeds: {c: {}}\nsubscribers: [{email: b@readers.example, digests: d}]\n",
    )
    assert [feed.name for feed in found.feeds] == ["a", "c", "b"]
    assert [reader.email for reader in found.subscribers] == [
        "a@readers.example",
        "b@readers.example",
    ]


def test_a_single_file_is_a_configuration(tmp_path: Path) -> None:
    write(tmp_path, {"news.yaml": BASE, "broken.yaml": "["})
    loaded = load(tmp_path / "news.yaml", {})
    assert told(loaded) == []
    assert loaded.settings_or_raise().folder == tmp_path


def test_relative_paths_are_relative_to_their_file(tmp_path: Path) -> None:
    write(
        tmp_path,
        {"here/news/x.md": "", "config/a.yaml": BASE + "sources: [{folder: ../here/news}]"},
    )
    found = load(tmp_path / "config", {}).settings_or_raise()
    assert found.store == f"sqlite:///{tmp_path}/config/news.db"
    assert found.sources[0].folder == tmp_path / "here" / "news"
    assert found.sources[0].name == "news"
    assert found.sources[0].timezone == "Europe/Paris"


def test_the_same_name_twice_is_told_with_both_places(tmp_path: Path) -> None:
    loaded = read(tmp_path, one="feeds: {a: {}}\n", two=f"{SITE}feeds:\n  a: {{}}\n")
    assert told(loaded) == [
        "two.yaml:1:1: `site` stands here twice; the first is in base.yaml:2:1",
        "two.yaml:3:3: the feed `a` stands here twice; the first is in one.yaml:1:9",
    ]


def test_broken_grammar_in_one_file_hides_nothing_in_the_others(tmp_path: Path) -> None:
    loaded = read(
        tmp_path,
        feeds="feeds: {perhaps: [\n",
        digests="digests: {m: {schedule: at once, late: soon, feeds: [perhaps]}}\n",
        more="feeds: {b: {itmes: 3}}\n",
    )
    assert told(loaded) == [
        "digests.yaml:1:40: expected a time span | such as `2s`, `15m`, `12h` or `1d`",
        "feeds.yaml:2:1: the text ends here, but a list or map before is not closed",
        "more.yaml:1:13: unknown key `itmes` | did you mean `items`?",
    ]
    assert loaded.settings is None


def test_a_duplicate_key_hides_nothing_in_its_file(tmp_path: Path) -> None:
    loaded = read(tmp_path, feeds="feeds:\n  a: {}\n  a: {}\n  b: {itmes: 3}\n")
    assert told(loaded) == [
        "feeds.yaml:3:3: `a` stands here twice; the first is in line 2",
        "feeds.yaml:4:7: unknown key `itmes` | did you mean `items`?",
    ]


def test_sections_that_are_missing_are_named(tmp_path: Path) -> None:
    write(tmp_path, {"a.yaml": "digests: {m: {schedule: at once}}"})
    assert told(load(tmp_path, {})) == [
        "a.yaml: the section `site` is missing | write `site: {name: ..., url: https://...}`",
        "a.yaml: the section `store` is missing | such as `store: sqlite:///../data/paperround.db`",
        "a.yaml:1:1: `version` is missing | write `version: 1` at the top",
        "a.yaml:1:11: digests need the section `mail` | "
        "write `mail: {from: ..., transport: maildir:../data/mail}`",
    ]


def test_empty_sections_and_files_say_nothing(tmp_path: Path) -> None:
    found = settings(tmp_path, empty="", comment="# later", none="feeds:\nsubscribers:\nweb:\n")
    assert found.feeds == ()


def test_a_folder_without_yaml_is_told(tmp_path: Path) -> None:
    init = "`paperround init DIR` writes one; name one that is elsewhere by `--config PATH`"
    assert [(p.message, p.hint) for p in load(tmp_path / "x", {}).problems] == [
        ("there is no such file or folder", init)
    ]
    write(tmp_path, {"news.yml": BASE, ".hidden.yaml": "[", "folder.yaml/x": ""})
    problems = load(tmp_path, {}).problems
    assert [(p.message, p.hint) for p in problems] == [
        ("there is no *.yaml in this folder", init),
        ("this file is not read", "rename it to .yaml"),
    ]


def test_an_empty_section_is_told_where_it_stands_and_hides_nothing(tmp_path: Path) -> None:
    text = BASE.replace(SITE, "site:\n#  name: Courier\n").replace("store: ", "store:\n# ")
    files = {"a.yaml": text + MAIL + "digests: {m: {schedule: at once, template: none}}\n"}
    found = examine(load(write(tmp_path, files), {}), tmp_path)
    assert [f"{one.line}: {one.message.partition(':')[0]}" for one in found][:2] == [
        "2: the section `site` is empty",
        "4: the section `store` is empty",
    ]
    assert "there is no template `none`" in found[-1].message


def test_every_file_may_say_the_version(tmp_path: Path) -> None:
    assert settings(tmp_path, more="version: 1\n").site.name == "Courier"
    assert told(read(tmp_path, more="version: '1'\n")) == [
        "more.yaml:1:10: this version is not known to this program | write `version: 1`"
    ]
    assert told(read(tmp_path, more="version: 2\n")) == [
        "more.yaml:1:10: this is version 2, and this program knows 1 at most | "
        "a newer program wrote it: upgrade this one"
    ]
