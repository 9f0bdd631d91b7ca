"""What feeds cannot say as it came, they say another way that nobody can fault."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds import Author, Date, Enclosure, Format
from feeds.identifiers import is_identifier
from feeds.kit.iso639 import known_language
from feeds.render import render, unmistakable
from feeds.render.players import adapted
from feeds.sanitize import clean_html
from feeds.sanitize.vocabulary import EVERYWHERE, KEPT
from tests.feeds.builders import NOON, a_feed, a_site, an_entry
from tests.feeds.render.reading import Seen, items_of
from tests.feeds.render.warned import (
    HARMLESS,
    HARMLESS_ATTRIBUTES,
    warned_of_id,
    warned_of_language,
)

FORMATS = list(Format)


def seen(form: Format = Format.JSON, **fields: Any) -> Seen:
    renderings = render(a_feed(), a_site(), [an_entry(**fields)], changed_at=NOON)
    [item] = items_of(renderings[form])
    return item


# Ids: as they came if nobody can doubt them, else the one that was minted.

_GOOD = [
    "https://x.example/a",
    "https://x.example/a?b=1&c=%C3%A9#d",
    "https://user@x.example:8443/~a/(b)",
    "tag:x.example,2026-01-17:a/b",
    "tag:desk@x.example,2026:1",
    "urn:isbn:0451450523",
    "urn:uuid:1D5b1a3e-52a0-4c4a-9e1c-2a7a8d9e0f10",
]
_ODD = [
    "https://x.example",
    "https://X.example/",
    "HTTPS://x.example/",
    "https://x.example:443/",
    "https://x.example:/",
    "https://x.example/a/../b",
    "https://x.example/%7Ea",
    "https://x.example/%c3%a9",
    "https://x.example/%C3",
    "https://x.example/e%CC%81",
    "https://x.example/100%",
    "https://x.example/%2541",
    "https://x.example/é",
    "https://x.example/#a#b",
    "https://[::1]/a",
    "https:///a",
    "tag:X.example,2026:a",
    "tag:x.example,26:a",
    "urn:x:1",
    "urn:uuid:1",
    "acme:1",
    "doi:10.1000/182",
    "mailto:desk@x.example",
    "x" * 3000,
    "https://x.example/" + "a" * 3000,
    "",
]


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("id_", _GOOD)
def test_a_canonical_id_is_published_as_it_came(id_: str, form: Format) -> None:
    assert list(warned_of_id(id_)) == []
    assert seen(form, id=id_).id == id_


@pytest.mark.parametrize("id_", _ODD)
def test_any_other_id_gives_way_to_the_one_that_was_minted_in_every_format(id_: str) -> None:
    assert not is_identifier(id_)
    minted = f"urn:uuid:{an_entry(id=id_).article.id}"
    assert {seen(form, id=id_).id for form in FORMATS} == {minted}


@given(
    st.text("aZ09.-_~:/?#[]@!$&'()*+,;=%é \"<>", max_size=12),
    st.sampled_from(["https://x.example/", "tag:x.example,2026:", "urn:isbn:", "", "https://"]),
)
def test_no_id_that_is_published_as_it_came_is_warned_of(rest: str, start: str) -> None:
    if is_identifier(start + rest):
        assert list(warned_of_id(start + rest)) == []


# Dates: of this age, and not of the time to come.


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(
    "published", [datetime(1989, 12, 31, 23, tzinfo=UTC), NOON + timedelta(seconds=1)]
)
def test_a_date_that_nobody_believes_is_left_out(published: datetime, form: Format) -> None:
    item = seen(form, published=Date(published))
    assert item.published is None
    assert item.updated.replace(microsecond=0) == NOON


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("published", [datetime(1990, 1, 1, tzinfo=UTC), NOON])
def test_the_first_and_the_last_date_that_are_believed_are_said(
    published: datetime, form: Format
) -> None:
    assert seen(form, published=Date(published)).published == published


# HTML: nothing that validators take for a risk, and nothing lost.


def test_the_vocabulary_of_articles_is_harmless_but_for_what_feeds_adapt() -> None:
    attributes = {*EVERYWHERE, *(name for names in KEPT.values() for name in names)}
    assert KEPT.keys() - HARMLESS == {"bdo"}
    assert attributes - HARMLESS_ATTRIBUTES == {"controls"}


@pytest.mark.parametrize("form", FORMATS)
def test_a_player_is_its_poster_and_a_link_to_the_file_and_an_enclosure(form: Format) -> None:
    item = seen(
        form,
        html="<p>See <video poster=https://x.example/p.jpg width=640><source type='video/mp4; "
        "codecs=\"avc1\"' src='https://x.example/the%20film.mp4?a=1&amp;b=2'>No.</video>.</p>",
    )
    assert item.content == (
        '<p>See <a href="https://x.example/the%20film.mp4?a=1&amp;b=2">'
        '<img src="https://x.example/p.jpg" alt="" width="640"><br>\u25b6\ufe0e the film.mp4</a>'
        ".</p>"
    )
    assert item.enclosures == (("https://x.example/the%20film.mp4?a=1&b=2", "video/mp4", 0),)


def test_a_file_that_is_played_and_attached_is_one_enclosure() -> None:
    given = [Enclosure(url="https://x.example/a.mp3", length=9)]
    item = seen(html="<p>Hear <audio src=https://x.example/a.mp3></audio>", enclosures=given)
    assert item.enclosures == (("https://x.example/a.mp3", "audio/mpeg", 9),)


@pytest.mark.parametrize("form", FORMATS)
def test_an_override_of_direction_is_said_in_characters(form: Format) -> None:
    content = seen(form, html="<p>a <bdo dir=rtl lang=en>b <b>c</b></bdo></p>").content
    assert content == '<p>a <span lang="en" dir="rtl">\u202eb <b>c</b>\u202c</span></p>'


_PARTS = (
    *("<video src=https://x.example/a.mp4>", "<video>", "</video>", "<audio>", "</audio>"),
    *("<bdo dir=rtl>", "<bdo>", "</bdo>", "<p>", "<source src=https://x.example/b.ogg>"),
    *("<a href=https://x.example/>", "</a>", "word ", "&lt;audio&gt; "),
)


@given(st.lists(st.sampled_from(_PARTS), max_size=12))
def test_what_is_adapted_is_balanced_harmless_and_keeps_its_words(parts: list[str]) -> None:
    cleaned = clean_html("".join(parts), base="").html
    result = adapted(cleaned)
    assert not re.search("<(?:audio|video|bdo)[ >]", result.html)
    assert clean_html(result.html, base="").html == result.html.strip()
    assert {one.url for one in result.media} <= set(re.findall(r'src="([^"]*)"', cleaned))
    if "src=" not in cleaned:
        words = clean_html(cleaned, base="").text.split()
        assert re.sub("[\u202a-\u202e]", "", clean_html(result.html, base="").text).split() == words


# Addresses that RSS has no words for.


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("url", ["http://[::1]:8080/a", "https://a..b.é.example/"])
def test_an_article_whose_address_feeds_cannot_say_is_linked_by_its_page(
    url: str, form: Format
) -> None:
    article = an_entry(url=url).article
    assert seen(form, url=url).link == f"https://news.example.org/articles/{article.id}"


@pytest.mark.parametrize("form", FORMATS)
def test_a_file_whose_address_feeds_cannot_say_has_a_link_in_the_content(form: Format) -> None:
    given = [Enclosure(url="http://[::1]/a.mp3?b&c", title="A & B")]
    item = seen(form, html="<p>a</p>", enclosures=given)
    assert item.enclosures == ()
    assert item.content == '<p>a</p><p><a href="http://[::1]/a.mp3?b&amp;c">A &amp; B</a></p>'


def test_the_first_file_that_rss_can_enclose_is_its_enclosure_and_none_is_lost() -> None:
    urls = ["http://intranet/a.mp3", "https://u:w@x.example/b.mp3", "https://x.example/c.mp3"]
    given = [Enclosure(url=url) for url in urls]
    body = render(a_feed(), a_site(), [an_entry(enclosures=given)], changed_at=NOON)[
        Format.RSS
    ].body
    assert b'<enclosure url="https://x.example/c.mp3"' in body
    for form in FORMATS:
        there = [url for url, _, _ in seen(form, enclosures=given).enclosures]
        assert there == [urls[2], *urls[:2]]


# Letters.


@pytest.mark.parametrize("form", FORMATS)
def test_an_end_tag_in_a_title_reads_as_it_was_to_those_who_take_it_for_html_too(
    form: Format,
) -> None:
    item = seen(form, title="How </b> ends", tags=["</i>"], authors=[Author(name="</p> & Co")])
    said = (item.title, *item.tags, *item.authors)
    assert said == ("How <\u2060/b> ends", "<\u2060/i>", "<\u2060/p> & Co")


@given(st.text(max_size=40))
def test_text_that_nobody_mistakes_reads_as_it_was(text: str) -> None:
    for said in (unmistakable.title(text), unmistakable.plain(text)):
        assert said.replace(unmistakable.JOINER, "") == text.replace("\ufffd", "?").replace(
            unmistakable.JOINER, ""
        )


@given(st.text("Ã©Â£ aé<>&;\ufffd", max_size=20))
def test_html_that_nobody_mistakes_is_the_same_document(text: str) -> None:
    given = html.escape(text)
    said = unmistakable.markup(f'<img src="https://x.example/" alt="src={given}">{given}')
    was = f'<img src="https://x.example/" alt="src={given}">{given}'.replace("\ufffd", "?")
    assert html.unescape(said) == html.unescape(was)
    assert not re.search("[\xc2\xc3][\x80-\xbf]", said)


# Languages.


@pytest.mark.parametrize(
    ("tag", "said"),
    [
        *(("de-AT", "de-AT"), ("gsw", "gsw"), ("ckb", "und"), ("iw", "he"), ("DE", "DE")),
        *(("yue-HK", "zh-yue-HK"), ("xyz", "und"), ("", "")),
    ],
)
def test_a_language_has_a_name_that_readers_of_feeds_know(tag: str, said: str) -> None:
    assert known_language(tag) == said
    assert not said or list(warned_of_language(said)) == []


@pytest.mark.parametrize("form", FORMATS)
def test_a_language_without_such_a_name_is_said_in_the_content(form: Format) -> None:
    item = seen(form, language="ckb", html="<p>سڵاو</p>")
    assert item.language == "und"
    assert item.content == '<div lang="ckb" dir="rtl"><p>سڵاو</p></div>'
