"""The reader of YAML: what is text stays text, what surprises is refused, with its place."""

from __future__ import annotations

import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.kit import excerpt
from feeds.kit.yaml import Limits, Mark, YamlError, load, snippet
from tests.laws import law

# One value as it is written, and what it is by the core schema of YAML 1.2.
SCALARS = {
    "18:00": "18:00",
    "7:30": "7:30",
    "07:30": "07:30",
    "no": "no",
    "NO": "NO",
    "off": "off",
    "yes": "yes",
    "y": "y",
    "true": True,
    "True": True,
    "FALSE": False,
    "tRUE": "tRUE",
    "null": None,
    "~": None,
    "": None,
    "'null'": "null",
    "'true'": "true",
    '"5"': "5",
    "5": 5,
    "-5": -5,
    "+5": 5,
    "010": 10,
    "0o10": 8,
    "0x1F": 31,
    "1_000": "1_000",
    "0b1": "0b1",
    "1.5": 1.5,
    "1e3": 1000.0,
    ".5": 0.5,
    "5.": 5.0,
    ".": ".",
    "1.2.3": "1.2.3",
    "-": [None],
    "+": "+",
    ".inf": math.inf,
    "-.inf": -math.inf,
    "2026-01-17": "2026-01-17",
    "2026-02-30": "2026-02-30",
    "#ff0000": None,
    "'#ff0000'": "#ff0000",
    '"C:\\new"': "C:\new",
    "'C:\\new'": "C:\\new",
    "a:1": "a:1",
    "every weekday at 07:30": "every weekday at 07:30",
    "٣": "٣",
    "=": "=",
}


@pytest.mark.parametrize(("written", "value"), SCALARS.items())
def test_a_plain_scalar_is_what_the_core_schema_says(written: str, value: object) -> None:
    found = load(f"- {written}").value
    assert found == [value]
    assert isinstance(found, list)
    assert type(found[0]) is type(value)


def test_not_a_number_is_one() -> None:
    value = load(".nan").value
    assert isinstance(value, float)
    assert math.isnan(value)


def test_keys_are_always_text() -> None:
    text = "on: 1\n1: 2\ntrue: 3\n07:30: 4\nnull: 5\n"
    assert load(text).value == {"on": 1, "1": 2, "true": 3, "07:30": 4, "null": 5}


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n", "\ufeff", b"", b"\xef\xbb\xbf"])
def test_an_empty_text_is_nothing(text: str | bytes) -> None:
    document = load(text)
    assert document.value is None
    assert document.mark(("a", 0)).column == 1


@pytest.mark.parametrize(
    "text", ["a: [1, {b: c}]", b"a: [1, {b: c}]", "\ufeffa: [1, {b: c}]", "a:\r\n- 1\r\n- b: c\r\n"]
)
def test_collections_nest(text: str | bytes) -> None:
    assert load(text).value == {"a": [1, {"b": "c"}]}


def test_every_key_and_value_knows_its_place() -> None:
    document = load("a: 1\nlist:\n  - x\n  - {k: [y]}\n", line_offset=10)
    assert dict(document.marks) == {
        (): Mark(11, 1),
        ("a",): Mark(11, 4),
        ("list",): Mark(13, 3),
        ("list", 0): Mark(13, 5),
        ("list", 1): Mark(14, 5),
        ("list", 1, "k"): Mark(14, 9),
        ("list", 1, "k", 0): Mark(14, 10),
    }
    assert document.mark_of_key(("list", 1, "k")) == Mark(14, 6)
    assert document.mark_of_key(("list",)) == Mark(12, 1)
    assert document.mark(("list", 1, "k", 0, "beyond", "that")) == Mark(14, 10)
    assert len(document.marks) == 7
    with pytest.raises(KeyError):
        document.marks["list", 7]


def test_the_place_of_the_first_is_told_wherever_the_second_stands() -> None:
    text = "a: {x: [1, {y: 2}]}\nb:\n  c: 1\na:\n  d: 1\n  e: [2]\n  d: 3\n  e: 4\nb: 5\ne: 6\n"
    with pytest.raises(YamlError) as told:
        load(text)
    assert [str(one) for one in told.value.problems] == [
        "4:1: `a` stands here twice; the first is in line 1",
        "7:3: `d` stands here twice; the first is in line 5",
        "8:3: `e` stands here twice; the first is in line 6",
        "9:1: `b` stands here twice; the first is in line 2",
    ]
    document = told.value.document
    assert document is not None
    assert document.value == {"a": {"x": [1, {"y": 2}]}, "b": {"c": 1}, "e": 6}
    assert document.mark(("b", "c")) == Mark(3, 6)
    assert document.mark(("e",)) == Mark(10, 4)


