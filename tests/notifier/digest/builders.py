"""Small builders for issues: articles whose words are given as they are, entries, requests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from feeds import Article, Content, Date, Document, Entry, Place, Site, from_document
from notifier.digest.compose import Request
from notifier.digest.spec import DigestSpec
from notifier.schedule.language import parse_schedule

MONDAY = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
SITE = Site(name="Riverside Courier", url="https://news.example.org")
SPEC = DigestSpec(
    name="morning", title="The morning paper", schedule=parse_schedule("every weekday at 07:30")
)


def an_article(number: int = 1, **fields: Any) -> Article:  # keyword arguments of Document
    """Return an article of its own per `number`; its HTML plays no part in a digest."""
    given: dict[str, Any] = {
        "source": "paper",
        "place": Place(f"{number}.md"),
        "path": f"{number}.md",
        "title": f"Story number {number}",
        "text": f"The words of story {number}.\n\nAnd some more of them.",
        "url": f"https://news.example.org/stories/{number}",
        "published": Date(datetime(2026, 11, 22, 9, tzinfo=UTC)),
    }
    document = Document(**(given | fields))
    return from_document(document, Content(html="", text=document.text))


def an_entry(number: int = 1, **fields: Any) -> Entry:  # keyword arguments of Document
    """Return the entry of `an_article(number, **fields)`; arrival and change are the number."""
    return entry_of(an_article(number, **fields), number)


def entry_of(article: Article, number: int = 1) -> Entry:
    """Return `article` as a store would give it."""
    return Entry(
        article=article,
        revision=1,
        arrival=number,
        arrived_at=MONDAY,
        change=number,
        changed_at=MONDAY,
        revised=number,
        revised_at=MONDAY,
    )


def a_request(entries: Sequence[Entry] = (), **fields: Any) -> Request:
    """Return a request in English for Paris; fields of DigestSpec may be given too."""
    of_spec = {k: fields.pop(k) for k in list(fields) if k in DigestSpec.__dataclass_fields__}
    language = of_spec.pop("language", "en")
    given: dict[str, Any] = {
        "spec": replace(SPEC, **of_spec),
        "entries": tuple(entries) or (an_entry(),),
        "language": language,
        "zone": "Europe/Paris",
        "instant": MONDAY,
        "page_url": "https://news.example.org/digests/morning/2026-11-23",
    }
    return Request(**(given | fields))
