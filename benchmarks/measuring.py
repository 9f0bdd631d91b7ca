"""What the benchmarks share: medians of several runs, and one way to print a figure."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from feedgen.feed import FeedGenerator

from feeds import Entry

RUNS = 7


def median_seconds(work: Callable[[], object], runs: int = RUNS) -> float:
    """Return the median of `runs` timings of `work`, in seconds."""
    taken = []
    for _ in range(runs):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def figure(name: str, ours: float, reference: float, unit: str, ratio: float) -> None:
    """Print one figure: ours, the reference's of the same run, and the ratio (1.0 is as good)."""
    print(f"{name}: ours {ours:.1f} {unit}, reference {reference:.1f} {unit}, ratio {ratio:.2f}")


def bare_feedgen(entries: list[Entry]) -> bytes:
    """Return the same entries in RSS and Atom as a program writes them that uses feedgen alone."""
    feed = FeedGenerator()
    feed.id("https://news.example.org/")
    feed.title("Everything")
    feed.description("Everything")
    feed.link(href="https://news.example.org/", rel="alternate")
    for entry in entries:
        article = entry.article
        item = feed.add_entry(order="append")
        item.id(article.iri)
        item.title(article.title)
        item.link(href=f"https://news.example.org/articles/{article.id}")
        item.updated(entry.updated)
        item.published(article.published.at if article.published else entry.updated)
        item.summary(article.text[:280])
        item.content(article.html, type="html")
        item.category([{"term": tag} for tag in article.tags])
    return bytes(feed.rss_str() + feed.atom_str())


def a_moment(number: int) -> datetime:
    """Return a moment of its own for each number."""
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=number)
