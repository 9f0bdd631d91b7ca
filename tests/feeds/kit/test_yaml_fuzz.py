"""Any text at all: the reader of YAML neither crashes nor hangs, keeps its bounds and its words.

In the slow run ten thousand documents are tried.
"""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from feeds.kit.yaml import Limits, YamlError, YamlProblem, load
from feeds.kit.yaml_document import YamlDocument
from tests.laws import law

LIMITS = Limits(size=4000, depth=8, nodes=60, problems=12)
PATIENCE = 2.0  # seconds of this thread for one document: thousands of times what it takes

# Parts of which documents are put together, sound ones and what goes wrong with them.
PARTS = st.sampled_from(
    [
        *("a: 1\n", "b:\n", "  c: [x, y]\n", "- d\n", "  - {e: f}\n", "on: no\n", "1: 010\n"),
        *("&x ", "*x", "<<: *x\n", "!!int ", "!<tag:x> ", "%YAML 1.1\n", "---\n", "...\n"),
        *("[", "]", "{", "}", ",", ": ", "? ", "- ", "| ", ">-\n", "#", " #c\n", "'", '"'),
        *(
            "\\q",
            "\\",
            "\t",
            "\r",
            "\n",
            "\0",
            "\x07",
            "\x85",
            "\u2028",
            "\ufeff",
            "\ud800",
            "é",
            "名",
        ),
        *(
            "9" * 60,
            "k" * 200,
            "[" * 40,
            "{a: " * 20,
            "- " * 30,
            " " * 300,
            "@daily",
            "*/5",
            "`",
            "%",
        ),
    ]
)
DOCUMENTS = (
    st.lists(PARTS, max_size=25).map("".join)
    | st.text(alphabet="ab1: -[]{},\n\t#&*!|>'\"%@`?~<.\\é\ufeff\x85\u2028\0", max_size=80)
    | st.text(max_size=60)
    | st.binary(max_size=80)
)
THEIRS = (  # beginnings of what the libraries say
    *("while ", "found ", "expected <", "could not", "did not", "mapping", "block", "sequence"),
    *("unexpected", "control characters", "special characters", "codec", "document start"),
)


def read(text: str | bytes) -> tuple[YamlDocument | None, tuple[YamlProblem, ...]]:
    """What was read of a text, and what is wrong with it."""
    started = time.thread_time()
    try:
        return load(text, limits=LIMITS), ()
    except YamlError as error:
        return error.document, error.problems or (YamlProblem(0, 0, "an error without a problem"),)
    finally:
        assert time.thread_time() - started < PATIENCE


def measured(value: object) -> tuple[int, int]:
    """How deep a value is, and how many there are in it."""
    if not isinstance(value, dict | list):
        return 0, 1
    inner = [measured(one) for one in (value.values() if isinstance(value, dict) else value)]
    return 1 + max((depth for depth, _ in inner), default=0), 1 + sum(many for _, many in inner)


@given(DOCUMENTS)
@law(200, thorough=10_000)
def test_no_text_does_more_than_be_refused_in_our_words(text: str | bytes) -> None:
    document, problems = read(text)
    assert len(problems) <= LIMITS.problems
    assert list(problems) == sorted(problems, key=lambda one: (one.line, one.column))
    for problem in problems:
        assert 0 < problem.line <= len(text) + 1
        assert 0 < problem.column <= len(text) + 1
        assert not problem.message.startswith(THEIRS)
        assert len(problem.message) < 200
    if document is not None:
        depth, many = measured(document.value)
        assert depth <= LIMITS.depth
        assert many <= LIMITS.nodes
        assert len(document.marks) == many
        assert all(mark.line > 0 and mark.column > 0 for mark in document.marks.values())
