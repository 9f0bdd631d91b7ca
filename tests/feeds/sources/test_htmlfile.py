from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.sources.htmlfile import read_page

PAGE = """<!DOCTYPE html>
<html lang="de_AT">
<head>
<!-- <meta name="author" content="nobody"> -->
<title>Die Br&uuml;cke | Courier</title>
<meta name="description" content="Sie ist > offen.">
<meta content='Die Redaktion' name=author>
<meta property="article:published_time" content="2026-11-02T08:00:00Z">
<link rel="stylesheet" href="/x.css"><link rel=canonical href="https://news.example.org/b">
<base href="https://news.example.org/x/">
</head>
<body class="a"><nav>Menu</nav><article id="b"><h1>Die <i>Brücke</i></h1><p>Offen.</p></article>
<footer>Foot</footer></body></html>
"""


def test_a_complete_page_says_what_it_is() -> None:
    page = read_page(PAGE)
    assert page.fields == {
        "language": "de-AT",
        "title": "Die Brücke",
        "summary": "Sie ist > offen.",
        "author": "Die Redaktion",
        "published": "2026-11-02T08:00:00Z",
        "url": "https://news.example.org/b",
    }
    assert (page.lines["published"], page.lines["url"]) == (8, 9)
    assert (page.html, page.base) == ("<p>Offen.</p>", "https://news.example.org/x/")


def test_lines_are_those_of_the_file_below_front_matter() -> None:
    assert read_page(PAGE, first_line=11).lines["published"] == 18


@pytest.mark.parametrize(
    ("body", "article"),
    [
        ("<body><main><p>a</p></main>x</body>", "<p>a</p>"),
        ("<body>x<p>a</p></body>", "x<p>a</p>"),
        (
            "<body><article>a</article><article>b</article>",
            "<article>a</article><article>b</article>",
        ),
        ("<BODY><ARTICLE><p>a</p></ARTICLE></BODY>", "<p>a</p>"),
        ("<body><article><p>never closed", "<p>never closed"),
    ],
)
def test_the_article_is_the_only_one_else_main_else_the_body(body: str, article: str) -> None:
    assert read_page(f"<html><head></head>{body}").html == article


def test_a_piece_of_html_is_taken_as_it_stands() -> None:
    assert read_page("<p>a <b>b").html == "<p>a <b>b"
    assert read_page("<p>a <b>b").fields == {}


def test_the_first_heading_of_a_piece_is_its_title_and_leaves_it() -> None:
    page = read_page("<h1 class=x>A &amp; <i>b</i></h1><p>c</p>")
    assert (page.fields, page.html) == ({"title": "A & b"}, "<p>c</p>")


def test_a_heading_stays_where_the_title_is_another() -> None:
    page = read_page("<html><head><title>T</title><body><h1>Other</h1>")
    assert (page.fields["title"], page.html) == ("T", "<h1>Other</h1>")


def test_a_relative_canonical_address_says_nothing() -> None:
    page = read_page('<html><head><link rel="canonical" href="/b"><base href="c/"></head><body>x')
    assert ("url" in page.fields, page.base) == (False, "")


@pytest.mark.parametrize("unit", ["<", "<!--", "<a ", "<meta ", "<![", "<h1>", "<article ", "<p '"])
def test_purpose_made_html_costs_no_more_time(unit: str) -> None:
    assert read_page(f"<html>{unit * 200_000}").fields is not None  # quadratic: minutes


@given(st.text(alphabet="<>/\"'= !-abhmtelryd&;\n"))
def test_any_html_is_read(text: str) -> None:
    whole = f"<html><head>{text}"
    assert set(read_page(whole).html) <= set(whole)
