"""Small builders on a real store: readers in a lane, an issue for them, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from feeds.kit.database import Database
from notifier.delivery.audience import Audience, Lane
from notifier.delivery.delivery import Chunk, Job
from notifier.delivery.edition import Edition
from notifier.delivery.enlisting import NewIssue
from notifier.delivery.groups import Group
from notifier.delivery.opening import Opening
from notifier.digest.issue import Due
from notifier.digest.lane import LaneKey
from notifier.enrolment import Enrolment, Held
from notifier.enrolment import declare as declared_as
from notifier.roster import Change, Places
from notifier.schedule.slots import Slot
from notifier.subscriber import Choice, Declaration, address_key
from notifier.tables import chunks, deliveries, issues, lanes, subscribers, subscriptions
from tests.notifier.clerk import Clerk

START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SLOT = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
EXPIRES = SLOT + timedelta(days=1)
MINUTE = timedelta(minutes=1)
LEASE = timedelta(seconds=90)
LANE = LaneKey(digest="morning", schedule="every day at 07:30", timezone="UTC", language="en")


@dataclass(frozen=True)
class Wanted:
    """A reader who is declared for `digests`, in the lanes of `zone`, from `cursor` on."""

    name: str
    cursor: int
    zone: str
    digests: tuple[str, ...]

    @property
    def declared(self) -> Declaration:
        digests = {digest: Choice() for digest in self.digests}
        return Declaration(email=f"{self.name}@readers.example", name=self.name, digests=digests)

    def change(self, before: Enrolment | None) -> Change:
        after = declared_as(before, self.declared)
        held = {digest: self._in_lane(digest, one) for digest, one in after.held.items()}
        starts = dict.fromkeys(held, self.cursor)
        return Change(before=before, after=replace(after, held=held), starts=starts)

    def _in_lane(self, digest: str, held: Held) -> Held:
        return replace(held, lane=replace(LANE, digest=digest, timezone=self.zone))


def wanted(
    name: str, *, cursor: int = 0, zone: str = "UTC", digests: tuple[str, ...] = ("morning",)
) -> Wanted:
    """Return a reader who is declared for `digests`, in the lane of `zone`."""
    return Wanted(name, cursor, zone, digests)


async def declare(database: Database, *readers: Wanted, now: datetime = START) -> None:
    """Make the declared readers these, and no others."""
    places = Places(database)
    others = {one.key async for page, _ in places.standings() for one in page}
    wishes = {address_key(one.declared.email): one for one in readers}
    standing = await places.enrolments(others | wishes.keys())
    changes = [one.change(standing.get(key)) for key, one in wishes.items()]
    for key in others - wishes.keys():
        after = declared_as(standing[key], None)
        starts = dict.fromkeys(after.held, 0)
        changes.append(Change(before=standing[key], after=after, starts=starts))
    await places.apply([one for one in changes if one.before != one.after], now)


async def the_lane(database: Database, zone: str = "UTC") -> Lane:
    """Return the lane of `zone` as it stands."""
    found = await Audience(database).lanes(["morning"])
    return next(lane for lane in found if lane.key.timezone == zone)


def an_edition(name: str = "first") -> Edition:
    """Return an edition that says nothing, under the name `name`."""
    return Edition(
        id=name,
        digest="morning",
        language="en",
        subject="News",
        articles=("a",),
        arrivals=(1,),
        shown=1,
        frozen=b"",
    )


async def groups_of(database: Database, lane: Lane, now: datetime = SLOT) -> list[Group]:
    """Return the readers of `lane` by place, as if nobody had had anything."""
    return [Group(*place) for place in await Audience(database).places(lane, now)]


async def an_issue(database: Database, lane: Lane | None = None, **fields: Any) -> NewIssue:
    """Return an issue for every reader of `lane`; `fields` are those of NewIssue or Due."""
    lane = lane or await the_lane(database)
    groups = await groups_of(database, lane)
    instant = fields.pop("instant", SLOT)
    due = Due(
        slot=Slot(fields.pop("slot", "2026-11-23T07:30 UTC"), instant, instant.date()),
        expires=fields.pop("expires", EXPIRES),
    )
    given: dict[str, Any] = {
        "lane": lane,
        "due": due,
        "upto": 10,
        "editions": tuple((group, an_edition(f"after {group.after}")) for group in groups),
    }
    return NewIssue(**(given | fields))


async def open_for(database: Database, *names: str, now: datetime = SLOT, **fields: Any) -> int:
    """Declare the readers `names` and open an issue for them; return its number."""
    await declare(database, *map(wanted, names))
    number = await Opening(database).open(await an_issue(database, **fields), now)
    assert number is not None
    return number


async def claimed(database: Database, now: datetime = SLOT, *, resend: bool = True) -> Chunk:
    """Claim the next chunk."""
    chunk = await Clerk(database).claim("tester", now, LEASE, resend=resend)
    assert chunk is not None
    return chunk


async def begun(database: Database, now: datetime = SLOT) -> tuple[Chunk, Job]:
    """Claim the next chunk and mark its first delivery as being sent."""
    ledger = Clerk(database)
    chunk = await claimed(database, now)
    job = (await ledger.jobs(chunk, now))[0]
    await ledger.start(chunk, job, now, LEASE)
    return chunk, job


async def states(database: Database) -> dict[str, tuple[str, str]]:
    """Return state and reason of each reader's last delivery, by the reader's name."""
    query = (
        select(subscribers.c.name, deliveries.c.state, deliveries.c.reason)
        .join(deliveries, deliveries.c.subscriber_id == subscribers.c.id)
        .order_by(deliveries.c.issue_id)
    )
    async with database.read() as connection:
        return {name: (state, reason) for name, state, reason in await connection.execute(query)}


async def cursors(database: Database) -> dict[str, int]:
    """Return the arrival up to which each reader has been served, by the reader's name."""
    query = (
        select(subscribers.c.name, func.coalesce(subscriptions.c.cursor, lanes.c.cursor))
        .select_from(subscriptions.join(subscribers).join(lanes))
        .where(subscriptions.c.digest == "morning")
    )
    async with database.read() as connection:
        return dict((await connection.execute(query)).all())


async def issue_states(database: Database) -> dict[str, str]:
    """Return the state of each issue, by its slot."""
    query = select(issues.c.slot, issues.c.state)
    async with database.read() as connection:
        return dict((await connection.execute(query)).all())


async def chunk_states(database: Database) -> list[str]:
    """Return the states of all chunks, in order."""
    query = select(chunks.c.state).order_by(chunks.c.issue_id, chunks.c.number)
    async with database.read() as connection:
        return list((await connection.execute(query)).scalars())
