"""A sound configuration, edited at random: what comes of it is told in our words, or is right."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import feeds
from notifier.checking import examine
from notifier.configuration import load
from tests.laws import law
from tests.notifier.configuration.builders import write

ROOT = Path(feeds.__file__).parent.parent
SAMPLE = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "config").glob("*.yaml")}
PIECES = st.sampled_from(
    [
        *(
            "",
            " ",
            "  ",
            "\n",
            ":",
            ": ",
            "- ",
            "[",
            "]",
            "{",
            "}",
            "'",
            '"',
            "#",
            "&a ",
            "*a",
            "!t ",
        ),
        *(
            "no",
            "5",
            "-1",
            "0x",
            "${X}",
            "${",
            "${file:x}",
            "null",
            "true",
            "[]",
            "{}",
            "on: ",
            "<<: ",
        ),
        *("title: ", "select: ", "feeds: [all]\n", "every day at 25:99", "é", "\0", "  - x\n"),
    ]
)
EDITS = st.lists(
    st.tuples(st.sampled_from(sorted(SAMPLE)), st.floats(0, 1), st.integers(0, 12), PIECES),
    min_size=1,
    max_size=4,
)
THEIRS = (
    "Input should",
    "validation error",
    "Value error",
    "Field required",
    "Extra inputs",
    "while ",
)


@pytest.mark.slow
@given(EDITS)
@law(600, thorough=600)
def test_any_edit_is_told_in_our_words_or_is_right(
    edits: list[tuple[str, float, int, str]],
) -> None:
    texts = dict(SAMPLE)
    for name, at, cut, put in edits:
        place = int(at * len(texts[name]))
        texts[name] = texts[name][:place] + put + texts[name][place + cut :]
    with tempfile.TemporaryDirectory() as folder:
        config = write(Path(folder) / "config", texts)
        loaded = load(config, {})
        problems = examine(loaded, config)
    assert (loaded.settings is None) == bool(loaded.errors)
    for problem in problems:
        assert not any(words in str(problem) for words in THEIRS)
        assert problem.message != "this is not valid here"
        assert problem.path.startswith(folder)
