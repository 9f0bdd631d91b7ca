"""Suppressed addresses kept as hashes: nobody can read them, and they are still not written to."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from feeds.kit.database import Database
from notifier.delivery.audience import Audience
from notifier.returns.suppressions import Suppressions
from notifier.returns.veiling import veil_of
from notifier.roster import Listing, Places, Roster
from notifier.settings import Settings
from notifier.tables import dead_addresses, suppressions
from notifier.tokens import SecretKey
from tests.notifier.builders import a_house, some_settings
from tests.notifier.issues import SLOT, declare, the_lane, wanted

pytestmark = pytest.mark.both

DAY = timedelta(days=1)
ADA, BEN, ZOE = "Ada@readers.example", "ben@readers.example", "zoe@readers.example"
GONE = "550 5.1.1 <ada@readers.example>: User unknown"


async def some_readers(database: Database) -> tuple[SecretKey, ...]:
    """Three readers, of whom one is suppressed in the clear and one was said to be dead once."""
    await declare(database, wanted("ada"), wanted("ben"), wanted("cyd"))
    clear = Suppressions(database)
    await clear.suppress(ADA, "no such address", GONE, SLOT, source="bounce", code="5.1.1")
    await clear.suppress(ZOE, "complaint", "", SLOT)
    await clear.note_dead_address(BEN, "550 5.1.1 ben@readers.example", SLOT)
    return await Roster(database).secret_keys(SLOT)


async def kept(database: Database) -> str:
    """Everything that is written about suppressed and dead addresses."""
    async with database.read() as connection:
        rows: list[Any] = []
        for table in (suppressions, dead_addresses):
            rows += (await connection.execute(select(table))).all()
    return str(rows)


async def readers(database: Database) -> int:
    lane = await the_lane(database)
    return sum(number for _, number in await Audience(database).places(lane, SLOT))


async def test_what_was_kept_in_the_clear_becomes_hashes(database: Database) -> None:
    keys = await some_readers(database)
    assert await veil_of(database, keys, wanted=False) is None
    assert "ada@" in await kept(database)
    veil = await veil_of(database, keys, wanted=True)
    assert veil == keys[-1]
    assert "@" not in await kept(database)
    assert await readers(database) == 2
    assert await veil_of(database, keys, wanted=False) == veil, "there is no way back"


async def test_hashed_addresses_are_found_by_their_address(database: Database) -> None:
    keys = await some_readers(database)
    hashed = Suppressions(database, await veil_of(database, keys, wanted=True))
    found = [one async for page in hashed.listed() for one in page]
    assert sorted(one.reason for one in found) == ["complaint", "no such address"]
    assert not any("@" in one.key + one.detail for one in found)
    page = [entry async for page in Listing(database).pages() for entry in page]
    assert {one.enrolment.address: one.suppressed for one in page} == {
        "ada@readers.example": "no such address",
        "ben@readers.example": "",
        "cyd@readers.example": "",
    }
    lifted = await hashed.lift(ADA)
    assert lifted is not None
    assert lifted.code == "5.1.1"
    assert await readers(database) == 3
    assert await hashed.lift_since(SLOT) == 0
    assert await hashed.count() == 1, "complaints are lifted one by one"


async def test_an_address_that_was_dead_once_is_written_off_the_second_time(
    database: Database,
) -> None:
    keys = await some_readers(database)
    hashed = Suppressions(database, await veil_of(database, keys, wanted=True))
    assert await hashed.note_dead_address(BEN, GONE, SLOT + DAY)
    assert await readers(database) == 1
    assert "@" not in await kept(database)
    assert await hashed.lift_since(SLOT) == 2
    assert await readers(database) == 3


async def test_who_comes_later_is_known_by_the_hash(database: Database) -> None:
    keys = await some_readers(database)
    veil = await veil_of(database, keys, wanted=True)
    change = wanted("zoe").change(None)
    assert await Places(database, veil).apply([change], SLOT) == []
    assert await readers(database) == 2
    reader = await Roster(database).reader_at(ZOE)
    assert reader is not None
    await Roster(database).erase(reader.id, SLOT)
    again = replace(change, before=None)
    assert await Places(database, veil).apply([again], SLOT) == []
    assert await readers(database) == 2, "a suppression outlives the reader"


def hashed_settings(store_url: str, folder: Path) -> Settings:
    given = some_settings(store_url, folder)
    assert given.mail is not None
    return replace(given, mail=replace(given.mail, hashed_suppressions=True))


async def test_a_store_is_converted_when_it_is_opened(store_url: str, tmp_path: Path) -> None:
    plain = some_settings(store_url, tmp_path)
    async with a_house(plain, SLOT) as house:
        await house.suppressions.suppress(ADA, "operator", "", SLOT)
        assert "ada@" in await kept(house.database)
    async with a_house(hashed_settings(store_url, tmp_path), SLOT) as house:
        assert "@" not in await kept(house.database)
    async with a_house(plain, SLOT) as house:
        await house.suppressions.suppress(BEN, "operator", "", SLOT)
        assert "@" not in await kept(house.database)
        assert await house.suppressions.lift(ADA) is not None
