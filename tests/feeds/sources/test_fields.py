from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.document import Author, Date, Document, Enclosure, SourceFeed
from feeds.sources.fields import read_item
from feeds.sources.outcome import Item, ReadFile
from tests.feeds.sources.builders import messages, origin
from tests.laws import law


def item(values: dict[str, object], start_html: str = "") -> ReadFile:
    lines = {key: number for number, key in enumerate(values, start=2)}
    place = origin()
    start = place.whole_file()
    if start_html:
        start = Document(source="courier", place=place.at(1), html=start_html)
    return read_item(Item(values, lines), start, place)


def document(values: dict[str, object], start_html: str = "") -> Document:
    read = item(values, start_html)
    assert messages(read) == []
    return read.documents[0]


def test_all_names_of_a_json_feed_item_are_taken() -> None:
    found = document(
        {
            "id": "bridge-1",
            "url": "https://news.example.org/bridge",
            "title": "The bridge opens",
            "content_html": "<p>It is open.</p>",
            "content_text": "It is open.",
            "summary": "Open.",
            "image": "/bridge.jpg",
            "date_published": "2026-11-02T08:00:00Z",
            "date_modified": "2026-11-03",
            "authors": [{"name": "Desk", "url": "https://news.example.org/desk"}],
            "tags": ["regions", 2026],
            "language": "de-AT",
            "attachments": [
                {
                    "url": "/a.mp3",
                    "mime_type": "audio/mpeg",
                    "title": "A",
                    "size_in_bytes": 10,
                    "duration_in_seconds": 1.5,
                }
            ],
            "section": "county",
            "withdrawn": True,
            "minor": True,
            "resend": True,
            "publication": "Riverside Courier",
            "source": {
                "url": "https://hill.example/feed",
                "title": "Hill",
                "id": "urn:x:hill",
                "updated": "2026-11-03T09:00:00Z",
            },
        }
    )
    assert found == Document(
        source="courier",
        place=origin().at(1),
        path="page.txt",
        id="bridge-1",
        url="https://news.example.org/bridge",
        title="The bridge opens",
        html="<p>It is open.</p>",
        text="It is open.",
        summary="Open.",
        image="/bridge.jpg",
        published=Date(datetime(2026, 11, 2, 8, tzinfo=UTC)),
        updated=Date(datetime(2026, 11, 3, tzinfo=UTC), day_only=True),
        authors=(Author(name="Desk", url="https://news.example.org/desk"),),
        tags=("regions", "2026"),
        section="county",
        language="de-AT",
        publication="Riverside Courier",
        enclosures=(
            Enclosure(url="/a.mp3", type="audio/mpeg", length=10, title="A", duration=1.5),
        ),
        source_feed=SourceFeed(
            url="https://hill.example/feed",
            title="Hill",
            id="urn:x:hill",
            updated=datetime(2026, 11, 3, 9, tzinfo=UTC),
        ),
        withdrawn=True,
        minor=True,
        resend=True,
    )


def test_the_source_may_be_an_address_and_other_programs_use_of_the_name_is_left_alone() -> None:
    address = "https://hill.example/feed"
    assert document({"source": address}).source_feed == SourceFeed(url=address)
    assert document({"source": "The wire"}).source_feed is None


def test_front_matter_has_shorter_names() -> None:
    found = document(
        {
            "published": "2026-11-02",
            "updated": "2026-11-03",
            "author": "The desk <desk@example.org>",
        }
    )
    assert found.published == Date(datetime(2026, 11, 2, tzinfo=UTC), day_only=True)
    assert found.updated == Date(datetime(2026, 11, 3, tzinfo=UTC), day_only=True)
    assert found.authors == (Author(name="The desk", email="desk@example.org"),)


def test_what_is_not_said_stays_unsaid() -> None:
    found = document({"title": "A title", "published": None, "tags": None, "layout": {"x": [1]}})
    assert (found.published, found.updated, found.tags, found.authors) == (None, None, (), ())
    assert found.language == "en"


