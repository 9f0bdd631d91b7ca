"""Rendering 5,000 items in three formats, beside bare feedgen in two (it has no JSON Feed)."""

from __future__ import annotations

from measuring import a_moment, bare_feedgen, figure, median_seconds

from feeds import Content, Date, Document, Entry, FeedSpec, Place, Site, from_document
from feeds.render import Kept, render

ITEMS = 5_000
WORDS = (
    "The bridge over the river carries traffic again after a year of work on its old piers. " * 6
)


def entry(number: int) -> Entry:
    document = Document(
        source="bench",
        place=Place("bench"),
        id=str(number),
        title=f"Article number {number}",
        published=Date(a_moment(number)),
        tags=("bridges", "county"),
    )
    content = Content(html=f"<p>{WORDS}</p>" * 3, text="\n\n".join([WORDS] * 3))
    return Entry(
        article=from_document(document, content),
        revision=1,
        arrival=number,
        arrived_at=a_moment(number),
        change=number,
        changed_at=a_moment(number),
        revised=number,
        revised_at=a_moment(number),
    )


def main() -> None:
    entries = [entry(number) for number in range(1, ITEMS + 1)]
    spec = FeedSpec(name="all", title="Everything", items=ITEMS)
    site = Site(name="Riverside Courier", url="https://news.example.org")
    ours = median_seconds(lambda: render(spec, site, entries, changed_at=a_moment(0)), 3)
    reference = median_seconds(lambda: bare_feedgen(entries), 3)
    kept = Kept()
    render(spec, site, entries[1:], changed_at=a_moment(0), kept=kept)
    again = median_seconds(
        lambda: render(spec, site, entries, changed_at=a_moment(0), kept=kept), 3
    )
    figure(
        f"render {ITEMS} items of which one is new",
        again * 1000,
        reference * 1000,
        "ms",
        reference / again,
    )
    figure(
        f"render {ITEMS} items (ours 3 formats, feedgen 2)",
        ours * 1000,
        reference * 1000,
        "ms",
        reference / ours,
    )


if __name__ == "__main__":
    main()
