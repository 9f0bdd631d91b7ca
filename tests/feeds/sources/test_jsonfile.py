from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.document import SourceFeed
from feeds.sources.jsonfile import read_json, read_ndjson
from tests.feeds.sources.builders import messages, origin

ORIGIN = origin("items.json")


def test_a_single_item_is_identified_by_the_path_of_its_file() -> None:
    read = read_json('{"title": "One", "content_text": "Text."}', ORIGIN)
    assert [(d.title, d.path) for d in read.documents] == [("One", "items.json")]


def test_items_of_a_list_have_no_path_for_the_next_one_would_take_it_over() -> None:
    read = read_json('[\n {"title": "One"},\n\n {"title": "Two"}]', ORIGIN)
    found = [(d.title, d.path, d.place.line) for d in read.documents]
    assert found == [("One", "", 2), ("Two", "", 4)]


def test_a_json_feed_speaks_for_its_items() -> None:
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "Courier",
        "home_page_url": "https://news.example.org/",
        "language": "fr",
        "authors": [{"name": "Desk"}],
        "items": [
            {"id": "1", "content_text": "a"},
            {"id": "2", "url": "https://news.example.org/a/2", "language": "de", "author": "Other"},
        ],
    }
    first, second = read_json(json.dumps(feed, indent=1), ORIGIN).documents
    assert (first.language, first.authors[0].name, first.base) == (
        "fr",
        "Desk",
        "https://news.example.org/",
    )
    assert (second.language, second.authors[0].name, second.base) == (
        "de",
        "Other",
        "https://news.example.org/a/2",
    )


def test_items_of_a_json_feed_with_an_address_were_taken_from_it() -> None:
    feed = {
        "title": "Hill",
        "feed_url": "https://hill.example/feed.json",
        "items": [{"id": "1"}, {"id": "2", "source": "https://dale.example/feed"}],
    }
    sources = [one.source_feed for one in read_json(json.dumps(feed), ORIGIN).documents]
    assert sources == [
        SourceFeed(url="https://hill.example/feed.json", title="Hill"),
        SourceFeed(url="https://dale.example/feed"),
    ]
    del feed["feed_url"]
    assert read_json(json.dumps(feed), ORIGIN).documents[0].source_feed is None


def test_a_wrong_field_in_the_middle_costs_its_item_only_and_is_told_with_its_line() -> None:
    text = '{"items": [\n{"id": "1"},\n{"id": "2",\n "date_published": "soon"},\n7,\n{"id": "3"}]}'
    read = read_json(text, ORIGIN)
    assert [d.id for d in read.documents] == ["1", "3"]
    assert [m.split(" is ")[0] for m in messages(read)] == [
        "in/items.json:4: date_published: 'soon'",
        "in/items.json:5: expected an item here",
    ]


def test_each_line_of_ndjson_is_an_item_and_a_bad_one_costs_only_itself() -> None:
    lines = ['{"id": "1"}', "", '{"id": 2,}', '{"id": "3", "minor": "no"}', "[]", '{"id": "5"}']
    read = read_ndjson("\n".join(lines), ORIGIN)
    assert [(d.id, d.path, d.place.line) for d in read.documents] == [("1", "", 1), ("5", "", 6)]
    assert [problem.place.line for problem in read.problems] == [3, 4, 5]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"id": "1",\n "title" "x"}', "in/items.json:2:10: not JSON: expecting ':' delimiter"),
        ('{"id": NaN}', "in/items.json: not JSON: NaN is no number"),
        ('{"id": 1, "id": 2}', "in/items.json: not JSON: the name 'id' occurs twice in one object"),
        ("[" * 100_000, "in/items.json: nested too deeply"),
        ('"text"', "in/items.json:1: expected an item, a list of items or a JSON Feed"),
    ],
)
def test_what_is_not_json_is_refused_with_its_place(text: str, message: str) -> None:
    read = read_json(text, ORIGIN)
    assert (read.documents, messages(read)) == ((), [message])


@pytest.mark.parametrize("text", ["[" * 100_000, '{"id": ' + "9" * 5000 + "}", '{"a": Infinity}'])
def test_purpose_made_json_is_refused_line_by_line(text: str) -> None:
    read = read_ndjson(f'{text}\n{{"id": "1"}}', ORIGIN)
    assert [d.id for d in read.documents] == ["1"]
    assert [problem.place.line for problem in read.problems] == [1]


_SPACE = st.sampled_from(["", " ", "\n", "\n\n\t", " \r\n"])


@given(st.lists(st.text(), max_size=6), _SPACE, _SPACE, st.sampled_from([None, 1]))
def test_every_item_is_found_on_its_line(
    titles: list[str], before: str, after: str, indent: int | None
) -> None:
    items = [json.dumps({"title": title, "x": {"y": [1]}}, indent=indent) for title in titles]
    text = f"{before}[{before}" + f"{after},{before}".join(items) + f"{after}]{after}"
    read = read_json(text, ORIGIN)
    assert [d.title for d in read.documents] == titles
    lines = text.split("\n")
    assert all("{" in lines[(d.place.line or 0) - 1] for d in read.documents)
