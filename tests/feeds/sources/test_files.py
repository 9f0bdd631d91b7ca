from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from feeds.document import Date
from feeds.sources import SUFFIXES, read_file
from tests.feeds.sources.builders import PARIS, messages, read
from tests.laws import law


def test_markdown_with_front_matter_is_one_document(tmp_path: Path) -> None:
    text = (
        "---\ntitle: The bridge\npublished: 2026-11-02 08:00\ntags: [a, b]\n---\n\nIt is *open*.\n"
    )
    [document] = read(tmp_path, "sub.md", text).documents
    assert (document.title, document.html) == ("The bridge", "<p>It is <em>open</em>.</p>")
    assert (document.path, document.source, document.language) == ("sub.md", "courier", "en")
    assert document.published == Date(datetime(2026, 11, 2, 7, tzinfo=UTC))
    assert document.tags == ("a", "b")


def test_names_in_front_matter_may_have_capitals(tmp_path: Path) -> None:
    text = "---\nTitle: The bridge\nDate: 2026-11-02\n---\nIt is open.\n"
    [document] = read(tmp_path, "a.md", text).documents
    assert document.title == "The bridge"
    assert document.published is not None
    assert document.published.due == datetime(2026, 11, 1, 23, tzinfo=UTC)  # midnight in Paris
    twice = read(tmp_path, "b.md", "---\nDate: 2026-11-02\ndate: 2026-11-03\n---\nOpen.\n")
    assert messages(twice) == ["in/b.md:2: Date: means the same as 'date'; keep one of them"]


def test_markdown_without_front_matter_takes_its_first_heading_as_title(tmp_path: Path) -> None:
    [document] = read(tmp_path, "a.markdown", "# The bridge\n\nOpen.").documents
    assert (document.title, document.html) == ("The bridge", "<p>Open.</p>")


def test_html_with_front_matter_is_taken_as_it_stands(tmp_path: Path) -> None:
    body = "<p onclick='x()'>Open <script>alert(1)</script>"
    [document] = read(tmp_path, "a.htm", f"---\ntitle: Bridge\n---\n{body}\n").documents
    assert (document.title, document.html) == ("Bridge", body)


def test_a_complete_page_is_read_and_front_matter_knows_better(tmp_path: Path) -> None:
    page = (
        '<!doctype html><html lang="fr"><head><title>Page</title>'
        '<meta name="author" content="Page desk"><meta name="date" content="2026-11-01">'
        '<base href="https://news.example.org/"></head><body><p>Words.</p></body></html>'
    )
    front = "---\ntitle: Front\nauthors: [Front desk]\ndate_published: 2026-11-02\n---\n"
    [plain] = read(tmp_path, "a.html", page).documents
    [fronted] = read(tmp_path, "b.html", front + page).documents
    assert (plain.title, plain.authors[0].name, plain.language) == ("Page", "Page desk", "fr")
    assert (plain.html, plain.base) == ("<p>Words.</p>", "https://news.example.org/")
    assert (fronted.title, fronted.authors[0].name) == ("Front", "Front desk")
    assert fronted.published == Date(datetime(2026, 11, 2, tzinfo=UTC), day_only=True)


def test_outside_of_a_named_source_no_document_has_a_path(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text("Words.", encoding="utf-8")
    result = read_file(path, relative="", shown="a.md", defaults=PARIS)
    assert [document.path for document in result.documents] == [""]


def test_the_defaults_of_the_source_hold_where_a_document_is_silent(tmp_path: Path) -> None:
    defaults = replace(PARIS, language="de", timezone="Asia/Tokyo")
    text = "---\npublished: 2026-11-02 09:00\n---\nWorte."
    [document] = read(tmp_path, "a.md", text, defaults).documents
    assert document.language == "de"
    assert document.published == Date(datetime(2026, 11, 2, tzinfo=UTC))


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"\n \r\n", "the file is empty"),
        (b"\x89PNG\r\n\x1a\n\0\0", "this is a binary file, not text"),
        ("Brücke\n".encode() * 3 + b"\xff", "the text is not valid UTF-8 here"),
    ],
)
def test_bad_files_of_every_kind_are_told_by_name(
    tmp_path: Path, suffix: str, content: bytes, message: str
) -> None:
    result = read(tmp_path, f"bad{suffix}", content)
    [said] = messages(result)
    assert said.startswith(f"in/bad{suffix}:")
    assert said.endswith(message)
    assert result.documents == ()


def test_a_file_of_an_unknown_kind_is_refused(tmp_path: Path) -> None:
    [said] = messages(read(tmp_path, "a.docx", "words"))
    assert said.startswith("in/a.docx: no kind of file that is read; known are .md .markdown")


