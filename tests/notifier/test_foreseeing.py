"""What is planned for readers who were not taken in yet is what is opened once they are."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import MetaData, insert, select, text

from feeds import Query
from feeds.errors import StoreError
from feeds.kit.database import Database
from feeds.kit.supposing import supposing
from notifier.digest.spec import Topic
from notifier.mailing import open_due, plan, preview
from notifier.preferences import Profile, Wish
from notifier.schedule.language import parse_schedule
from notifier.service import House
from notifier.service.foreseeing import foreseen, foreseen_for
from notifier.settings import Settings
from notifier.subscriber import Choice
from notifier.subscribing import choose, erase, is_reconciled, reconcile, reconcile_one, removal_of
from notifier.subscribing.rules import name_of_declaration
from notifier.subscribing.settled import sift
from notifier.tables import lanes, subscribers, subscriptions
from tests.feeds.builders import an_article
from tests.notifier.builders import a_digest, a_house, a_reader, some_settings

START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SLOT = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)  # 07:30 in Paris
HOUR = timedelta(hours=1)
SPORT = Topic(name="sport", title="Sport", select=Query(tags=("sport",)))
MORNING = a_digest(topics={"sport": SPORT})
NOON = a_digest("noon", schedule=parse_schedule("every day at 12:00"))


def declared(store_url: str, folder: Path) -> Settings:
    """Readers in several lanes of two digests."""
    readers = (
        a_reader("first@readers.example", "morning", "noon"),
        a_reader("second@readers.example", timezone="Asia/Tokyo"),
        a_reader("third@readers.example", digests={"morning": Choice(topics=("sport",))}),
        *(a_reader(f"r{number}@readers.example", "noon") for number in range(20)),
    )
    return some_settings(store_url, folder, digests=(MORNING, NOON), subscribers=readers)


def edited(settings: Settings) -> Settings:
    """Somebody comes, somebody goes, somebody moves; one digest keeps another zone."""
    first, second, _, *others = settings.subscribers
    return replace(
        settings,
        digests=(MORNING, replace(NOON, timezone="America/New_York")),
        subscribers=(
            replace(first, timezone="America/Santiago"),
            second,
            a_reader("new@readers.example", "morning", "noon"),
            *others,
        ),
    )


async def write(house: House, now: datetime, *names: str, **fields: Any) -> None:
    made = [an_article(id=n, path="", title=f"On {n}", **fields) for n in names]
    await house.store.ingest(made, now)


async def contents(database: Database) -> dict[str, list[str]]:
    """Every row of every table of the store, and on PostgreSQL how far its counters are."""
    found: dict[str, list[str]] = {}
    async with database.read() as connection:
        tables = MetaData()
        await connection.run_sync(tables.reflect)
        for table in tables.sorted_tables:
            rows = await connection.execute(select(*table.columns))
            found[table.name] = sorted(map(repr, rows))
        if not database.is_sqlite:
            counters = await connection.execute(text("SELECT * FROM pg_sequences"))
            found["counters"] = sorted(map(repr, counters))
    return found


async def check(house: House, at: datetime, now: datetime) -> None:
    """See that what is planned before a reconciling is what is opened after it."""
    before = await contents(house.database)
    async with foreseen(house, now) as (lookout, removal):
        planned = await plan(lookout, now, at)
    assert await contents(house.database) == before
    assert removal == await removal_of(house.settings, house.places)
    removing = not removal.needs_a_word
    await reconcile(house.settings, house.places, house.store, now, removing=removing)
    opened = await open_due(house.desk(), now, at)
    assert opened
    assert Counter(
        (
            one.decision.turn.spec.name,
            one.decision.turn.slot.identity,
            one.decision.turn.lane.key.timezone,
            one.decision.readers,
            one.decision.articles,
            one.decision.reason,
        )
        for one in planned
    ) == Counter((o.digest, o.slot, o.timezone, o.readers, o.articles, o.reason) for o in opened)


async def test_readers_whom_the_store_does_not_know_are_in_the_plan(
    store_url: str, tmp_path: Path
) -> None:
    async with a_house(declared(store_url, tmp_path), START) as house:
        await write(house, START, "bridge", "weir", tags=("sport",))
        await write(house, START, "ferry")
        await check(house, START + 24 * HOUR, START)


async def test_an_edit_that_was_not_taken_up_is_in_the_plan(store_url: str, tmp_path: Path) -> None:
    settings = declared(store_url, tmp_path)
    async with a_house(settings, START) as house:
        await write(house, START, "bridge", tags=("sport",))
        await check(house, START + 24 * HOUR, START)
    async with a_house(edited(settings), START) as house:
        await write(house, SLOT, "weir", tags=("sport",))
        await check(house, SLOT + 36 * HOUR, SLOT + 24 * HOUR)


async def test_a_removal_that_needs_a_word_is_not_in_the_plan(
    sqlite: Database, tmp_path: Path
) -> None:
    settings = declared(f"sqlite:///{sqlite.path}", tmp_path)
    async with a_house(settings, START) as house:
        await reconcile(house.settings, house.places, house.store, START)
    async with a_house(replace(settings, subscribers=settings.subscribers[:3]), START) as house:
        await write(house, START, "bridge")
        async with foreseen(house, START) as (lookout, removal):
            planned = await plan(lookout, START, START + 24 * HOUR)
        assert removal.needs_a_word
        assert sum(one.decision.readers for one in planned) >= 20
        await check(house, START + 24 * HOUR, START)


async def test_one_reader_who_was_not_taken_in_is_looked_at_as_if_they_were(
    store_url: str, tmp_path: Path
) -> None:
    async with a_house(declared(store_url, tmp_path), START) as house:
        await write(house, START, "bridge", tags=("sport",))
        before = await contents(house.database)
        async with foreseen_for(house, "third@readers.example", START) as lookout:
            reader = await lookout.traces.reader("third@readers.example")
            assert reader is not None
            [taken] = await lookout.traces.taken(reader.id)
            shown = await preview(lookout, "morning", START, SLOT, (reader, taken))
            assert shown.recipient == "third@readers.example"
            assert shown.articles
            assert await lookout.traces.reader("first@readers.example") is None
        assert await contents(house.database) == before


_NAME = """
from pathlib import Path
from tests.notifier.test_foreseeing import declared
from notifier.subscribing.rules import name_of_declaration
print(name_of_declaration(declared("sqlite:///store.db", Path("folder"))))
"""

CHANGES: list[dict[str, Any]] = [
    {"name": "First"},
    {"email": "First@Readers.example"},
    {"timezone": "Asia/Tokyo"},
    {"language": "de"},
    {"digests": {"morning": Choice(topics=("sport",)), "noon": Choice()}},
    {"digests": {"morning": Choice(pause_until=date(2027, 1, 1))}},
    {"digests": {}},
]


async def test_any_edit_that_matters_is_seen_and_nothing_else(
    store_url: str, tmp_path: Path
) -> None:
    settings = declared(store_url, tmp_path)
    first, *others = settings.subscribers
    readers = [others, [*settings.subscribers, a_reader("new@readers.example")]]
    readers += [[replace(first, **change), *others] for change in CHANGES]
    edits = [replace(settings, subscribers=tuple(some)) for some in readers]
    edits.append(replace(settings, digests=(MORNING, replace(NOON, timezone="Asia/Tokyo"))))
    edits.append(replace(settings, digests=(MORNING, NOON, a_digest("evening"))))
    same = replace(settings, subscribers=(*reversed(settings.subscribers),))
    async with a_house(settings, START) as house:
        places, store = house.places, house.store
        assert not await is_reconciled(settings, places, store, START)
        await reconcile(settings, places, store, START)
        sifted = await sift(settings, places)
        assert sifted.settled == {one.email for one in settings.subscribers}
        assert sifted.others == ()
        assert await is_reconciled(settings, places, store, START + HOUR)
        assert await is_reconciled(same, places, store, START + HOUR)
        for edit in edits:
            assert not await is_reconciled(edit, places, store, START)
        assert (await sift(edits[0], places)).others == (first.email,)


async def is_known(house: House, settings: Settings) -> bool:
    return await house.places.followed() == name_of_declaration(settings)


async def test_an_unchanged_declaration_is_known_until_anything_of_it_changes(
    store_url: str, tmp_path: Path
) -> None:
    settings = declared(store_url, tmp_path)
    async with a_house(settings, START) as house:
        assert not await is_known(house, settings)
        await reconcile(settings, house.places, house.store, START)
        assert await is_known(house, settings)
        assert await is_reconciled(settings, house.places, house.store, START)
        for change in CHANGES:
            first, *others = settings.subscribers
            other = replace(settings, subscribers=(replace(first, **change), *others))
            assert not await is_known(house, other)
        assert not await is_known(house, replace(settings, digests=(NOON,)))
        assert not await is_known(house, replace(settings, subscribers=settings.subscribers[1:]))


async def test_who_writes_readers_by_other_rules_makes_the_store_look_again(
    store_url: str, tmp_path: Path
) -> None:
    settings, wish = declared(store_url, tmp_path), Wish(profile=Profile(language="de"))
    later = replace(settings, digests=(MORNING, replace(NOON, timezone="America/New_York")))
    async with a_house(settings, START) as house:
        whose = (house.places, house.store)
        await reconcile(later, *whose, START)
        await choose(later, *whose, ("first@readers.example", wish), START)
        assert await is_known(house, later)  # by the same rules
        await choose(settings, *whose, ("r0@readers.example", wish), START)
        assert not await is_known(house, later)
        assert not await is_reconciled(later, *whose, START)
        await reconcile(later, *whose, START)
        assert await is_known(house, later)
        await reconcile_one(settings, *whose, "first@readers.example", START)
        assert not await is_reconciled(later, *whose, START)


async def test_a_turn_that_another_one_came_between_ends_unknown(
    store_url: str, tmp_path: Path
) -> None:
    settings = declared(store_url, tmp_path)
    async with a_house(settings, START) as house:
        first = await house.places.begin("rules")
        second = await house.places.begin("rules")
        await house.places.end(first, "of the first")
        assert not await house.places.followed()
        await house.places.end(second, "of the second")
        assert await house.places.followed() == "of the second"


async def test_readers_whose_removal_waits_are_not_taken_as_reconciled(
    store_url: str, tmp_path: Path
) -> None:
    settings = declared(store_url, tmp_path)
    fewer = replace(settings, subscribers=settings.subscribers[:3])
    async with a_house(settings, START) as house:
        await reconcile(settings, house.places, house.store, START)
        await reconcile(fewer, house.places, house.store, START, removing=False)
        assert not await is_known(house, fewer)
        assert (await removal_of(fewer, house.places)).needs_a_word


async def test_who_is_erased_is_taken_in_again_where_they_are_declared(
    store_url: str, tmp_path: Path
) -> None:
    settings = declared(store_url, tmp_path)
    async with a_house(settings, START) as house:
        await reconcile(settings, house.places, house.store, START)
        gone = replace(settings, subscribers=settings.subscribers[1:])
        assert not await erase(gone, house.roster, "first@readers.example", START)
        assert not await is_reconciled(settings, house.places, house.store, START)


@pytest.mark.slow
def test_the_name_of_a_declaration_is_the_same_in_every_process() -> None:
    names = {
        subprocess.run(  # noqa: S603 - our own words
            [sys.executable, "-c", _NAME],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(names) == 1


async def test_what_is_supposed_counts_on_and_is_seen_by_nobody_else(database: Database) -> None:
    row = {"address": "a", "name": "", "generation": 1, "created_at": START, "chosen": {}}
    keys, numbers = select(subscribers.c.address_key), select(subscribers.c.id)
    async with database.write() as connection:
        await connection.execute(insert(subscribers), row | {"address_key": "standing"})
    async with supposing(database, [subscribers, lanes, subscriptions]) as supposed:
        async with supposed.write() as connection:
            await connection.execute(insert(subscribers), row | {"address_key": "supposed"})
            found = (await connection.execute(keys.order_by(subscribers.c.id))).scalars().all()
            first, second = (await connection.execute(numbers.order_by(subscribers.c.id))).scalars()
        assert found == ["standing", "supposed"]
        assert second > first
        async with database.read() as other:
            assert (await other.execute(keys)).scalars().all() == ["standing"]
        with pytest.raises(StoreError, match="nothing stays"):
            supposed.driver()
    async with database.read() as connection:
        assert (await connection.execute(keys)).scalars().all() == ["standing"]
