from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.document import Date, Document, Place
from feeds.sources.pagedump import read_page_dump
from tests.feeds.sources.builders import messages, origin, read

LEAD = ("The ferry runs again, the harbour office said on Monday.", "It had been away for repair.")
FERRY = "The ferry stops at dusk from Monday on, because its searchlight dazzles the pilots of the"
APPLES = (
    "Apple growers in the upper county have counted their harvest and found it to be the second"
)
HEDGES = "A survey of the county's hedges has taken four years and two hundred volunteers. It lists"


def page(*lines: str, lead: tuple[str, ...] = LEAD) -> str:
    return "\n".join((*lead, *lines)) + "\n"


def documents(text: str) -> list[Document]:
    result = read_page_dump(text, origin())
    assert messages(result) == []
    return list(result.documents)


def day(text: str) -> Date:
    return Date(datetime.fromisoformat(text).replace(tzinfo=UTC), day_only=True)


def teasers(text: str) -> list[tuple[str, str]]:
    found = documents(text)[1:]
    return [(d.text, d.published.at.date().isoformat() if d.published else "") for d in found]


def test_a_page_is_a_lead_and_its_teasers_in_page_order() -> None:
    text = page(
        "More From Riverside Courier",
        *(FERRY, "November 13, 2026", FERRY),
        *(APPLES, "November 12, 2026", APPLES),
        "More Articles",
    )
    lead, first, second = documents(text)
    assert lead == Document(
        source="courier",
        place=Place("in/page.txt", 1),
        path="page.txt",
        text="\n\n".join(LEAD),
        language="en",
        publication="Riverside Courier",
    )
    assert first == Document(
        source="courier",
        place=Place("in/page.txt", 4),
        text=FERRY,
        published=day("2026-11-13"),
        language="en",
        publication="Riverside Courier",
        excerpt=True,
        position=1,
    )
    assert (second.text, second.position, second.place.line) == (APPLES, 2, 7)


BOTH = [(FERRY, "2026-11-13"), (APPLES, "2026-11-12")]
PAGES = {
    "repeats that differ a little: the longer one is kept": (
        (FERRY[:-8], "13/11/2026", FERRY, APPLES, "12/11/2026", APPLES[:-5] + "…"),
        BOTH,
    ),
    "a repeat with another apostrophe": (
        (HEDGES, "11.11.2026", HEDGES.replace("'", "’")),
        [(HEDGES, "2026-11-11")],
    ),
    "repeats missing": ((FERRY, "2026-11-13", APPLES, "2026-11-12"), BOTH),
    "one repeat missing": ((FERRY, "2026-11-13", APPLES, "2026-11-12", APPLES), BOTH),
    "a repeat that runs on into the next teaser": (
        (FERRY, "13 November 2026", f"{FERRY} {APPLES}", "12 November 2026", APPLES),
        BOTH,
    ),
    "the date after the repeat": (
        (FERRY, FERRY, "13 Nov 2026", APPLES, APPLES, "12 Nov 2026"),
        BOTH,
    ),
    "the date before the excerpt": (
        ("2026-11-13", FERRY, FERRY, "2026-11-12", APPLES, APPLES),
        BOTH,
    ),
    "dates before excerpts that are not repeated": (
        ("2026-11-13", FERRY, "2026-11-12", APPLES),
        BOTH,
    ),
    "a teaser without a date": (
        (FERRY, FERRY, APPLES, "2026-11-12", APPLES),
        [(FERRY, ""), (APPLES, "2026-11-12")],
    ),
    "labels in between": (
        ("Advertisement", FERRY, "2026-11-13", FERRY, "Sponsored", APPLES, "2026-11-12", APPLES),
        BOTH,
    ),
    "a date of the page above the teasers": (
        ("2026-11-20", FERRY, "2026-11-13", FERRY, APPLES, "2026-11-12", APPLES),
        BOTH,
    ),
    "a teaser that stands there twice": (
        (FERRY, "2026-11-13", FERRY, APPLES, "2026-11-12", APPLES, FERRY, "2026-11-13", FERRY),
        BOTH,
    ),
    "two teasers that differ in one word": (
        (FERRY, "2026-11-13", FERRY.replace("dusk", "dawn"), "2026-11-12"),
        [(FERRY, "2026-11-13"), (FERRY.replace("dusk", "dawn"), "2026-11-12")],
    ),
    "short excerpts": (
        ("Fog.", "2026-11-13", "Fog.", "Rain.", "2026-11-12", "Rain."),
        [("Fog.", "2026-11-13"), ("Rain.", "2026-11-12")],
    ),
}