FRONT_MATTER = {
    "never closed": ("---\ntitle: a\n\nWords.", 1, "is never closed with `---`"),
    "never closed, below blank lines": ("\n\n---\ntitle: a", 3, "is never closed with `---`"),
    "a quote that is never closed": ("---\ntitle: 'a\n---\nWords.", 2, "quote"),
    "a key that stands there twice": ("---\ntitle: a\ntags: []\ntitle: b\n---\n", 4, "twice"),
    "an alias": ("---\ntitle: &a b\nsummary: *a\n---\n", 2, "anchors"),
    "no fields": ("---\njust words\n---\n", 2, "expected fields such as"),
    "a date that is none": ("---\ntitle: a\npublished: 2026-02-30\n---\nx", 3, "is no date"),
    "a flag that is none": ("---\ntitle: a\n\n# why\nwithdrawn: yes\n---\nx", 5, "true or false"),
}


@pytest.mark.parametrize("name", ["a.md", "a.html"])
@pytest.mark.parametrize(("text", "line", "words"), FRONT_MATTER.values(), ids=FRONT_MATTER)
def test_broken_front_matter_is_told_with_its_line(
    tmp_path: Path, name: str, text: str, line: int, words: str
) -> None:
    for written in (text, text.replace("\n", "\r\n")):
        result = read(tmp_path, name, written)
        assert result.problems[0].place.line == line
        assert words in result.problems[0].message
        assert result.documents == ()


def test_every_mistake_in_front_matter_is_told_at_once(tmp_path: Path) -> None:
    text = "---\ntitle: a\npublished: soon\nupdated: later\nminor: 1\n---\nWords."
    assert [p.place.line for p in read(tmp_path, "a.md", text).problems] == [3, 4, 5]


@pytest.mark.parametrize("text", ["---\n---\nWords.", "---\n# a comment\n---\nWords.", "Words."])
def test_empty_front_matter_says_nothing(tmp_path: Path, text: str) -> None:
    [document] = read(tmp_path, "a.md", text).documents
    assert (document.title, document.html) == ("", "<p>Words.</p>")


def test_a_rule_further_down_is_no_front_matter(tmp_path: Path) -> None:
    [document] = read(tmp_path, "a.md", "Words.\n\n---\n\ntitle: more\n").documents
    assert document.title == ""
    assert "<hr />" in document.html


def test_a_second_document_of_the_same_id_is_refused_and_both_lines_are_named(
    tmp_path: Path,
) -> None:
    lines = ['{"id": "a", "title": "1"}', '{"id": "b"}', '{"id": " a ", "title": "2"}']
    result = read(tmp_path, "a.ndjson", "\n".join(lines))
    assert [document.id for document in result.documents] == ["a", "b"]
    assert messages(result) == ["in/a.ndjson:3: the id ' a ' stands in line 1 already"]


def test_a_second_document_of_the_same_url_is_refused_unless_it_has_an_id(tmp_path: Path) -> None:
    same = '"url": "https://news.example.org/a"'
    text = (
        f'[{{{same}}},\n{{{same}}},\n{{{same}, "id": "x"}},\n{{"title": "a"}},\n{{"title": "b"}}]'
    )
    result = read(tmp_path, "a.json", text)
    assert len(result.documents) == 4
    assert messages(result) == [
        "in/a.json:2: the url 'https://news.example.org/a' stands in line 1 already"
    ]


def test_a_text_that_is_too_long_for_markdown_is_refused_below_its_front_matter(
    tmp_path: Path,
) -> None:
    [said] = messages(read(tmp_path, "a.md", "---\ntitle: a\n---\n" + "a" * 2_000_001))
    assert said == "in/a.md:4: the text is too long: 2000001 characters, at most 2000000"


_PIECES = st.sampled_from(
    [
        *("---\n", "title: ", "published: 2026-11-02\n", "{", "}", "[", "]", '"id": ', '"a"', ","),
        *(
            "<html>",
            "<article>",
            "<!--",
            "# H\n",
            "More From X\n",
            "\r\n",
            "\x00",
            "\ufeff",
            "\ud7ff",
        ),
    ]
)


@law(30, suppressed=(HealthCheck.function_scoped_fixture,))
@given(st.lists(_PIECES | st.text(max_size=5), min_size=1), st.sampled_from(SUFFIXES))
def test_whatever_a_file_holds_is_read_or_told(
    tmp_path: Path, pieces: list[str], suffix: str
) -> None:
    result = read(tmp_path, f"any{suffix}", "".join(pieces).encode("utf-8", "replace"))
    assert result.documents or result.problems or suffix == ".json"  # an empty list is one
