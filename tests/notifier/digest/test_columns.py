import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.digest.columns import COLUMNS, width, wrap


def test_lines_break_at_words() -> None:
    assert wrap("one two three", columns=7) == "one two\nthree"


def test_every_line_is_indented() -> None:
    assert wrap("one two", "> ", 5) == "> one\n> two"


def test_wide_characters_take_two_columns_and_break_anywhere() -> None:
    assert width("橋は") == 4
    assert wrap("橋は月曜日に開く", columns=8) == "橋は月曜\n日に開く"


def test_closing_punctuation_does_not_begin_a_line() -> None:
    assert wrap("橋は月曜。日", columns=8) == "橋は月\n曜。日"


def test_korean_breaks_between_its_words() -> None:
    assert wrap("새 다리가 열린다", columns=9) == "새 다리가\n열린다"


def test_combining_marks_take_no_column() -> None:
    assert width("e\u0301") == 1


def test_addresses_are_never_broken() -> None:
    address = "https://news.example.org/" + "a" * 100
    assert wrap(f"see {address} there") == f"see\n{address}\nthere"


def test_other_long_words_are_cut() -> None:
    assert wrap("a" * 10, columns=4) == "aaaa\naaaa\naa"


@pytest.mark.parametrize("text", ["", "  \n "])
def test_nothing_gives_no_line(text: str) -> None:
    assert wrap(text, "  ") == ""


@given(st.text(max_size=300), st.sampled_from(["", "  ", "    "]))
def test_no_line_is_wider_than_the_columns_and_no_word_is_lost(text: str, indent: str) -> None:
    text = text.replace("\ue000", "").replace("\ue001", "").replace("://", "")
    wrapped = wrap(text, indent)
    assert all(width(line) <= COLUMNS for line in wrapped.split("\n"))
    assert "".join(wrapped.split()) == "".join(text.split())
