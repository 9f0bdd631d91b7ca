"""The golden feeds: a small feed, byte for byte, in every format.

After a wanted change write them anew, look at the difference, and raise `feeds.render.RENDERING`:

    python -m tests.feeds.render.golden
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from feeds import Author, Enclosure, Format, Rendering, SourceFeed
from feeds.render import render
from tests.feeds.builders import a_feed, a_site, an_entry, at, day

FOLDER = Path(__file__).parents[2] / "golden" / "feeds"


def golden_renderings() -> dict[Format, Rendering]:
    """Return the feed of four articles of which the golden files are made."""
    entries = [
        an_entry(
            1,
            title="Bread & <circuses>",
            html="<p>The fair is open. <img src=/fair.jpg alt='The fair'></p><p>Until Sunday.</p>",
            url="https://news.example.org/fair",
            summary="The fair is open & full.",
            published=at(2026, 1, 16, 18, 5),
            updated=at(2026, 1, 17, 7, 0),
            authors=[Author(name="City desk", url="https://news.example.org/city")],
            tags=["fair", "food & drink"],
            enclosures=[
                Enclosure(url="https://news.example.org/fair.mp3", length=48_000),
                Enclosure(url="https://news.example.org/map.pdf", title="Map of the fair"),
            ],
            image="https://news.example.org/fair.jpg",
        ),
        an_entry(
            2,
            id="tag:news.example.org,2026:shalom",
            title="שלום לכולם",
            html="<p>שלום.</p>",
            language="he",
            published=day(2026, 1, 17),
        ),
        an_entry(
            3,
            title="",
            text="The county council met on Monday to speak about the",
            excerpt=True,
            publication="The Hill Gazette",
            source_feed=SourceFeed(url="https://hill.example/feed.json", title="Hill & Dale"),
            published=None,
        ),
        an_entry(4, revision=2, revised_at=datetime(2026, 1, 18, 6, 30, 0, 250_000, tzinfo=UTC)),
    ]
    feed = a_feed(description="Everything we print")
    return render(feed, a_site(), entries, changed_at=datetime(2026, 1, 18, 6, 30, tzinfo=UTC))


def golden_path(form: Format) -> Path:
    """Return the file that holds the golden feed in the format `form`."""
    return FOLDER / f"small.{form}"


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for form, rendering in golden_renderings().items():
        golden_path(form).write_bytes(rendering.body)