@pytest.mark.parametrize(("lines", "expected"), PAGES.values(), ids=PAGES)
def test_pages_vary(lines: tuple[str, ...], expected: list[tuple[str, str]]) -> None:
    for end in ((), ("More Articles",), ("More Articles", "Imprint", "Privacy")):
        assert teasers(page("More From Riverside Courier", *lines, *end)) == expected
        lead = documents(page("More From Riverside Courier", *lines, *end))[0]
        assert lead.text == "\n\n".join(LEAD)


@pytest.mark.parametrize(
    ("cut", "publication"),
    [
        ("More From Riverside Courier", "Riverside Courier"),
        ("More from The Courier of St. Ives", "The Courier of St. Ives"),
        ("MORE FROM DIE ZEITUNG", "DIE ZEITUNG"),
        ("More From Le Courrier:", "Le Courrier"),
        ("  More From صحيفة النهر  ", "صحيفة النهر"),
    ],
)
def test_the_cut_line_names_the_publication(cut: str, publication: str) -> None:
    for rest in ((), ("More Articles",), (FERRY, "2026-11-13", FERRY), (FERRY, FERRY)):
        found = documents(page(cut, *rest))
        assert {document.publication for document in found} == {publication}
        assert found[0].text == "\n\n".join(LEAD)


@pytest.mark.parametrize(
    "lines",
    [
        ("More from habit than from need, the engineer left the radio at the door.",),
        ("More from the county engineer in the next issue",),
        ("More from the county", "The engineer spoke until noon, and then everybody had a meal."),
        (
            "More From The Fair",
            "Bread and apples were sold out by noon on both of the days.",
            APPLES,
        ),
        ("More From The Fair", FERRY, "13 November 2026", APPLES, HEDGES, LEAD[0]),
        ("More From The Fair", "Bread", "Milk", "Cheese"),
        ("There is more from Riverside Courier", FERRY, "2026-11-13", FERRY),
        ("More From " + "A Very Long Name " * 6, FERRY, "2026-11-13", FERRY),
    ],
)
def test_a_line_that_merely_reads_like_a_cut_is_none(lines: tuple[str, ...]) -> None:
    [lead] = documents(page(*lines))
    assert lead.text == "\n\n".join((*LEAD, *(line.strip() for line in lines)))
    assert lead.publication == ""


def test_a_sentence_like_a_cut_does_not_hide_the_real_one() -> None:
    sentence = "More From The Fair"
    text = page(sentence, HEDGES, LEAD[0], "More From Courier", FERRY, "2026-11-13", FERRY)
    lead, teaser = documents(text)
    assert lead.text.split("\n\n") == [*LEAD, sentence, HEDGES, LEAD[0]]
    assert (teaser.text, teaser.publication) == (FERRY, "Courier")


def test_a_page_may_have_teasers_of_several_publications() -> None:
    text = page(
        *("More From Courier", FERRY, "2026-11-13", FERRY),
        *("More From Gazette", APPLES, "2026-11-12", APPLES),
    )
    found = [(d.publication, d.position) for d in documents(text)]
    assert found == [("Courier", 0), ("Courier", 1), ("Gazette", 2)]


def test_a_text_without_structure_is_one_article() -> None:
    [article] = documents("The ferry\n\nIt runs again.\nSince Monday, that is.\n")
    assert (article.text, article.path) == (
        "The ferry\n\nIt runs again. Since Monday, that is.",
        "page.txt",
    )
    assert not article.excerpt


def test_a_page_of_long_lines_has_one_paragraph_on_each() -> None:
    long = "word " * 40
    [article] = documents(f"{long}\n{long}\n\n{long}")
    assert article.text == "\n\n".join([long.strip()] * 3)


def test_the_end_of_the_page_is_no_part_of_a_lead_without_teasers() -> None:
    [lead] = documents(page("More Articles"))
    assert lead.text == "\n\n".join(LEAD)


