"""Wrong configurations: each is told exactly, and all of them together.

Each file in `tests/configs/bad/` stands beside a sound one; what is told of it is in the `.txt` of
its name.
"""

from __future__ import annotations

from pathlib import Path

import pytest

import tests
from notifier.configuration import Loaded, load
from notifier.errors import ConfigurationError, InvalidSchedule
from notifier.schedule.language import parse_schedule
from tests.notifier.configuration.builders import BASE, MAIL, read, told, write

BAD = Path(tests.__file__).with_name("configs") / "bad"
WRONG = {path.stem: path for path in sorted(BAD.glob("*.yaml"))}


def _load(folder: Path, monkeypatch: pytest.MonkeyPatch, **texts: str) -> Loaded:
    files = {"base.yaml": BASE + MAIL} | {f"{name}.yaml": text for name, text in texts.items()}
    monkeypatch.chdir(write(folder, files))
    return load(Path(), {})


def _expected(name: str) -> str:
    return WRONG[name].with_suffix(".txt").read_text(encoding="utf-8")


def _text(name: str) -> str:
    return WRONG[name].read_text(encoding="utf-8")


@pytest.mark.parametrize("name", WRONG)
def test_a_mistake_is_told_with_place_line_caret_and_suggestion(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    loaded = _load(tmp_path, monkeypatch, **{name: _text(name)})
    assert "".join(f"{problem}\n" for problem in loaded.problems) == _expected(name)
    assert (loaded.settings is None) == bool(loaded.errors)


def test_all_mistakes_together_are_all_told_in_the_order_of_the_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [name for name in WRONG if not name.startswith("grammar")]
    loaded = _load(tmp_path, monkeypatch, **{name: _text(name) for name in names})
    expected = [
        line
        for name in names
        for line in _expected(name).splitlines()
        if line.startswith(f"{name}.yaml:")
    ]
    assert len(names) > 40
    assert [problem.headline for problem in loaded.problems] == expected


def test_three_mistakes_in_one_file_are_shown_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = """\
digests:
  morning:
    title: The morning paper
    scedule: every weekday at 07:30
  weekly:
    schedule: every sunday at 09:00
    choices: {}
    timezone: Europe/Pariss
subscribers:
  - {email: first@readers.example, digests: [mornin]}
"""
    expected = """\
wrong.yaml:4:5: unknown key `scedule`
        scedule: every weekday at 07:30
        ^
  did you mean `schedule`?
wrong.yaml:8:15: `Europe/Pariss` is not a time zone
        timezone: Europe/Pariss
                  ^
  did you mean `Europe/Paris`?
wrong.yaml:10:46: there is no digest `mornin`
      - {email: first@readers.example, digests: [mornin]}
                                                 ^
  did you mean `morning`?"""
    loaded = _load(tmp_path, monkeypatch, wrong=text)
    assert "\n".join(map(str, loaded.problems)) == expected
    with pytest.raises(ConfigurationError) as caught:
        loaded.settings_or_raise()
    assert caught.value.problems == loaded.problems


@pytest.mark.parametrize("quote", ["", "'", '"'])
def test_a_schedule_is_pointed_at_where_it_goes_wrong(tmp_path: Path, quote: str) -> None:
    words = "every sundy at 09:00"
    loaded = read(tmp_path, x=f"digests: {{m: {{schedule: {quote}{words}{quote}}}}}\n")
    with pytest.raises(InvalidSchedule) as caught:
        parse_schedule(words)
    column = 25 + len(quote) + words.index("sundy")
    hint = f"did you mean `{caught.value.hint}`?"
    assert told(loaded) == [f"x.yaml:1:{column}: {caught.value} | {hint}"]


def test_the_same_mistake_in_a_thousand_readers_is_told_a_thousand_times(
    tmp_path: Path,
) -> None:
    lines = [f"  - {{email: r{n}@readers.example, zone: x}}\n" for n in range(1000)]
    loaded = read(tmp_path, x="subscribers:\n" + "".join(lines))
    assert len(loaded.problems) == 2000  # the unknown key, and nothing to get
    assert [problem.line for problem in loaded.errors] == list(range(2, 1002))
