from __future__ import annotations

import pytest

from feeds.sources.markdown import LIMIT, render_markdown


def test_commonmark_with_tables_and_strikethrough() -> None:
    html = render_markdown("A *b* ~~c~~\n\n| x |\n|---|\n| y |\n").html
    assert "<em>b</em> <s>c</s>" in html
    assert "<td>y</td>" in html


def test_html_is_let_through_for_the_sanitiser() -> None:
    assert "<details>" in render_markdown("<details>\n<b>x</b>\n</details>").html


@pytest.mark.parametrize(
    "text", ["# The *bridge* `opens`\n\nBody.", "The *bridge* `opens`\n=====\nBody."]
)
def test_a_first_heading_is_the_title_and_leaves_the_body(text: str) -> None:
    rendered = render_markdown(text)
    assert (rendered.title, rendered.html) == ("The bridge opens", "<p>Body.</p>\n")


def test_a_heading_stays_where_the_document_has_another_title() -> None:
    rendered = render_markdown("# A heading\n\nBody.", title="The title")
    assert (rendered.title, rendered.html) == ("", "<h1>A heading</h1>\n<p>Body.</p>\n")


def test_a_heading_that_repeats_the_title_leaves_the_body() -> None:
    assert render_markdown("# The  Title\n\nBody.", title="the title").html == "<p>Body.</p>\n"


@pytest.mark.parametrize("text", ["Body.\n\n# Heading", "## Heading\n\nBody.", "", "#\n\nBody."])
def test_only_a_first_level_heading_at_the_top_is_a_title(text: str) -> None:
    assert render_markdown(text).title == ""


def test_a_text_too_long_to_render_is_refused() -> None:
    with pytest.raises(ValueError, match="too long"):
        render_markdown("a" * (LIMIT + 1))
