"""What is written as YAML is read the same by our reader, comments and all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.kit.yaml import load
from feeds.kit.yaml_writing import Commented, lines, scalar
from tests.laws import law

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    ["no", "07:30", "on", "null", "~", "1", "0x1F", "a: b", "a #b", "sqlite:///x", "- a", "{a}"]
)
scalars = (
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.floats(allow_nan=False) | texts
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=15,
)


@given(values)
@law(150)
def test_what_is_written_is_read_the_same(value: object) -> None:
    assert load("\n".join(lines(value))).value == value


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("every weekday at 07:30", "every weekday at 07:30"),
        ("07:30", '"07:30"'),
        ("Europe/Paris", "Europe/Paris"),
        ("sqlite:////var/lib/x.db", "sqlite:////var/lib/x.db"),
        ("a, b", '"a, b"'),
        ("true", '"true"'),
        ('say "x"\n\x00\u2028', '"say \\"x\\"\\n\\x00\\U00002028"'),
        (None, "null"),
        (True, "true"),
        (0.5, "0.5"),
        (float("inf"), ".inf"),
    ],
)
def test_values_are_written_plainly_where_they_stay_what_they_are(
    value: object, written: str
) -> None:
    assert scalar(value) == written


def test_comments_stand_beside_values_and_in_place_of_what_is_not_set() -> None:
    value = {
        "a": Commented("x", "where"),
        "b": Commented(None, "default: none", unset=True),
        "c": [{"d": Commented(None, "not set", unset=True), "e": Commented([1, "2"], "there")}, {}],
    }
    assert list(lines(value)) == [
        "a: x  # where",
        "# b:  default: none",
        "c:",
        "  # d:  not set",
        '  - e: [1, "2"]  # there',
        "  - {}",
    ]
