"""Wrong configurations: each is told exactly, any two together, and all of them.

Each file in `tests/configs/bad/` stands beside a sound one; what is told of it is in the `.txt` of
its name.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations
from pathlib import Path

import pytest

import tests
from notifier.checking import examine
from notifier.configuration import ConfigProblem, load
from notifier.errors import ConfigurationError, InvalidSchedule
from notifier.schedule.language import parse_schedule
from tests.notifier.configuration.builders import BASE, MAIL, SITE, read, told, write

BAD = Path(tests.__file__).with_name("configs") / "bad"
NAMES = tuple(path.stem for path in sorted(BAD.glob("*.yaml")))
TEXTS = {name: (BAD / f"{name}.yaml").read_text(encoding="utf-8") for name in NAMES}
ONCE = ("site", "mail", "store", "web", "watch", "grace", "websub", "feeds_for_each")
SINGLE = {name: {key for key in ONCE if f"\n{key}:" in f"\n{text}"} for name, text in TEXTS.items()}


def expected(name: str) -> str:
    return (BAD / f"{name}.txt").read_text(encoding="utf-8")


def a_folder(folder: Path, names: Iterable[str]) -> Path:
    """Write these wrong files beside a sound one, which leaves out what they say themselves."""
    said = set().union(*(SINGLE[name] for name in names))
    base = BASE if "site" not in said else BASE.replace(SITE, "#\n")
    files = {"base.yaml": base + (MAIL if "mail" not in said else "")}
    return write(folder, files | {f"{name}.yaml": TEXTS[name] for name in names})


def examined(
    folder: Path, monkeypatch: pytest.MonkeyPatch, *names: str
) -> tuple[ConfigProblem, ...]:
    monkeypatch.chdir(a_folder(folder, names))
    return examine(load(Path(), {}), Path())


def printed(problems: Iterable[ConfigProblem]) -> str:
    return "".join(f"{problem}\n" for problem in problems)


def test_there_are_more_than_fifty_wrong_configurations() -> None:
    assert len(NAMES) >= 70
    assert {path.stem for path in BAD.glob("*.txt")} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_mistake_is_told_with_place_line_caret_and_suggestion(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    problems = examined(tmp_path, monkeypatch, name)
    assert problems
    assert printed(problems) == expected(name)
    loaded = load(Path(), {})
    assert (loaded.settings is None) == bool(loaded.errors)


@pytest.mark.slow
@pytest.mark.parametrize("first", NAMES[:-1])
def test_any_two_together_are_both_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    for second in NAMES[NAMES.index(first) + 1 :]:
        found = printed(examined(tmp_path / second, monkeypatch, first, second))
        twice = SINGLE[first] & SINGLE[second]
        if not twice:
            assert found == expected(first) + expected(second), second
        else:  # a section that stands once in the second file is too many; the first one counts
            assert found.startswith(expected(first)), second
            assert all(f"`{key}` stands here twice; the first" in found for key in twice), second


def test_all_mistakes_together_are_all_told_in_the_order_of_the_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: set[str] = set()
    names = []
    for name in NAMES:
        if not SINGLE[name] & taken:
            names.append(name)
            taken |= SINGLE[name]
    assert len(names) > 60
    found = examined(tmp_path, monkeypatch, *names)
    assert printed(found) == "".join(map(expected, names))


def test_no_section_of_a_wrong_file_is_in_another_but_those_that_stand_once() -> None:
    mixed = [pair for pair in combinations(NAMES, 2) if SINGLE[pair[0]] & SINGLE[pair[1]]]
    assert 0 < len(mixed) < 20


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
    monkeypatch.chdir(write(tmp_path, {"base.yaml": BASE + MAIL, "wrong.yaml": text}))
    loaded = load(Path(), {})
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