def test_a_thousand_keys_that_stand_twice_cost_no_more_than_others() -> None:
    keys = [f"key{number}" for number in range(1000)]
    text = "".join(f"{key}: [1, 2, 3]\n" for key in keys + keys)
    started = time.thread_time()
    with pytest.raises(YamlError) as told:
        load(text)
    assert len(told.value.problems) == 1000
    assert time.thread_time() - started < 1


TAB = "a tab cannot indent; use spaces"
REFERENCE = (
    'put `${...}` in quotes here, such as "${NAME}": inside of `{}` and `[]` a `{` begins a map'
)
COLON = "a `:` cannot stand here; put text that contains `: ` in quotes, or mend the indentation"

WRONG = {
    "a: 1\nb: 2\na: 3\n": ["3:1: `a` stands here twice; the first is in line 1"],
    "1: a\n'1': b\n": ["2:1: `1` stands here twice; the first is in line 1"],
    "a: &x 1\nb: *x\n": [
        "1:4: anchors (`&`) are not allowed",
        "2:4: aliases (`*`) are not allowed; write the value out",
    ],
    "<<: {a: 1}": ["1:1: merge keys (`<<`) are not allowed; write the values out"],
    "a: !!int x": ["1:4: tags (`!`) are not allowed"],
    "a: !!python/object:os.system {}": ["1:4: tags (`!`) are not allowed"],
    "%YAML 1.1\n---\na: 1": ["1:1: directives (`%`) are not allowed"],
    "a: 1\n---\nb: 2\n": ["2:1: a file holds one document, not two"],
    "? [a, b]\n: c": ["1:3: a key must be text; put text that begins with `{{` or `[` in quotes"],
    "a: {{ site.name }}: x": [
        "1:5: a key must be text; put text that begins with `{{` or `[` in quotes"
    ],
    "?\n: a": ["1:2: a key is missing before the `:`"],
    "a: 1\n\tb: 2": [f"2:1: {TAB}"],
    "a:\n\t- 1": [f"2:1: {TAB}"],
    "a: b\0c": ["1:5: the character U+0000 is not allowed"],
    "a: 1\nb: \x1b[0m": ["2:4: the character U+001B is not allowed"],
    "a: \ud800": ["1:4: the character U+D800 is not allowed"],
    "a: @daily": ["1:4: text cannot begin with `@`; put it in quotes"],
    "a: `x`": ["1:4: text cannot begin with ```; put it in quotes"],
    "a: %x": ["1:4: text cannot begin with `%`; put it in quotes"],
    "a: */5 * * * *": ["1:4: text cannot begin with `*`; put it in quotes"],
    "a: & b": ["1:4: text cannot begin with `&`; put it in quotes"],
    "a: | b": [
        "1:4: after `|` or `>` the text begins on the next line; put text that begins with one of "
        "them in quotes"
    ],
    "%d:": ["1:1: directives (`%`) are not allowed"],
    "a: !x!y z": ["1:4: tags (`!`) are not allowed"],
    "a: !<x y": ["1:4: tags (`!`) are not allowed"],
    "a: b: c": [f"1:5: {COLON}"],
    "a: 1\n b: 2": [f"2:3: {COLON}"],
    "a: 'x": ["1:4: this quote is never closed"],
    'a: "\\q"': ["1:5: `\\q` means nothing in double quotes; use single quotes to keep it"],
    "a: [1\nb: 2\n": ["2:2: expected `,` or `]`; the list that begins in line 1 is not closed"],
    "a: {b: c\n": ["2:1: expected `,` or `}`; the map that begins in line 1 is not closed"],
    "a: {b: ${C}}": [f"1:8: {REFERENCE}"],
    "a: [x, ${C:-y}]": [f"1:8: {REFERENCE}"],
    "a: {b: x${C}y": [f"1:9: {REFERENCE}"],
    "a: }": ["1:4: `}` cannot stand here"],
    "a: 1\nb\nc: 2": ["2:1: expected `key: value`, but there is no `: ` here"],
    "- a\nb: 1": ["2:1: expected `- ` as in the list that begins in line 1; mend the indentation"],
    "  a: 1\nb: 2": ["2:1: this does not belong to what stands before; mend the indentation"],
    "a: 'x' y": [
        "1:8: this does not fit the map that begins in line 1; mend the indentation or the quotes"
    ],
    "a: -": ["1:4: a list cannot begin here; put each `- ` on a line of its own"],
    "a: " + "9" * 5000: ["1:4: a number of so many digits is refused; text belongs in quotes"],
    "[" * 50_000: ["1:51: this is nested deeper than 50 levels"],
    "{a: " * 50_000: ["1:201: this is nested deeper than 50 levels"],
    "- " * 50_000: ["1:101: this is nested deeper than 50 levels"],
}


