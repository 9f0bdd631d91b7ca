"""Plan, preview, explain, test messages: they tell what is so, and leave the store as it is."""

from __future__ import annotations

import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from feeds import Date, Query
from notifier.digest.rule import Rule
from notifier.digest.spec import DigestSpec
from notifier.mailing import explain, open_due, plan, preview, rehearse, release
from notifier.mailing.deciding import Outcome
from notifier.mailing.explaining import Way
from notifier.service import House
from tests.notifier.builders import a_digest, a_house, a_reader, some_settings
from tests.notifier.mailing.test_planning import begin, write
from tests.notifier.test_mailing import send

START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SLOT = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)  # 07:30 in Paris
FIRST = "first@readers.example"


class Rules:
    """Places of digests that are in no file."""

    def __init__(self, *digests: DigestSpec) -> None:
        self._digests = {spec.name: spec for spec in digests}

    def digest(self, name: str) -> Rule:
        spec = self._digests[name]
        return Rule(kind="digest", name=name, select=spec.select, places={(): f"{name}.yaml:1"})

    def topic(self, digest: str, name: str) -> Rule:
        select = self._digests[digest].topics[name].select
        return Rule(kind="topic", name=name, select=select)


async def said(house: House, title: str, now: datetime) -> list[tuple[str, str]]:
    return [(way.answer, way.words) for way in await ways(house, title, now)]


async def ways(house: House, title: str, now: datetime) -> tuple[Way, ...]:
    lookout = house.lookout()
    [entry] = await lookout.finder.find(title, 2)
    reader = await lookout.traces.reader(FIRST)
    assert reader is not None
    rules = Rules(*house.settings.digests)
    return (await explain(lookout, rules, entry, reader, now)).ways


def bytes_of(path: Path) -> bytes:
    return path.read_bytes()


@pytest.fixture
def store(sqlite_tables: Path, tmp_path: Path) -> Path:
    shutil.copy(sqlite_tables, tmp_path / "store.db")
    return tmp_path / "store.db"


async def test_looking_changes_not_a_byte_of_the_store(store: Path, tmp_path: Path) -> None:
    settings = some_settings(f"sqlite:///{store}", tmp_path)
    async with a_house(settings, START) as house:
        await begin(house)
        await write(house, START, "a", "b")
        await write(house, START, "later", published=Date(SLOT - timedelta(hours=1)))
    before = bytes_of(store)
    async with a_house(settings, START) as house:
        lookout = house.lookout()
        [ahead] = [s for s in await plan(lookout, START) if s.decision.readers]
        assert ahead.decision.articles == 3  # as it will be at the slot
        [step] = [s for s in await plan(lookout, START, SLOT) if s.decision.readers]
        assert step.decision.articles == 2  # as `send --at` would do it now
        assert (await preview(lookout, "morning", START)).content
        assert (await rehearse(lookout, "morning", "you@example.org", START)).content
        assert [answer for answer, _ in await said(house, "On a", START)] == ["next"]
    assert bytes_of(store) == before


async def test_a_preview_is_the_message_but_for_its_number(store_url: str, tmp_path: Path) -> None:
    settings = some_settings(store_url, tmp_path)
    async with a_house(settings, START) as house:
        await begin(house)
        await write(house, START, "a", "b")
        lookout = house.lookout()
        reader = await lookout.traces.reader(FIRST)
        assert reader is not None
        [taken] = await lookout.traces.taken(reader.id)
        shown = await preview(lookout, "morning", START, None, (reader, taken))
        await open_due(house.desk(), SLOT)
        await send(house, SLOT)
    [path] = (tmp_path / "mail" / "new").iterdir()
    sent = path.read_bytes().replace(b"\r\n", b"\n").partition(b"From: ")[2]
    told = shown.content.replace(b"\r\n", b"\n").partition(b"From: ")[2]
    number = re.compile(rb"Message-ID: <\w+@")
    assert number.sub(b"", told) == number.sub(b"", sent)


async def test_a_test_message_is_marked_and_has_the_latest_where_nothing_is_new(
    store_url: str, tmp_path: Path
) -> None:
    async with a_house(some_settings(store_url, tmp_path), START) as house:
        await begin(house)
        await write(house, START, "a")
        await open_due(house.desk(), SLOT)
        later = SLOT + timedelta(hours=1)
        assert (await preview(house.lookout(), "morning", later)).reason == "no new articles"
        test = await rehearse(house.lookout(), "morning", "you@example.org", later)
    assert test.subject.startswith("[Test] ")
    assert test.content.startswith(b"X-Paperround-Test: yes\r\n")
    assert b"you@example.org" in test.content


async def test_an_explanation_follows_the_article(store_url: str, tmp_path: Path) -> None:
    sport = a_digest("sport", select=Query(tags=("sport",)))
    settings = some_settings(
        store_url,
        tmp_path,
        digests=(a_digest(), sport),
        subscribers=(a_reader(FIRST, "morning", "sport"),),
    )
    async with a_house(settings, START) as house:
        await begin(house)
        await write(house, START, "a")
        await write(house, START, "b", tags=("sport",))
        await write(house, START, "c", published=Date(SLOT + timedelta(days=9)))
        assert [answer for answer, _ in await said(house, "On a", START)] == ["next", "refused"]
        assert [answer for answer, _ in await said(house, "On b", START)] == ["next", "next"]
        assert [answer for answer, _ in await said(house, "On c", START)] == ["hidden", "refused"]
        assert [way.chance for way in await ways(house, "On c", START)] == [None, None]
        await open_due(house.desk(), SLOT)
        later = SLOT + timedelta(hours=1)
        assert [answer for answer, _ in await said(house, "On b", later)] == ["queued", "had"]
        await send(house, SLOT)
        [(answer, words), _] = await said(house, "On a", later)
        assert (answer, words) == (
            "accepted",
            "accepted in the issue 2026-11-23T07:30 Europe/Paris",
        )


async def test_what_would_be_held_is_told_and_released_by_the_operator(
    store_url: str, tmp_path: Path
) -> None:
    settings = some_settings(store_url, tmp_path, digests=(a_digest(fuse=1),))
    async with a_house(settings, START) as house:
        await begin(house)
        await write(house, START, "a", "b")
        [step] = await plan(house.lookout(), START)
        assert (step.decision.outcome, step.decision.articles) == (Outcome.HELD, 2)
        [held] = await open_due(house.desk(), SLOT)
        assert held.held
        assert "paperround send --release morning" in held.reason
        [opened] = await release(house.desk(), ["morning"], SLOT)
        assert (opened.readers, opened.articles) == (1, 2)
