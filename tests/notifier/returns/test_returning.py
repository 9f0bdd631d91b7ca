"""Taking in what came back, on a real store: once each, about the right reader, or about nobody."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from feeds.kit.database import Database
from notifier.delivery.audience import Audience
from notifier.delivery.message import message_id
from notifier.errors import TransportError
from notifier.returning import Intake, counted, take, take_all
from notifier.returns.box import ReturnBox
from notifier.returns.records import LATELY
from notifier.returns.suppressions import Suppression, Suppressions
from notifier.service.health import Health
from notifier.service.metrics import Metrics
from notifier.service.roles import Role
from notifier.service.setup import Instruments, set_up
from notifier.service.systemd import Manager
from notifier.service.work import Round, take_returns
from notifier.tables import returned
from notifier.tokens import BOUNCED, SecretKey, local_part
from tests.notifier.builders import a_house, some_settings
from tests.notifier.issues import SLOT, declare, wanted
from tests.notifier.returns.builders import (
    DAY,
    FIRST,
    SECOND,
    a_bounce,
    a_message,
    delivered,
    filled,
)

HOUR = timedelta(hours=1)
both = pytest.mark.both


async def listed(suppressions: Suppressions) -> list[Suppression]:
    return [one async for page in suppressions.listed() for one in page]


async def readers(database: Database) -> int:
    found = await Audience(database).lanes(["morning"])
    return sum([n for lane in found for _, n in await Audience(database).places(lane, SLOT)])


@both
async def test_the_second_bounce_on_another_day_suppresses(database: Database) -> None:
    intake, _ = await delivered(database)
    steps = [
        (await take(intake, a_bounce(number=f"{hours}"), SLOT + hours * HOUR)).step
        for hours in (1, 2, 26)
    ]
    assert steps == ["noted", "counted", "suppressed"]
    [one] = await listed(intake.suppressions)
    assert (one.key, one.reason, one.source, one.code) == (
        FIRST,
        "no such address",
        "bounce",
        "5.1.1",
    )
    assert await readers(database) == 1


@both
async def test_the_same_message_twice_counts_once(database: Database) -> None:
    intake, _ = await delivered(database)
    await take(intake, a_bounce(number="1"), SLOT)
    found = await asyncio.gather(
        *(take(intake, a_bounce(number="2"), SLOT + 2 * DAY) for _ in range(4))
    )
    assert sum(not one.again for one in found) == 1
    assert (await take(intake, a_bounce(number="1"), SLOT + 3 * DAY)).again
    assert len(await listed(intake.suppressions)) == 1
    async with database.read() as connection:
        assert len((await connection.execute(select(returned))).all()) == 2


async def test_a_full_mailbox_is_counted_and_costs_nothing(database: Database) -> None:
    intake, _ = await delivered(database)
    for number in range(5):
        raw = a_bounce(number=f"{number}", status="5.2.2")
        assert (await take(intake, raw, SLOT + number * DAY)).step == "counted"
    assert not await listed(intake.suppressions)
    assert await intake.records.counts(SLOT) == [("failure", "address", "counted", 5)]


@both
async def test_a_complaint_suppresses_at_once(database: Database) -> None:
    intake, issue = await delivered(database)
    raw = filled("arf-microsoft", intake.keys[0], issue=issue, verp=False)
    assert (await take(intake, raw, SLOT)).step == "suppressed"
    assert [(one.key, one.reason) for one in await listed(intake.suppressions)] == [
        (FIRST, "complaint")
    ]


@both
async def test_a_wish_by_mail_leaves_that_digest(database: Database) -> None:
    intake, _ = await delivered(database)
    raw = filled("unsubscribe-by-address", intake.keys[0], verp=True)
    assert (await take(intake, raw, SLOT)).step == "left"
    left = await intake.roster.subscription(1)
    assert left is not None
    assert left.left_at == SLOT
    assert not await listed(intake.suppressions)


class TestFinding:
    @both
    async def test_by_the_message_id_made_again_for_who_is_mentioned(
        self, database: Database
    ) -> None:
        intake, issue = await delivered(database)
        ours = message_id(intake.keys[0].secret, str(issue), "1", "example.org")
        text = f"To: {FIRST}\nCc: {SECOND}\nMessage-ID: {ours}"
        found = await take(intake, a_bounce("old@elsewhere.example", text=text), SLOT)
        assert (found.how, found.address, found.step) == ("message_id", FIRST, "counted")

    async def test_by_the_address_only_of_who_was_written_to_of_late(
        self, database: Database
    ) -> None:
        intake, _ = await delivered(database, "first")
        await declare(database, wanted("first"), wanted("second"))
        assert (await take(intake, a_bounce(SECOND, number="1"), SLOT)).how == "nothing"
        later = SLOT + LATELY + HOUR
        assert (await take(intake, a_bounce(FIRST, number="2"), later)).how == "nothing"

    async def test_a_key_of_another_store_proves_nothing(self, database: Database) -> None:
        intake, issue = await delivered(database)
        forged = filled("arf-yahoo", SecretKey(1, b"forged"), issue=issue, verp=True)
        found = await take(intake, forged, SLOT)
        assert (found.how, found.step) == ("address", "counted")

    async def test_an_old_key_still_does(self, database: Database) -> None:
        intake, issue = await delivered(database)
        new = Intake(
            intake.records,
            intake.suppressions,
            intake.roster,
            (SecretKey(2, b"new"), *intake.keys),
        )
        raw = filled("arf-microsoft", intake.keys[0], issue=issue, verp=True)
        assert (await take(new, raw, SLOT)).step == "suppressed"

    async def test_what_the_mail_server_tells_is_enough(self, database: Database) -> None:
        intake, issue = await delivered(database)
        sent_to = f"{local_part(intake.keys[0], BOUNCED, issue, 2).upper()}@bounces.example.org"
        found = await take(intake, a_message("Subject: x", "", "?"), SLOT, sent_to)
        assert (found.how, found.address) == ("verp", SECOND)

    async def test_erasing_takes_the_servers_words_along(self, database: Database) -> None:
        intake, _ = await delivered(database)
        said = f"5.2.2\nDiagnostic-Code: smtp; 552 5.2.2 <{FIRST}> is full"
        await take(intake, a_bounce(status=said), SLOT)
        await intake.roster.erase(1, SLOT)
        async with database.read() as connection:
            assert await connection.scalar(select(returned.c.words)) == ""

    async def test_who_was_erased_is_not_written_down(self, database: Database) -> None:
        intake, issue = await delivered(database)
        await intake.roster.erase(1, SLOT)
        raw = filled("arf-microsoft", intake.keys[0], issue=issue, verp=True)
        found = await take(intake, raw, SLOT)
        assert (found.address, found.step) == ("", "counted")
        assert not await listed(intake.suppressions)


class TestFuse:
    async def noted(self, intake: Intake, number: int, day: int) -> bool:
        address = f"r{number}@readers.example"
        return await intake.suppressions.note_dead_address(address, "no", SLOT + day * DAY)

    @both
    async def test_a_provider_that_loses_all_its_addresses_loses_no_reader(
        self, database: Database
    ) -> None:
        intake, _ = await delivered(database, *(f"r{n}" for n in range(11)))
        assert not any([await self.noted(intake, n, 0) for n in range(11)])
        assert all([await self.noted(intake, n, 2) for n in range(9)])
        last = await take(intake, a_bounce("r9@readers.example"), SLOT + 2 * DAY)
        assert last.step == "fused"
        assert not await listed(intake.suppressions)  # what went before the fuse is taken back
        assert await readers(database) == 11

    async def test_an_earlier_suppression_stays(self, database: Database) -> None:
        intake, _ = await delivered(database, *(f"r{n}" for n in range(11)))
        for n in range(11):
            await self.noted(intake, n, 0)
        assert await self.noted(intake, 0, 1)
        for n in range(1, 11):
            await self.noted(intake, n, 3)
        assert [one.key for one in await listed(intake.suppressions)] == ["r0@readers.example"]


class TestMaildir:
    def box(self, folder: Path, *messages: bytes) -> ReturnBox:
        (folder / "box" / "new").mkdir(parents=True)
        for number, message in enumerate(messages):
            (folder / "box" / "new" / f"{number}.host").write_bytes(message)
        return ReturnBox(folder / "box")

    async def test_all_that_waits_is_taken_in_and_put_away(
        self, sqlite: Database, tmp_path: Path
    ) -> None:
        intake, _ = await delivered(sqlite)
        box = self.box(tmp_path, a_bounce(), a_bounce(), b"\xff\x00")
        taken = await take_all(intake, box, lambda: SLOT)
        assert [one.again for one in taken] == [False, True, False]
        assert counted(taken) == {
            ("failure", "address", "noted"): 1,
            ("other", "nothing", "counted"): 1,
        }
        assert sorted(one.name for one in (box.path / "cur").iterdir()) == [
            "0.host:2,S",
            "1.host:2,S",
            "2.host:2,S",
        ]
        assert await take_all(intake, box, lambda: SLOT) == []

    async def test_what_is_no_file_is_passed_over(self, sqlite: Database, tmp_path: Path) -> None:
        intake, _ = await delivered(sqlite)
        box = self.box(tmp_path, a_bounce(number="1"), a_bounce(number="2"))
        (box.path / "new" / "0.host").unlink()
        (box.path / "new" / "0.host").mkdir()
        assert len(await take_all(intake, box, lambda: SLOT)) == 1

    async def test_the_service_reads_the_box_that_is_configured(
        self, store_url: str, tmp_path: Path
    ) -> None:
        box = self.box(tmp_path, a_bounce())
        mail = some_settings(store_url, tmp_path).mail
        assert mail is not None
        settings = some_settings(store_url, tmp_path, mail=replace(mail, returns=box.path))
        async with a_house(settings, SLOT) as house:
            health = Health(house.outbox.waiting)
            instruments = Instruments(health, Metrics(), lambda: SLOT, lambda: None)
            setup = set_up(house, Role.SCHEDULER, instruments)
            await take_returns(Round(setup, instruments, Manager(), asyncio.Event()))
            assert await house.intake().records.counts(SLOT) == [
                ("failure", "nothing", "counted", 1)
            ]
        assert not list((box.path / "new").iterdir())

    async def test_a_box_that_is_none_is_told(self, sqlite: Database, tmp_path: Path) -> None:
        intake, _ = await delivered(sqlite)
        with pytest.raises(TransportError, match="is no Maildir"):
            await take_all(intake, ReturnBox(tmp_path / "nothing"), lambda: SLOT)


class TestLifting:
    async def test_an_address_that_is_lifted_is_written_to_again(self, database: Database) -> None:
        intake, _ = await delivered(database)
        await intake.suppressions.suppress("First@Readers.Example", "operator", "", SLOT)
        assert await readers(database) == 1
        lifted = await intake.suppressions.lift(FIRST)
        assert lifted is not None
        assert lifted.reason == "operator"
        assert await readers(database) == 2
        assert await intake.suppressions.lift(FIRST) is None

    async def test_a_lifted_address_starts_anew(self, database: Database) -> None:
        intake, _ = await delivered(database)
        for number, when in enumerate((SLOT, SLOT + DAY)):
            await take(intake, a_bounce(number=f"{number}"), when)
        await intake.suppressions.lift(FIRST)
        assert (await take(intake, a_bounce(number="3"), SLOT + 2 * DAY)).step == "noted"

    @both
    async def test_dead_addresses_since_a_time_are_lifted_and_nothing_else(
        self, database: Database
    ) -> None:
        intake, _ = await delivered(database)
        some = intake.suppressions
        await some.suppress("old@readers.example", "no such address", "", SLOT - DAY)
        await some.suppress("asked@readers.example", "operator", "", SLOT)
        await some.suppress("spam@readers.example", "complaint", "", SLOT)
        await some.suppress(FIRST, "no such address", "", SLOT)
        assert await some.lift_since(SLOT) == 1
        assert {one.key.partition("@")[0] for one in await listed(some)} == {"old", "asked", "spam"}

    async def test_the_refusals_of_a_relay_go_by_the_same_rule(self, database: Database) -> None:
        intake, _ = await delivered(database)
        noted = intake.suppressions.note_dead_address
        assert not await noted(FIRST, "550 5.1.1 no", SLOT)
        assert (await take(intake, a_bounce(), SLOT + DAY)).step == "suppressed"
        assert await noted(FIRST, "550 5.1.1 no", SLOT + 2 * DAY)

    async def test_an_answer_of_the_relay_takes_the_reader_out_of_the_audience(
        self, database: Database
    ) -> None:
        intake, _ = await delivered(database)
        noted = intake.suppressions.note_dead_address
        assert not await noted("First@readers.example", "no", SLOT)
        assert not await noted(FIRST, "no", SLOT + 23 * HOUR)
        assert await readers(database) == 2
        assert await noted(FIRST, "no", SLOT + DAY, code="5.1.1")
        assert await readers(database) == 1

    @both
    async def test_two_connections_may_hear_of_the_same_dead_address_at_once(
        self, database: Database
    ) -> None:
        some = Suppressions(database)
        for now in (SLOT, SLOT + DAY):
            await asyncio.gather(*(some.note_dead_address(FIRST, "no", now) for _ in range(8)))
        assert [one.key for one in await listed(some)] == [FIRST]