@pytest.mark.parametrize(("text", "expected"), WRONG.items(), ids=lambda value: str(value)[:30])
def test_what_surprises_is_refused_in_our_own_words(text: str, expected: list[str]) -> None:
    with pytest.raises(YamlError) as caught:
        load(text)
    assert [str(problem) for problem in caught.value.problems] == expected


def test_bytes_that_are_not_utf_8_are_told_with_their_place() -> None:
    with pytest.raises(YamlError, match=r"^news\.yaml:12:4: the byte 0xE9 is not UTF-8$"):
        load(b"a: 1\nb: \xe9t\xe9\n", path="news.yaml", line_offset=10)


def test_of_a_text_cut_out_of_a_file_the_lines_in_words_are_those_of_the_file_too() -> None:
    with pytest.raises(YamlError) as caught:
        load("title: [Broken\nday: 1\n", line_offset=10)
    expected = "12:4: expected `,` or `]`; the list that begins in line 11 is not closed"
    assert [str(problem) for problem in caught.value.problems] == [expected]


def test_an_alias_bomb_is_refused_where_it_begins() -> None:
    lines = ["a0: &a0 x"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    with pytest.raises(YamlError) as caught:
        load("\n".join(lines))
    assert len(caught.value.problems) == 9 + 8 * 9


def test_a_merge_key_in_quotes_is_a_key_like_any_other() -> None:
    assert load('"<<": 1\n').value == {"<<": 1}


def test_a_bomb_of_merge_keys_is_refused_where_it_begins() -> None:
    lines = ["a0: &a0 {x: 1}"]
    lines += [f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}]}}" for n in range(1, 30)]
    with pytest.raises(YamlError) as caught:
        load("\n".join(lines))
    assert len(caught.value.problems) == 30 + 29 * 3


def test_no_more_mistakes_are_told_than_anybody_would_read() -> None:
    with pytest.raises(YamlError) as caught:
        load(f"[{'*a, ' * 50_000}]")
    assert len(caught.value.problems) == Limits().problems
    with pytest.raises(YamlError) as caught:
        load(f"{'k' * 10_000}: 1\n{'k' * 10_000}: 2\n")
    assert len(str(caught.value)) < 200


def test_what_is_refused_does_not_hide_the_rest() -> None:
    with pytest.raises(YamlError) as caught:
        load("a: 1\na: [2]\nb: !x {c: *d}\ne: f\n")
    document = caught.value.document
    assert document is not None
    assert document.value == {"a": 1, "b": {"c": None}, "e": "f"}
    assert [problem.line for problem in caught.value.problems] == [2, 3, 3]


def test_size_and_number_of_values_are_bounded() -> None:
    with pytest.raises(YamlError, match="1:1: this is larger than 10 bytes"):
        load("a" * 11, limits=Limits(size=10))
    with pytest.raises(YamlError, match="1:8: there are more than 3 values"):
        load("[a, b, c, d]", limits=Limits(nodes=3))
    assert load("[a, b]", limits=Limits(nodes=3)).value == ["a", "b"]


def test_an_excerpt_has_the_caret_under_the_place() -> None:
    assert snippet("a: 1\nb: [x, y]\n", 2, 8) == "b: [x, y]\n       ^"
    assert snippet("名: x", 1, 4) == "名: x\n    ^"
    assert snippet("\ta", 1, 2) == " a\n ^"
    assert snippet("a", 7, 1) == ""


def test_a_long_line_is_cut_around_the_place() -> None:
    shown, caret = excerpt.caret("x" * 500 + "!" + "y" * 500, 501).splitlines()
    assert shown[len(caret) - 1] == "!"
    assert len(shown) <= excerpt.WIDTH + 2


plain_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.sampled_from(["a", "no", "07:30"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["a", "b", "on", "1"]), inner, max_size=4)
    ),
    max_leaves=12,
)


def _written(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_written(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_written, value)) + "]"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)


def _at(value: object, path: tuple[str | int, ...]) -> object:
    for step in path:
        assert isinstance(value, dict | list)
        value = value[step]  # type: ignore[index]  # a step fits what it came from
    return value


@given(plain_values)
@law(40)
def test_what_is_written_is_read_and_every_mark_leads_to_a_value(value: object) -> None:
    text = _written(value)
    document = load(text)
    assert document.value == value
    for path, mark in document.marks.items():
        assert text[mark.column - 1 :].startswith(_written(_at(value, path)))
