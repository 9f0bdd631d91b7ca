"""What is published once keeps its id; who withdraws or repeats an article says so in one word."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from feeds.kit.database import Database
from feeds.revision import Outcome
from feeds.store import ArticleStore, FileMemory, identity
from feeds.store.files import SeenFile
from tests.conftest import NOW
from tests.feeds.store.test_articles import FULL, TEASER, an_article, outcomes

IRI = "https://news.example.org/mill"


@pytest.fixture
def store(database: Database) -> ArticleStore:
    return ArticleStore(database)


async def test_an_id_that_was_published_outlives_a_document_without_one(
    store: ArticleStore,
) -> None:
    """Feed readers know the article by it: another one would be another article to them."""
    await store.ingest([an_article(id=IRI, text=TEASER, publication="T", excerpt=True)], NOW)
    [before] = await store.arrived(0, 9, 9)
    full = an_article(url="https://news.example.org/mill.html", text=FULL, publication="T")
    assert await outcomes(store, full) == [Outcome.CHANGED]
    [after] = await store.arrived(0, 9, 9)
    assert after.article.iri == before.article.iri == IRI


async def test_an_article_that_is_known_without_an_iri_keeps_the_id_it_was_published_under(
    store: ArticleStore,
) -> None:
    await store.ingest([an_article(text=TEASER, publication="T", excerpt=True)], NOW)
    [before] = await store.arrived(0, 9, 9)
    full = an_article(id=IRI, text=FULL, publication="T")
    assert await outcomes(store, full, full) == [Outcome.CHANGED, Outcome.UNCHANGED]
    elsewhere = replace(full, source="elsewhere", id="")
    assert await outcomes(store, elsewhere, full) == [Outcome.UNCHANGED] * 2
    [after] = await store.arrived(0, 9, 9)
    assert after.article.iri == before.article.iri


async def test_resend_alone_makes_one_new_arrival(store: ArticleStore) -> None:
    await store.ingest([an_article(id="x", text="Words.")], NOW)
    again = an_article(id="x", text="Words.", resend=True)
    assert await outcomes(store, again, again) == [Outcome.CHANGED, Outcome.UNCHANGED]
    [entry] = await store.arrived(0, 9, 9)
    assert entry.arrival == 2


@pytest.mark.parametrize("who", [{"url": "https://news.example.org/1"}, {"path": "one.md"}])
async def test_a_bare_notice_withdraws_what_it_names(
    store: ArticleStore, who: dict[str, str]
) -> None:
    await store.ingest([an_article(text="Words.", **who)], NOW)
    notice = an_article(text="", title="", withdrawn=True, **who)
    assert await outcomes(store, notice) == [Outcome.WITHDRAWN]
    assert (await store.counts()).withdrawn == 1


async def test_the_same_article_twice_in_one_batch_is_one(store: ArticleStore) -> None:
    one = an_article(id="x", text="One.")
    two = an_article(id="x", text="Two.")
    assert await outcomes(store, one, two, two) == [
        Outcome.NEW,
        Outcome.CHANGED,
        Outcome.UNCHANGED,
    ]
    [entry] = await store.arrived(0, 9, 9)
    assert (entry.arrival, entry.change, entry.revision) == (1, 2, 2)


async def test_a_big_batch_is_taken_in_whole(
    store: ArticleStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identity, "_CHUNK", 20)
    many = [an_article(id=f"{number}", text=f"Number {number}.") for number in range(42)]
    assert set(await outcomes(store, *many)) == {Outcome.NEW}
    assert set(await outcomes(store, *many)) == {Outcome.UNCHANGED}
    assert (await store.marks()).arrival == 42


async def test_a_slot_that_is_to_come_seals_no_more_than_the_present(store: ArticleStore) -> None:
    await store.ingest([an_article(id="x")], NOW)
    assert await store.seal(NOW + timedelta(days=3650), NOW) == 1
    later = NOW + timedelta(seconds=1)
    await store.ingest([an_article(id="y")], later)
    [entry] = await store.arrived(1, 9, 9)
    assert entry.arrived_at == entry.changed_at == later


async def test_a_file_may_have_the_largest_number_of_its_disk(database: Database) -> None:
    memory = FileMemory(database)
    file = SeenFile("one.md", 1, 1, 2**64 - 1)
    await memory.remember("paper", [file])
    assert await memory.of("paper") == {"one.md": file}


async def test_a_file_that_is_named_twice_is_remembered_once(database: Database) -> None:
    memory = FileMemory(database)
    await memory.remember("paper", [SeenFile("one.md", 1, 1, 1), SeenFile("one.md", 2, 2, 2)])
    assert await memory.of("paper") == {"one.md": SeenFile("one.md", 2, 2, 2)}
