"""A law: whatever happened, a published feed is what its articles say, chosen without any index."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from feeds import Article, Date, Format, Query
from feeds.kit.database import Database
from feeds.library import Press, publish
from feeds.publish import Document
from feeds.render import render
from tests.conftest import NOW
from tests.feeds.builders import a_feed, an_article
from tests.feeds.library.builders import a_press
from tests.laws import law

FEEDS = (
    a_feed(),
    a_feed(name="sport", title="Sport", select=Query(sections=("Sport",))),
    a_feed(name="mills", title="Mills", select=Query(words=("mill",))),
    a_feed(name="rest", title="Rest", select=Query(exclude=Query(sections=("Sport",)))),
)

Shelf = dict[tuple[str, Format], Document]


@dataclass(frozen=True)
class Ingest:
    """A batch of articles arrives; `hours` pass first."""

    articles: tuple[Article, ...]
    hours: int


class Publish:
    """Embargoes end, and feeds are published."""

    def __repr__(self) -> str:
        return "Publish()"


articles = st.builds(
    lambda name, section, text, published, position, flags: an_article(
        id=name,
        path="",
        title=f"About {name}",
        section=section,
        text=text,
        published=None if published is None else Date(NOW + timedelta(hours=published)),
        position=position,
        withdrawn=flags == "withdrawn",
        minor=flags == "minor",
        resend=flags == "resend",
    ),
    name=st.sampled_from("abcde"),
    section=st.sampled_from(["", "Sport"]),
    text=st.sampled_from(["The mill.", "The boat.", "Both: mill and boat."]),
    published=st.none() | st.integers(-3, 6),
    position=st.integers(0, 2),
    flags=st.sampled_from(["", "", "", "withdrawn", "minor", "resend"]),
)
steps = st.lists(
    st.builds(Publish)
    | st.builds(
        Ingest,
        articles=st.lists(articles, min_size=1, max_size=4).map(tuple),
        hours=st.integers(0, 3),
    ),
    min_size=1,
    max_size=6,
)


@law(8, thorough=60, suppressed=(HealthCheck.function_scoped_fixture,))
@given(steps=steps)
def test_a_published_feed_is_what_its_articles_say(
    sqlite_tables: Path, steps: Sequence[Ingest | Publish]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = Path(shutil.copy(sqlite_tables, folder))
        asyncio.run(_live_through(store, steps))


async def _live_through(store: Path, steps: Sequence[Ingest | Publish]) -> None:
    database = Database(f"sqlite:///{store}")
    try:
        press = a_press(database, *FEEDS)
        now, before = NOW, Shelf()
        for step in (*steps, Publish()):
            if isinstance(step, Ingest):
                now += timedelta(hours=step.hours)
                await press.store.ingest(step.articles, now)
                continue
            before = await _publish(press, now, before)
    finally:
        await database.close()


async def _publish(press: Press, now: datetime, before: Shelf) -> Shelf:
    await press.store.reveal(now)
    await publish(press, now)
    after = {(one.feed, one.format): one for one in await press.shelf.documents()}
    assert {key: one.body for key, one in after.items()} == await _naively(press)
    for key, document in after.items():
        earlier = before.get(key)
        if earlier is None:
            continue
        if earlier.body == document.body:
            assert document == earlier
        else:
            assert document.etag != earlier.etag
            assert document.modified > earlier.modified
            assert document.serial > earlier.serial
    return after


async def _naively(press: Press) -> dict[tuple[str, Format], bytes]:
    entries = await press.store.arrived(0, 10**6, 10**6)
    states = await press.index.states()
    found: dict[tuple[str, Format], bytes] = {}
    for spec in press.feeds:
        chosen = [entry for entry in entries if spec.select.admits(entry.article)]
        made = render(spec, press.site, chosen, changed_at=states[spec.name].touched_at)
        found |= {(spec.name, form): one.body for form, one in made.items()}
    return found
