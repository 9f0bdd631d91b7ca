"""The article store keeps identities, revisions, arrivals and changes, on both databases."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from feeds import Article, Date, SourceFeed
from feeds.kit.database import Database
from feeds.revision import Outcome
from feeds.store import ArticleStore, FileMemory
from feeds.store.files import SeenFile
from tests.conftest import NOW
from tests.feeds.builders import an_article as an_article_with


def an_article(**fields: object) -> Article:
    """An undated article that stands in no folder, so that its id or text tells who it is."""
    given = {"path": "", "published": None, "title": ""} | fields
    return an_article_with(**given)


TEASER = (
    "The county council has agreed to rebuild the old paper mill beside the river, and the first"
)
FULL = f"{TEASER} spade of earth was turned on Monday.\n\nWork goes on until spring."


@pytest.fixture
def store(database: Database) -> ArticleStore:
    return ArticleStore(database)


async def outcomes(store: ArticleStore, *articles: Article, now: datetime = NOW) -> list[Outcome]:
    return [ingested.outcome for ingested in await store.ingest(articles, now)]


async def test_the_same_document_again_is_unchanged(store: ArticleStore) -> None:
    assert await outcomes(store, an_article()) == [Outcome.NEW]
    before = await store.marks()
    assert await outcomes(store, an_article()) == [Outcome.UNCHANGED]
    assert await store.marks() == before


async def test_what_is_read_is_what_was_stored(store: ArticleStore) -> None:
    article = an_article(id="https://news.example.org/1", tags=("a", "b"), section="Culture")
    await store.ingest([article], NOW)
    [entry] = await store.entries([article.id])
    assert entry.article == article
    assert (entry.revision, entry.arrival, entry.change) == (1, 1, 1)
    assert entry.arrived_at == entry.changed_at == NOW


async def test_the_feed_an_article_was_taken_from_is_kept_and_its_date_alone_is_no_change(
    store: ArticleStore,
) -> None:
    source = SourceFeed(url="https://hill.example/feed", title="Hill", id="urn:x:f", updated=NOW)
    taken = an_article(id="x", source_feed=source)
    await store.ingest([taken], NOW)
    [entry] = await store.entries([taken.id])
    assert entry.article.source_feed == source
    again = an_article(id="x", source_feed=replace(source, updated=NOW + timedelta(days=1)))
    other = an_article(id="x", source_feed=replace(source, title="Hill and Dale"))
    assert await outcomes(store, again, other) == [Outcome.UNCHANGED, Outcome.CHANGED]


async def test_an_edit_is_a_new_revision_with_the_same_id_and_no_new_arrival(
    store: ArticleStore,
) -> None:
    await store.ingest([an_article(id="x", text="Before.")], NOW)
    later = NOW + timedelta(hours=1)
    assert await outcomes(store, an_article(id="x", text="After."), now=later) == [Outcome.CHANGED]
    [entry] = await store.arrived(0, 99, 10)
    assert (entry.revision, entry.arrival, entry.change) == (2, 1, 2)
    assert entry.article.text == "After."
    assert entry.updated == later


async def test_a_minor_edit_does_not_move_the_date_of_update(store: ArticleStore) -> None:
    await store.ingest([an_article(id="x", text="Befroe.")], NOW)
    edited = an_article(id="x", text="Before.", minor=True)
    await store.ingest([edited], NOW + timedelta(hours=1))
    [entry] = await store.entries([edited.id])
    assert (entry.revision, entry.revised_at) == (2, NOW)


async def test_a_withdrawn_article_stays_known_and_can_be_published_again(
    store: ArticleStore,
) -> None:
    article = an_article(id="x", text="Here.")
    await store.ingest([article], NOW)
    gone = an_article(id="x", text="", title="Here", withdrawn=True)
    assert await outcomes(store, gone, gone) == [Outcome.WITHDRAWN, Outcome.UNCHANGED]
    assert await store.arrived(0, 99, 10) == []
    [entry] = await store.entries([article.id])
    assert entry.withdrawn_at == NOW
    assert entry.article.text == "Here."
    assert await outcomes(store, article) == [Outcome.CHANGED]
    [entry] = await store.arrived(0, 99, 10)
    assert entry.arrival == 1


async def test_an_article_dated_in_the_future_becomes_visible_at_its_time(
    store: ArticleStore,
) -> None:
    then = NOW + timedelta(hours=2)
    await store.ingest([an_article(id="x", published=Date(then)), an_article(id="y")], NOW)
    assert (await store.counts()).embargoed == 1
    assert [entry.arrival for entry in await store.changed(0, 10)] == [None, 1]
    assert await store.reveal(then - timedelta(microseconds=1)) == 0
    assert await store.reveal(then + timedelta(seconds=3)) == 1
    entries = await store.arrived(0, 99, 10)
    assert [entry.article.key for entry in entries] == ["id:y", "id:x"]
    assert entries[1].arrived_at == then
    assert await store.reveal(then + timedelta(seconds=9)) == 0


async def test_resend_makes_one_new_arrival(store: ArticleStore) -> None:
    await store.ingest([an_article(id="x", text="One."), an_article(id="y")], NOW)
    again = an_article(id="x", text="Two.", resend=True)
    await store.ingest([again], NOW)
    await store.ingest([again], NOW)
    assert [entry.arrival for entry in await store.arrived(0, 99, 10)] == [2, 3]


async def test_what_is_sealed_stays_final(store: ArticleStore) -> None:
    """A clock that was set back, or an article that comes late, never enters a sealed window."""
    await store.ingest([an_article(id="x")], NOW)
    slot = NOW + timedelta(minutes=30)
    assert await store.seal(slot, slot + timedelta(seconds=1)) == 1
    await store.ingest([an_article(id="y")], NOW + timedelta(minutes=1))
    assert await store.seal(slot, slot + timedelta(hours=1)) == 1
    assert await store.arrival_at(slot) == 1
    [late] = await store.arrived(1, 99, 10)
    assert late.arrived_at is not None
    assert late.arrived_at > slot


async def test_an_embargo_that_ends_at_the_slot_is_in_the_issue(store: ArticleStore) -> None:
    await store.ingest([an_article(id="x", published=Date(NOW + timedelta(minutes=5)))], NOW)
    slot = NOW + timedelta(minutes=5)
    assert await store.seal(slot, slot + timedelta(seconds=1)) == 1


async def test_a_day_without_a_time_is_out_when_it_begins_where_it_was_written(
    store: ArticleStore,
) -> None:
    there = NOW + timedelta(hours=5)
    day = Date(NOW - timedelta(minutes=1), day_only=True, begins=there)
    await store.ingest([an_article(id="x", published=day)], NOW)
    [waiting] = await store.entries([an_article(id="x").id])
    assert waiting.article.published is not None
    assert waiting.article.published.due == there
    assert await store.reveal(there - timedelta(seconds=1)) == 0
    assert await store.reveal(there) == 1


class TestTeasers:
    def teaser(self, text: str = TEASER, publication: str = "River Times") -> Article:
        return an_article(text=text, publication=publication, excerpt=True, published=Date(NOW))

    async def test_a_teaser_becomes_its_article(self, store: ArticleStore) -> None:
        await store.ingest([self.teaser()], NOW)
        full = an_article(id="https://news.example.org/mill", text=FULL, publication="River Times")
        assert await outcomes(store, full) == [Outcome.CHANGED]
        [entry] = await store.arrived(0, 99, 10)
        assert entry.article.id == self.teaser().id
        assert (entry.revision, entry.arrival) == (2, 1)
        assert entry.article.text == FULL
        assert entry.article.published == Date(NOW)
        assert not entry.article.excerpt

    async def test_the_full_article_again_is_unchanged_and_so_is_the_teaser(
        self, store: ArticleStore
    ) -> None:
        full = an_article(id="mill", text=FULL, publication="River Times")
        await store.ingest([self.teaser(), full], NOW)
        assert await outcomes(store, self.teaser(), full) == [Outcome.UNCHANGED] * 2

    async def test_a_teaser_of_a_known_article_is_nothing_new(self, store: ArticleStore) -> None:
        await store.ingest([an_article(id="m", text=FULL, publication="River Times")], NOW)
        assert await outcomes(store, self.teaser()) == [Outcome.UNCHANGED]

    async def test_another_publication_has_a_story_of_its_own(self, store: ArticleStore) -> None:
        await store.ingest([self.teaser()], NOW)
        other = an_article(id="m", text=FULL, publication="Hill Gazette")
        assert await outcomes(store, other) == [Outcome.NEW]

    async def test_a_slip_in_a_word_does_not_make_another_story(self, store: ArticleStore) -> None:
        await store.ingest([self.teaser()], NOW)
        slipped = FULL.replace("beside the river", "besides the river")
        full = an_article(id="m", text=slipped, publication="River Times")
        assert await outcomes(store, full) == [Outcome.CHANGED]

    async def test_the_same_excerpt_cut_elsewhere_is_nothing_new(self, store: ArticleStore) -> None:
        await store.ingest([self.teaser()], NOW)
        assert await outcomes(store, self.teaser(TEASER[:70])) == [Outcome.UNCHANGED]


class TestDuplicates:
    async def test_another_file_with_the_same_id_is_refused(self, store: ArticleStore) -> None:
        first = replace(an_article(id="x", text="One."), origin="one.md")
        second = replace(an_article(id="x", text="Two."), origin="two.md")
        [_, refused] = await store.ingest([first, second], NOW)
        assert refused.outcome is Outcome.REFUSED
        assert "one.md" in refused.reason
        [entry] = await store.arrived(0, 99, 10)
        assert entry.article.text == "One."

    async def test_a_renamed_file_keeps_its_article(
        self, store: ArticleStore, database: Database
    ) -> None:
        memory = FileMemory(database)
        first = replace(an_article(id="x", text="One."), origin="one.md")
        await store.ingest([first], NOW)
        await memory.remember(first.source, [SeenFile("one.md", 1, 1, 1)])
        second = replace(an_article(id="x", text="Two."), origin="two.md")
        assert await outcomes(store, second) == [Outcome.REFUSED]
        await memory.forget(first.source, ["one.md"])
        assert await outcomes(store, second) == [Outcome.CHANGED]

    async def test_the_same_iri_from_another_source_is_the_same_article(
        self, store: ArticleStore
    ) -> None:
        here = an_article(id="https://news.example.org/1", text="One.")
        await store.ingest([here], NOW)
        there = replace(here, source="elsewhere", id="", text="Two.", fingerprint="")
        assert await outcomes(store, there) == [Outcome.CHANGED]
        assert (await store.counts()).visible == 1


async def test_arrivals_are_numbered_in_commit_order_with_concurrent_writers(
    store_url: str,
) -> None:
    """Whoever sees arrival n sees every arrival below it, at any moment, from outside."""
    writers = [Database(store_url) for _ in range(3)]
    watcher = Database(store_url)
    gaps: list[list[int]] = []
    done = asyncio.Event()

    async def write(number: int) -> None:
        store = ArticleStore(writers[number])
        for turn in range(8):
            batch = [an_article(id=f"{number}-{turn}-{part}") for part in range(3)]
            await store.ingest(batch, NOW)

    async def watch() -> None:
        store = ArticleStore(watcher)
        while not done.is_set():
            seen = [entry.arrival or 0 for entry in await store.arrived(0, 10**6, 10**6)]
            if seen != list(range(1, len(seen) + 1)):
                gaps.append(seen)
            await asyncio.sleep(0)

    watching = asyncio.create_task(watch())
    await asyncio.gather(*(write(number) for number in range(len(writers))))
    done.set()
    await watching
    assert gaps == []
    assert (await ArticleStore(watcher).marks()).arrival == 3 * 8 * 3
    for database in (*writers, watcher):
        await database.close()
