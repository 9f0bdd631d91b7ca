"""What is planned is what is then opened, whatever the store has seen before."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from feeds import Date, Query
from feeds.errors import StoreError
from notifier.delivery.opening import Opening
from notifier.digest.spec import Topic, Welcome
from notifier.mailing import Lookout, Onlooker, Planned, open_due, plan
from notifier.mailing.deciding import Outcome
from notifier.schedule.language import parse_schedule
from notifier.service import House
from notifier.subscriber import Choice, Declaration
from notifier.subscribing import reconcile
from notifier.tables import deliveries, editions, issues, subscribers, subscriptions
from tests.feeds.builders import an_article
from tests.laws import law
from tests.notifier.builders import a_digest, a_house, a_reader, some_settings

START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SLOT = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)  # 07:30 in Paris
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)

Row = tuple[str, str, str, tuple[str, ...]]  # reader, digest, slot, articles


async def begin(house: House, now: datetime = START) -> None:
    await reconcile(house.settings, house.places, house.store, now)


async def write(house: House, now: datetime, *names: str, **fields: object) -> None:
    made = [an_article(**({"id": n, "path": "", "title": f"On {n}"} | fields)) for n in names]
    await house.store.ingest(made, now)


async def onlookers(house: House) -> dict[str, Onlooker]:
    query = select(subscribers.c.name, subscribers.c.id, subscriptions.c.lane_id).join(
        subscriptions, subscriptions.c.subscriber_id == subscribers.c.id
    )
    found: dict[str, Onlooker] = {}
    async with house.database.read() as connection:
        for name, number, lane in await connection.execute(query):
            before = found.get(name, Onlooker(number, frozenset()))
            found[name] = Onlooker(number, before.lanes | {lane})
    return found


def rows_of(name: str, planned: list[Planned]) -> list[Row]:
    return [
        (
            name,
            one.decision.turn.spec.name,
            one.decision.turn.slot.identity,
            tuple(entry.article.id for entry in one.entries),
        )
        for one in planned
        if one.entries
    ]


async def standing(house: House) -> dict[tuple[int, int], str]:
    """The deliveries of issues that have been opened, whole."""
    columns = (deliveries.c.issue_id, deliveries.c.subscriber_id, deliveries.c.edition_id)
    query = (
        select(*columns)
        .join(issues, issues.c.id == deliveries.c.issue_id)
        .where(issues.c.state != "opening")
    )
    async with house.database.read() as connection:
        return {(i, s): e for i, s, e in await connection.execute(query)}


async def written(house: House, before: dict[tuple[int, int], str]) -> list[Row]:
    """The deliveries that there are now and were not `before`."""
    query = (
        select(
            deliveries.c.issue_id,
            deliveries.c.subscriber_id,
            subscribers.c.name,
            issues.c.digest,
            issues.c.slot,
            editions.c.articles,
        )
        .join(issues, issues.c.id == deliveries.c.issue_id)
        .join(subscribers, subscribers.c.id == deliveries.c.subscriber_id)
        .join(editions, editions.c.id == deliveries.c.edition_id)
        .where(deliveries.c.state != "skipped")
    )
    async with house.database.read() as connection:
        return [
            (name, digest, slot, tuple(articles))
            for issue, who, name, digest, slot, articles in await connection.execute(query)
            if (issue, who) not in before
        ]


def told_of(one: Planned) -> tuple[int, str, str, str, int, int, str]:
    turn, decision = one.decision.turn, one.decision
    where = turn.spec.name, turn.slot.identity, turn.lane.key.timezone
    return turn.lane.id, *where, decision.readers, decision.articles, decision.reason


async def check(
    house: House, now: datetime, at: datetime | None = None, lookout: Lookout | None = None
) -> list[Row]:
    """Plan for `now`, open, and see that both come to the same; return what it was."""
    then, lookout = at or now, lookout or house.lookout()
    told = await plan(lookout, now, then)
    each = {
        who: await plan(lookout, now, then, one) for who, one in (await onlookers(house)).items()
    }
    assert {told_of(one) for some in each.values() for one in some} <= set(map(told_of, told))
    before = await standing(house)
    opened = await open_due(lookout.desk, now, at)
    rows = await written(house, before)
    assert Counter(row for who, one in each.items() for row in rows_of(who, one)) == Counter(rows)
    assert Counter(told_of(one)[1:] for one in told) == Counter(
        (o.digest, o.slot, o.timezone, o.readers, o.articles, o.reason) for o in opened
    )
    return rows


DIGESTS = (
    a_digest(
        "morning",
        topics={"sport": Topic(name="sport", title="Sport", select=Query(tags=("sport",)))},
    ),
    a_digest(
        "brief",
        select=Query(tags=("town", "sport")),
        schedule=parse_schedule("every hour"),
        minimum=2,
        longest_wait=4 * HOUR,
    ),
    a_digest(
        "late",
        select=Query(tags=("town",)),
        schedule=parse_schedule("every day at 07:30 and 09:00"),
        timezone="Europe/Paris",
        fuse=3,
    ),
    a_digest(
        "alert", select=Query(tags=("sport",)), schedule=parse_schedule("at once"), limit=2, fuse=4
    ),
)
SCHEDULES = (None, parse_schedule("every day at 08:00"), parse_schedule("every hour"))

choices = st.builds(
    lambda topics, schedule: Choice(topics=topics, schedule=schedule),
    st.sampled_from([(), ("sport",)]),
    st.sampled_from(SCHEDULES),
)
wanted = st.fixed_dictionaries(
    {},
    optional={
        "morning": choices,
        "brief": st.just(Choice()),
        "late": st.just(Choice()),
        "alert": st.just(Choice()),
    },
)
readers = st.lists(
    st.tuples(wanted, st.sampled_from(["Europe/Paris", "UTC"])), min_size=1, max_size=4
)
tags = st.sampled_from([(), ("town",), ("sport",), ("town", "sport")])


@dataclass(frozen=True)
class Step:
    """What happens before the next look: articles, some of them to come, and a round or not."""

    minutes: int
    articles: list[tuple[tuple[str, ...], int]]
    round_: str
    sent: str
    change: list[tuple[dict[str, Choice], str]] | None
    paused: int | None


steps = st.lists(
    st.builds(
        Step,
        st.sampled_from([1, 30, 90, 60 * 5, 60 * 19, 60 * 30, 60 * 60]),
        st.lists(st.tuples(tags, st.sampled_from([0, 0, 0, 20, 600])), max_size=5),
        st.sampled_from(["none", "opened", "opened", "broken"]),
        st.sampled_from(["queued", "accepted", "accepted", "failed"]),
        st.one_of(st.none(), st.none(), readers),
        st.one_of(st.none(), st.integers(0, 3)),
    ),
    min_size=1,
    max_size=5,
)


class Broken(Opening):
    """An opening that never gets to its end."""

    async def _flip(self, numbers: object, now: object) -> set[int]:
        raise StoreError("the store is gone")


def declared(who: list[tuple[dict[str, Choice], str]]) -> tuple[Declaration, ...]:
    return tuple(
        Declaration(email=f"r{n}@readers.example", name=f"r{n}", timezone=zone, digests=digests)
        for n, (digests, zone) in enumerate(who)
    )


async def live(house: House, step: Step, number: int, now: datetime) -> House:
    """Let a step pass."""
    for place, (tagged, ahead) in enumerate(step.articles):
        date = Date(now + ahead * MINUTE) if ahead else Date(now - HOUR)
        await write(house, now, f"a{number}.{place}", tags=tagged, published=date)
    if step.change is not None:
        settings = replace(house.settings, subscribers=declared(step.change))
        house = replace(house, settings=settings)
        await begin(house, now)
    if step.paused is not None:
        async with house.database.write() as connection:
            name = f"r{step.paused}"
            who = select(subscribers.c.id).where(subscribers.c.name == name)
            mine = subscriptions.c.subscriber_id.in_(who)
            paused = update(subscriptions).where(mine)
            await connection.execute(paused.values(paused_until=now + 5 * HOUR))
    return house


async def settle(house: House, state: str) -> None:
    async with house.database.write() as connection:
        open_ = select(issues.c.id).where(issues.c.state == "open")
        mine = (deliveries.c.issue_id.in_(open_), deliveries.c.state == "queued")
        await connection.execute(update(deliveries).where(*mine).values(state=state))


async def history(
    url: str, folder: Path, first: list[tuple[dict[str, Choice], str]], steps: list[Step]
) -> None:
    settings = some_settings(url, folder, digests=DIGESTS, subscribers=declared(first))
    async with a_house(settings, START) as opened:
        house = opened
        await begin(house)
        now, lookout = START, house.lookout()
        for number, step in enumerate(steps):
            house = await live(house, step, number, now)
            now += step.minutes * MINUTE
            if step.round_ == "broken":
                desk = replace(lookout.desk, opening=Broken(house.database))
                try:
                    await open_due(desk, now)
                except StoreError:
                    now += MINUTE
            elif step.round_ == "opened":
                await check(house, now, lookout=lookout)
                await settle(house, step.sent)
        await check(house, now + MINUTE, now - 20 * MINUTE, lookout)
        await check(house, now + 2 * MINUTE, now + 3 * HOUR, lookout)  # a time that is to come
        await check(house, now + 10 * HOUR, lookout=lookout)


@pytest.mark.slow
@settings(
    law(4, thorough=20, suppressed=(HealthCheck.too_slow, HealthCheck.function_scoped_fixture)),
    phases=[Phase.generate],  # to make an example smaller takes minutes
)
@given(readers, steps)
def test_what_is_planned_is_what_is_opened(
    sqlite_tables: Path, first: list[tuple[dict[str, Choice], str]], steps: list[Step]
) -> None:
    with tempfile.TemporaryDirectory(dir=sqlite_tables.parent) as name:
        folder = Path(name)
        shutil.copy(sqlite_tables, folder / "store.db")
        asyncio.run(history(f"sqlite:///{folder / 'store.db'}", folder, first, steps))


ALERTED = ({"alert": Choice()}, "UTC")


async def broken_off(house: House, now: datetime) -> None:
    """Have something for everybody, and an opening that has all of its rows and is not done."""
    await begin(house)
    await write(house, START, "a", "b", tags=("sport",), published=Date(START - HOUR))
    with pytest.raises(StoreError):
        await open_due(replace(house.desk(), opening=Broken(house.database)), now)


async def test_who_moves_while_an_opening_is_broken_off_gets_what_their_new_lane_does(
    store_url: str, tmp_path: Path
) -> None:
    before, after = (
        declared([ALERTED] * 2),
        declared([({"alert": Choice()}, "Asia/Tokyo"), ALERTED]),
    )
    settings = some_settings(store_url, tmp_path, digests=DIGESTS, subscribers=before)
    async with a_house(settings, START) as house:
        now = START + 30 * MINUTE
        await broken_off(house, now)
        moved = replace(house, settings=replace(house.settings, subscribers=after))
        await begin(moved, now)
        rows = await check(moved, now + MINUTE)
        assert Counter(name for name, *_ in rows) == {"r0": 2, "r1": 2}


async def test_who_pauses_while_an_opening_is_broken_off_gets_it_later(
    store_url: str, tmp_path: Path
) -> None:
    both = declared([ALERTED] * 2)
    settings = some_settings(store_url, tmp_path, digests=DIGESTS, subscribers=both)
    async with a_house(settings, START) as house:
        now = START + 30 * MINUTE
        await broken_off(house, now)
        await live(house, Step(0, [], "none", "queued", None, 0), 1, now)
        rows = await check(house, now + MINUTE)
        assert Counter(name for name, *_ in rows) == {"r1": 2}
        rows = await check(house, now + 6 * HOUR)
        assert [(name, len(articles)) for name, _, _, articles in rows] == [("r0", 2)]


async def test_what_is_withdrawn_while_an_opening_is_broken_off_is_not_in_it(
    store_url: str, tmp_path: Path
) -> None:
    spec = a_digest("hourly", schedule=parse_schedule("every hour"))
    reader = a_reader("r0@readers.example", "hourly", name="r0")
    settings = some_settings(store_url, tmp_path, digests=(spec,), subscribers=(reader,))
    async with a_house(settings, START) as house:
        now = START + HOUR
        await broken_off(house, now)
        await house.store.ingest([an_article(id="a", path="", withdrawn=True)], now)
        [(_, _, _, articles)] = await check(house, now + MINUTE)
        assert len(articles) == 1


async def test_the_next_slot_of_each_lane_counts_what_was_planned_before(
    sqlite_tables: Path, tmp_path: Path
) -> None:
    shutil.copy(sqlite_tables, tmp_path / "store.db")
    early = a_digest("early", schedule=parse_schedule("every day at 07:00"))
    reader = a_reader("first@readers.example", "morning", "early", name="r0")
    settings = some_settings(
        f"sqlite:///{tmp_path / 'store.db'}",
        tmp_path,
        digests=(a_digest(), early),
        subscribers=(reader, a_reader("second@readers.example", "morning", name="r1")),
    )
    async with a_house(settings, START) as house:
        await begin(house)
        await write(house, START, "a", "b")
        told = await plan(house.lookout(), START)
        assert [(s.decision.turn.spec.name, s.decision.readers) for s in told] == [
            ("early", 1),
            ("morning", 1),
        ]
        who = (await onlookers(house))["r0"]
        both = await plan(house.lookout(), START, onlooker=who)
        assert [len(s.entries) for s in both] == [2, 0]
        assert both[1].decision.outcome is Outcome.OPENS  # for others


async def test_openings_that_were_broken_off_together_are_taken_up_together(
    sqlite_tables: Path, tmp_path: Path
) -> None:
    shutil.copy(sqlite_tables, tmp_path / "store.db")
    zones = ("Europe/Paris", "Europe/Berlin", "Europe/Rome")
    settings = some_settings(
        f"sqlite:///{tmp_path / 'store.db'}",
        tmp_path,
        subscribers=tuple(
            a_reader(f"r{n}@readers.example", name=f"r{n}", timezone=zone)
            for n, zone in enumerate(zones)
        ),
    )
    async with a_house(settings, START) as house:
        await begin(house)
        await write(house, START, "a")
        with pytest.raises(StoreError):
            await open_due(replace(house.desk(), opening=Broken(house.database)), SLOT)
        rows = await check(house, SLOT + MINUTE)
        assert {name for name, *_ in rows} == {"r0", "r1", "r2"}


async def test_who_comes_after_an_article_is_not_planned_for_it_when_another_came_before(
    store_url: str, tmp_path: Path
) -> None:
    alert = a_digest("alert", schedule=parse_schedule("at once"), welcome=Welcome.NONE)
    first, second = (a_reader(f"r{n}@readers.example", "alert", name=f"r{n}") for n in (0, 1))
    settings = some_settings(store_url, tmp_path, digests=(alert,), subscribers=(first,))
    async with a_house(settings, START) as house:
        await begin(house)
        await write(house, START + MINUTE, "a", "b")
        grown = replace(house, settings=replace(settings, subscribers=(first, second)))
        await begin(grown, START + 2 * MINUTE)
        rows = await check(grown, START + 9 * MINUTE)
        assert [row[:3] for row in rows] == [("r0", "alert", f"arrival:{n}") for n in (1, 2)]


async def test_what_others_get_before_tells_what_is_usual_for_an_onlooker_too(
    sqlite_tables: Path, tmp_path: Path
) -> None:
    shutil.copy(sqlite_tables, tmp_path / "store.db")
    sport = Topic(name="sport", title="Sport", select=Query(tags=("sport",)))
    spec = a_digest("morning", maximum=1, topics={"sport": sport})
    early = Declaration(
        email="r0@readers.example",
        name="r0",
        timezone="Asia/Tokyo",
        digests={"morning": Choice(topics=("sport",))},
    )
    late = a_reader("r1@readers.example", "morning", name="r1", timezone="Europe/Paris")
    url = f"sqlite:///{tmp_path / 'store.db'}"
    settings = some_settings(url, tmp_path, digests=(spec,), subscribers=(early, late))
    async with a_house(settings, START) as house:
        await begin(house)
        await write(house, START, *"abcde", tags=("sport",))
        await write(house, START, *"fghijklmno")
        who = (await onlookers(house))["r1"]
        told = await plan(house.lookout(), START, onlooker=who)
        assert [(one.decision.outcome, len(one.entries)) for one in told] == [(Outcome.OPENS, 15)]
        alone = replace(house, settings=replace(settings, subscribers=(late,)))
        await begin(alone, START)
        told = await plan(alone.lookout(), START, onlooker=who)
        assert [one.decision.outcome for one in told] == [Outcome.HELD]


async def test_a_subject_with_a_date_is_told_with_that_of_each_zone(
    sqlite_tables: Path, tmp_path: Path
) -> None:
    shutil.copy(sqlite_tables, tmp_path / "store.db")
    zones = ("Asia/Tokyo", "Pacific/Honolulu")
    daily = parse_schedule("every day at 07:30")
    spec = a_digest("dated", schedule=daily, timezone="subscriber", subject="News of {{ date }}")
    settings = some_settings(
        f"sqlite:///{tmp_path / 'store.db'}",
        tmp_path,
        digests=(spec, replace(spec, name="plain", subject="{{ articles[0].title }}")),
        subscribers=tuple(
            a_reader(f"r{n}@readers.example", "dated", "plain", name=f"r{n}", timezone=zone)
            for n, zone in enumerate(zones)
        ),
    )
    async with a_house(settings, START) as house:
        await begin(house)
        await write(house, START, "a")
        told = await plan(house.lookout(), START + HOUR)
    words = [one.decision.issue.words for one in told if one.decision.issue]
    subjects = Counter(edition.subject for some in words for edition in some.values())
    assert subjects["News of Monday, November 23, 2026"] == 2  # in Tokyo, and for the web
    assert subjects["News of Sunday, November 22, 2026"] == 1