def test_teasers_without_a_lead_are_read_all_the_same() -> None:
    text = page("More From Courier", FERRY, "2026-11-13", FERRY, lead=())
    assert [(d.text, d.position) for d in documents(text)] == [(FERRY, 1)]


def test_a_page_without_any_article_is_refused() -> None:
    result = read_page_dump("More Articles\n", origin())
    assert messages(result) == ["in/page.txt: there is no article in it"]


def test_a_page_made_to_waste_time_is_read_in_time() -> None:
    many = "More From Courier\n" * 20_000
    assert len(documents(LEAD[0] + "\n" + many)) == 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\n\n", "  \r\n \t\r\n"])
def test_encodings_line_ends_and_blank_lines_do_not_matter(
    tmp_path: Path, encoding: str, end: str
) -> None:
    lines = ("Die Brücke öffnet – früher als geplant.", "Größer ist sie auch.")
    text = page("More From Grüner Bote", HEDGES, "2026-11-11", HEDGES, "More Articles", lead=lines)
    result = read(tmp_path, "page.txt", text.replace("\n", end).encode(encoding))
    lead, teaser = result.documents
    assert (lead.text, lead.publication) == ("\n\n".join(lines), "Grüner Bote")
    assert (teaser.text, teaser.published) == (HEDGES, day("2026-11-11"))


@dataclass(frozen=True)
class Parts:
    """What a page is made of, and how it is written down."""

    lead: list[str]
    publication: str
    teasers: list[tuple[str, date]]
    style: str
    repeats: bool
    line_end: str
    articles_line: bool

    def written(self) -> str:
        lines = [*self.lead, f"More From {self.publication}"]
        for text, when in self.teasers:
            lines += [text, when.strftime(self.style), *([text] if self.repeats else [])]
        lines += ["More Articles"] if self.articles_line else []
        return self.line_end.join(lines) + self.line_end


_WORD = st.text(alphabet="abcdefghijklmnopqrstuvwxyzäéøß'’", min_size=1, max_size=9)
_WORDS = st.lists(_WORD, min_size=4, max_size=14).map(" ".join)
_NAME = st.lists(_WORD.map(lambda word: f"X{word}"), min_size=1, max_size=3).map(" ".join)
_EXCERPTS = st.lists(st.tuples(_WORDS, st.dates(date(1990, 1, 1), date(2050, 1, 1))), max_size=6)
_PARTS = st.builds(
    Parts,
    lead=st.lists(_WORDS.map(lambda words: f"{words}."), min_size=1, max_size=5),
    publication=_NAME,
    # A number of its own keeps any two excerpts apart, whatever words were drawn.
    teasers=_EXCERPTS.map(
        lambda drawn: [
            (f"{n * 7919} {words} {n * 104729}", d) for n, (words, d) in enumerate(drawn, 1)
        ]
    ),
    style=st.sampled_from(
        ["%B %d, %Y", "%Y-%m-%d", "%d %B %Y", "%d/%m/%Y", "%d.%m.%Y", "%b %d, %Y"]
    ),
    repeats=st.booleans(),
    line_end=st.sampled_from(["\n", "\n\n", " \n", "\n \n\n"]),
    articles_line=st.booleans(),
)


@given(_PARTS)
def test_a_page_made_of_parts_gives_back_exactly_the_parts(parts: Parts) -> None:
    lead, *found = documents(parts.written())
    assert lead.text.split("\n\n") == parts.lead
    assert lead.published is None
    assert {document.publication for document in (lead, *found)} == {parts.publication}
    dates = [document.published and document.published.at.date() for document in found]
    assert list(zip([d.text for d in found], dates, strict=True)) == parts.teasers
    assert [d.position for d in found] == list(range(1, len(parts.teasers) + 1))


@given(
    st.lists(
        st.sampled_from(
            [FERRY, APPLES, "2026-11-13", "More From Courier", "Ad", "", "More Articles"]
        )
    )
)
def test_lines_in_any_order_are_read_and_no_excerpt_comes_twice(lines: list[str]) -> None:
    found = read_page_dump("\n".join(lines), origin())
    texts = [(d.publication, d.text) for d in found.documents if d.excerpt]
    assert len(texts) == len(set(texts))
    assert found.documents or found.problems
