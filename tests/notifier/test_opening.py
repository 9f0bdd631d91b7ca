"""Opening in the service: what is told of each slot."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from notifier.service import House
from notifier.service.health import Health
from notifier.service.metrics import Metrics
from notifier.service.opening import open_issues
from notifier.service.roles import Role
from notifier.service.setup import Instruments, set_up
from notifier.service.systemd import Manager
from notifier.service.work import Round
from tests.notifier.builders import a_house, some_settings
from tests.notifier.test_mailing import DAY, SLOT, START, begin, write


def told(
    caplog: pytest.LogCaptureFixture,
) -> list[dict[str, Any]]:  # fields have values of any kind
    """Return the events of issues, without what all events have."""
    found = [dict(record.msg) for record in caplog.records if isinstance(record.msg, dict)]
    caplog.clear()
    return [event for event in found if event["event"].startswith("issue.")]


def a_round(house: House) -> Round:
    """Return a scheduler of `house` at the first slot."""
    instruments = Instruments(Health(house.outbox.waiting), Metrics(), lambda: SLOT, lambda: None)
    setup = set_up(house, Role.SCHEDULER, instruments)
    return Round(setup, instruments, Manager(), asyncio.Event())


async def test_a_slot_without_an_issue_is_told_as_skipped_and_rings_for_no_delivery(
    store_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "paperround")
    settings = some_settings(store_url, tmp_path)
    async with a_house(settings, START) as house:
        await begin(house)
        round_ = a_round(house)
        await open_issues(round_)
        slot = "2026-11-23T07:30 Europe/Paris"
        skipped = {"digest": "morning", "slot": slot, "reason": "no new articles"}
        assert told(caplog) == [{"event": "issue.skipped"} | skipped]
        assert not round_.send.is_set()

        await write(house, "a", now=SLOT)
        round_.instruments = replace(round_.instruments, clock=lambda: SLOT + DAY)
        await open_issues(round_)
        [opened] = told(caplog)
        assert (opened["event"], opened["readers"], opened["reason"]) == ("issue.opened", 1, "")
        assert round_.send.is_set()


async def test_an_issue_that_is_there_for_its_page_only_is_told_as_opened(
    store_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "paperround")
    settings = some_settings(store_url, tmp_path, subscribers=())
    async with a_house(settings, START) as house:
        await begin(house)
        await write(house, "a", now=START)
        round_ = a_round(house)
        await open_issues(round_)
        [opened] = told(caplog)
    assert (opened["event"], opened["articles"], opened["readers"]) == ("issue.opened", 1, 0)
