"""An older configuration is rewritten as it is today: the same meaning, every comment kept."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from feeds.kit.yaml import load as load_yaml
from notifier.cli import group
from notifier.configuration import load
from notifier.configuration.migrating import STEPS, migrated
from notifier.configuration.rewriting import CannotRewrite, Map, fold, rewritten
from notifier.configuration.version import VERSION
from tests.laws import law
from tests.notifier.configuration.builders import BASE, told, write

OLD = """\
# What is this
version: 0   # old

# who we are
name: Courier   # the name
url: https://news.example.org
# where it is kept
database: sqlite:///news.db   # one file

digests:
  # before breakfast
  morning:
    at: "07:30"   # early
    days: weekday   # not at weekends
    subject: "{{ site.name }}"   # a template
  weekly:
    days: [monday, thursday]
    at: '18:00'

smtp:
  # our relay
  host: mail.example.org
  port: 587
  user: news   # the login
  password: secret
  from: Courier <news@example.org>
subscribers:
  - {email: a@readers.example, lists: [morning]}   # the first
  - email: b@readers.example
    lists: [morning, weekly]
# the end
"""

NEW = """\
# What is this
version: 1   # old

# who we are
site:
  name: Courier # the name
  url: https://news.example.org
# where it is kept
store: sqlite:///news.db      # one file

digests:
  # before breakfast
  morning:
    schedule: every weekday at 07:30 # early
# not at weekends
    subject: "{{ site.name }}"   # a template
  weekly:
    schedule: every monday, thursday at 18:00

mail:
  # our relay
  transport: smtp://news@mail.example.org:587 # the login
  password: secret
  from: Courier <news@example.org>
subscribers:
  - {email: a@readers.example, digests: [morning]} # the first
  - email: b@readers.example
    digests: [morning, weekly]
# the end
"""


def migrate(*arguments: str) -> Result:
    return CliRunner().invoke(group, ["config", "migrate", *arguments])


def test_every_older_version_has_a_step() -> None:
    assert sorted(STEPS) == list(range(VERSION))


def test_a_configuration_of_version_0_is_written_as_it_is_today(tmp_path: Path) -> None:
    text, changes = migrated(OLD, 0)
    assert text == NEW
    assert len(changes) == 10
    loaded = load(write(tmp_path, {"a.yaml": text}), {})
    assert [str(problem) for problem in loaded.problems] == []


def test_what_is_of_today_stays_as_it_is() -> None:
    assert migrated(NEW, VERSION) == (NEW, ())
    assert migrated("# nothing\n", 0) == ("# nothing\n", ())


def test_the_folder_is_rewritten_and_what_was_there_is_kept(tmp_path: Path) -> None:
    first, _, second = OLD.partition("smtp:")
    folder = write(tmp_path, {"a.yaml": first, "b.yaml": f"smtp:{second}", "c.yaml": "feeds:\n"})
    (folder / "b.yaml").chmod(0o640)
    done = migrate("--config", str(folder))
    assert done.exit_code == 0
    assert "2 files rewritten from version 0" in done.stdout
    assert load(folder, {}).problems == ()
    assert (folder / "a.yaml.v0").read_text(encoding="utf-8") == first
    for name in ("b.yaml", "b.yaml.v0"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o640
    assert sorted(path.name for path in folder.iterdir()) == [
        *("a.yaml", "a.yaml.v0", "b.yaml", "b.yaml.v0", "c.yaml"),
    ]
    assert "is up to date" in migrate("--config", str(folder)).stdout


def test_a_link_is_followed_not_replaced(tmp_path: Path) -> None:
    folder = write(tmp_path / "config", {})
    folder.mkdir()
    write(tmp_path, {"real.yaml": OLD})
    (folder / "a.yaml").symlink_to(tmp_path / "real.yaml")
    assert migrate("--config", str(folder)).exit_code == 0
    assert (folder / "a.yaml").is_symlink()
    assert (tmp_path / "real.yaml").read_text(encoding="utf-8") == NEW


def test_it_can_be_looked_at_first(tmp_path: Path) -> None:
    config = str(write(tmp_path, {"a.yaml": OLD}))
    checked = migrate("--config", config, "--check")
    assert checked.exit_code == 1
    assert "1 file would be rewritten from version 0" in checked.stdout
    assert json.loads(migrate("--config", config, "--check", "--json").stdout)["version"] == 0
    assert migrate("--config", config, "--stdout").stdout == NEW
    assert migrate("--config", config, "--check", "--stdout").exit_code == 2
    assert (tmp_path / "a.yaml").read_text(encoding="utf-8") == OLD
    assert len(list(tmp_path.iterdir())) == 1


def test_a_backup_that_is_there_is_never_written_over(tmp_path: Path) -> None:
    config = str(write(tmp_path, {"a.yaml": OLD, "b.yaml": "database: x\n", "b.yaml.v0": "mine"}))
    done = migrate("--config", config)
    assert done.exit_code == 2
    assert "b.yaml.v0 is there already; nothing was written" in done.output
    assert (tmp_path / "a.yaml").read_text(encoding="utf-8") == OLD
    assert (tmp_path / "b.yaml.v0").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ({"a.yaml": "name: x\n"}, "no file says its version"),
        ({"a.yaml": "version: 2\n"}, "a newer program wrote this version"),
        ({"a.yaml": "version: old\n"}, "this is not a version"),
        ({"a.yaml": "version: 0\n", "b.yaml": "version: 1\n"}, "say different versions"),
        ({"a.yaml": "version: 0\nfeeds: [\n"}, "the text ends here"),
        ({"a.yaml": "version: 0\nfeeds: &x {}\n"}, "anchors"),
    ],
)
def test_what_nobody_could_rewrite_is_left_alone(
    tmp_path: Path, texts: dict[str, str], expected: str
) -> None:
    done = migrate("--config", str(write(tmp_path, texts)))
    assert done.exit_code != 0
    assert any(expected in str(problem) for problem in _problems(done))
    assert {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()} == texts


def _problems(done: Result) -> tuple[object, ...]:
    problems: tuple[object, ...] = getattr(done.exception, "problems", ())
    return problems


def test_a_comment_is_never_lost() -> None:
    def forgets(root: Map) -> list[str]:
        del root["a"]
        return ["forgot"]

    with pytest.raises(CannotRewrite, match="the comment `kept` would be lost"):
        rewritten("a: 1  # kept\nb: 2\n", [forgets])


@given(st.lists(st.text("abc #:", max_size=6), min_size=5, max_size=5), st.booleans())
@law(40)
def test_whatever_is_said_beside_keys_stays(words: list[str], above: bool) -> None:
    one, two, three, four, five = (word.replace("\n", "") for word in words)
    text = f"x: 1 # {one}\n# {two}\na: 2 # {three}\n"
    text += f"# {four}\n" if above else ""
    text += f"b: 3 # {five}\nc: 4\n"

    def folds(root: Map) -> list[str]:
        fold(root, ["a", "b"], "ab", 5)
        return ["folded"]

    found, _ = rewritten(text, [folds])
    assert load_yaml(found).value == {"x": 1, "ab": 5, "c": 4}


def test_check_says_of_an_older_configuration_that_it_is_one_and_nothing_else(
    tmp_path: Path,
) -> None:
    loaded = load(write(tmp_path, {"a.yaml": OLD, "b.yaml": BASE + "feed: {}\n"}), {})
    assert told(loaded) == [
        "a.yaml:2:10: this is version 0, and version 1 is current | "
        "`paperround config migrate` rewrites it, comments kept"
    ]