def test_tags_and_authors_may_be_written_in_one_line() -> None:
    found = document({"tags": "regions, sport,, ", "authors": ["First desk", "Second desk"]})
    assert found.tags == ("regions", "sport")
    assert [author.name for author in found.authors] == ["First desk", "Second desk"]


def test_a_number_is_good_enough_for_an_id_or_a_title() -> None:
    found = document({"id": 17, "title": 1984})
    assert (found.id, found.title) == ("17", "1984")


def test_the_body_of_a_file_outranks_its_content_fields() -> None:
    assert (
        document({"content_html": "<p>other</p>"}, start_html="<p>body</p>").html == "<p>body</p>"
    )
    assert document({"content_html": "<p>other</p>"}).html == "<p>other</p>"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"published": "2026-02-30"},
            "published: '2026-02-30' is no date; write 2026-01-17 or 2026-01-17T08:30:00+01:00",
        ),
        ({"date_modified": True}, "date_modified: expected text, not true; put it in quotes"),
        ({"title": ["a"]}, "title: expected text, not a list"),
        ({"title": 1.5}, "title: expected text, not a number; put it in quotes"),
        ({"withdrawn": "yes"}, "withdrawn: expected true or false, not the text 'yes'"),
        ({"minor": 1}, "minor: expected true or false, not a number"),
        ({"tags": {"a": 1}}, "tags: expected a list of texts, not a mapping"),
        ({"tags": [["a"]]}, "tags: expected text, not a list"),
        (
            {"language": "english, mostly"},
            "language: 'english, mostly' is no language tag; write en, de-AT or zh-Hant",
        ),
        (
            {"language": "english"},
            "language: 'english' is no language tag; write en, de-AT or zh-Hant",
        ),
        ({"source": ["a"]}, "source: expected the address of a feed, not a list"),
        (
            {"source": {"title": "Hill"}},
            "source: the feed that an article was taken from needs its http(s) url",
        ),
        (
            {"source": {"url": "https://hill.example/feed", "updated": "soon"}},
            "source: 'soon' is no date; write 2026-01-17 or 2026-01-17T08:30:00+01:00",
        ),
        (
            {"attachments": "a.mp3"},
            "attachments: expected a list of attachments, not the text 'a.mp3'",
        ),
        ({"attachments": [{}]}, "attachments: an attachment needs a url and a mime_type"),
        (
            {"attachments": [{"url": "/a", "size_in_bytes": "10"}]},
            "attachments: an attachment's size and duration are numbers, not the text '10'",
        ),
        (
            {"attachments": [{"url": "/a", "size_in_bytes": -1}]},
            "attachments: an attachment's size and duration must not be negative or endless",
        ),
        (
            {"attachments": [{"url": "/a", "size_in_bytes": 1.5}]},
            "attachments: size_in_bytes must be a whole number",
        ),
        (
            {"published": "2026-01-17", "date_published": "2026-01-17"},
            "published: means the same as 'date_published'; keep one of them",
        ),
    ],
)
def test_a_wrong_field_is_told_with_its_line_and_refuses_the_document(
    values: dict[str, object], message: str
) -> None:
    read = item({"id": "x", **values})
    assert messages(read) == [f"in/page.txt:3: {message}"]
    assert read.documents == ()


def test_all_wrong_fields_are_told_at_once() -> None:
    read = item({"published": "soon", "title": [], "tags": 7})
    assert [problem.place.line for problem in read.problems] == [3, 2, 4]


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
_NAMES = st.sampled_from(
    [
        "id",
        "url",
        "title",
        "content_html",
        "content_text",
        "summary",
        "image",
        "date_published",
        "published",
        "authors",
        "author",
        "tags",
        "language",
        "attachments",
        "section",
        "source",
        "withdrawn",
        "minor",
        "resend",
    ]
)


@law(30)
@given(st.dictionaries(_NAMES, _VALUES))
def test_any_value_is_read_or_told(values: dict[str, object]) -> None:
    read = item(values)
    assert len(read.documents) == (not read.problems)
