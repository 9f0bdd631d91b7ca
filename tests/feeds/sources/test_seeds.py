"""The sample articles are what the demo shows; they are read without a single problem."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from feeds.document import Document
from feeds.sources import read_file, scan
from tests.feeds.sources.builders import PARIS, messages

SEEDS = Path(__file__).parents[3] / "seeds"
COUNTS = {
    "alder-weir-footbridge.md": 1,
    "choir-in-the-boiler-house.html": 1,
    "county-council.feed.json": 3,
    "evening-reading-circle.ar.md": 1,
    "page-harbour-gazette.txt": 4,
    "page-riverside-courier.txt": 5,
    "river-hour.json": 1,
    "saturday-market.md": 1,
    "sport.ndjson": 3,
    "the-mill-that-learned-to-lend.md": 1,
    "weather-station-open-day.html": 1,
}


def documents(name: str) -> tuple[Document, ...]:
    result = read_file(SEEDS / name, relative=name, shown=name, defaults=PARIS)
    assert messages(result) == []
    return result.documents


def test_the_folder_holds_exactly_the_samples() -> None:
    assert [state.relative for state in scan(SEEDS).files] == list(COUNTS)


@pytest.mark.parametrize(("name", "count"), COUNTS.items())
def test_every_sample_is_read_whole(name: str, count: int) -> None:
    found = documents(name)
    assert len(found) == count
    assert all(document.html or document.text for document in found)
    last = datetime(2026, 11, 20, tzinfo=UTC)
    assert all(document.published.at < last for document in found if document.published)


@pytest.mark.parametrize(
    ("name", "publication", "paragraphs"),
    [
        ("page-riverside-courier.txt", "Riverside Courier", 6),
        ("page-harbour-gazette.txt", "The Harbour Gazette", 3),
    ],
)
def test_page_dumps_have_an_undated_lead_and_dated_teasers(
    name: str, publication: str, paragraphs: int
) -> None:
    lead, *teasers = documents(name)
    assert (lead.published, lead.title, lead.excerpt, lead.path) == (None, "", False, name)
    assert len(lead.text.split("\n\n")) == paragraphs
    assert {document.publication for document in (lead, *teasers)} == {publication}
    assert all(t.excerpt and t.published and t.published.day_only for t in teasers)
    assert not any(t.text[:30] in lead.text for t in teasers)


def test_the_samples_show_what_documents_can_be() -> None:
    assert documents("evening-reading-circle.ar.md")[0].language == "ar"
    audio, captions = documents("river-hour.json")[0].enclosures
    assert (audio.type, audio.length, audio.duration) == ("audio/mpeg", 25165824, 1574)
    assert captions.type == "text/vtt"
    assert "<script>" in documents("weather-station-open-day.html")[0].html
    mill = documents("the-mill-that-learned-to-lend.md")[0]
    assert mill.title == "The mill that learned to lend"
    assert mill.html.count("<p>") >= 12
    assert "<table>" in mill.html
    assert not documents("saturday-market.md")[0].url
