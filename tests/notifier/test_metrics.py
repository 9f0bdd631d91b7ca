"""The numbers follow Prometheus's naming rules, are all told, and count what happens."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

import notifier
from feeds.library import Report
from feeds.revision import Outcome
from notifier.delivery.delivery import State
from notifier.delivery.outbox import Waiting
from notifier.mailing import Opened, deliver, open_due
from notifier.service.metrics import Metrics
from notifier.subscribing import reconcile
from tests.conftest import NOW
from tests.notifier.builders import a_house, some_settings
from tests.notifier.test_mailing import SLOT, START, write

ROOT = Path(notifier.__file__).parent.parent
ALERTS = ROOT / "notifier" / "ops" / "alerts.yaml"

# What may stand in a label: names that the operator declared, and words of ours.
LABELS = {"source", "digest", "outcome", "step", "version", "le"}
BASE_UNITS = ("_seconds", "_bytes", "_total", "_info", "_successful")
COUNTED = {"subscriptions", "behind", "issues", "held", "parts", "problems", "withdrawals", "fds"}


def exercised() -> Metrics:
    """Numbers after everything has happened once."""
    metrics = Metrics()
    report = Report(outcomes={Outcome.NEW: 2}, files=1, held=3)  # type: ignore[arg-type] # counted
    metrics.looked("articles", report, NOW)
    with metrics.publishing():
        metrics.published(3, 1)
    metrics.opened(Opened(digest="morning", slot="x", timezone="UTC", readers=1, due=NOW), NOW)
    metrics.sent("morning", State.ACCEPTED)
    metrics.queue(Waiting(1, NOW - timedelta(hours=2), 4), NOW)
    metrics.returned("counted")
    metrics.beat(NOW, 0.25)
    metrics.failing(2)
    metrics.reloaded(NOW, successful=True)
    metrics.hub(7, 1)
    return metrics


def families() -> Iterator[Metric]:
    yield from text_string_to_metric_families(exercised().text().decode())


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


@pytest.mark.parametrize("family", list(families()), ids=lambda family: family.name)
def test_a_name_follows_the_rules(family: Metric) -> None:
    names = {sample.name for sample in family.samples}
    assert all(re.fullmatch(r"(paperround|process)_[a-z][a-z_]*", name) for name in names)
    assert family.documentation.endswith(".")
    assert not re.search(r"milli|micro|_(ms|minutes|hours|days|kb|mb|percent)", family.name)
    if family.type == "counter":
        assert all(name.endswith("_total") for name in names)
    else:
        assert not family.name.endswith("_total")
        assert family.name.endswith(BASE_UNITS) or family.name.rpartition("_")[2] in COUNTED
    if family.type == "histogram":
        assert family.name.endswith("_seconds")
    assert {label for sample in family.samples for label in sample.labels} <= LABELS


def test_every_number_is_told_with_its_kind_and_labels() -> None:
    page = (ROOT / "docs" / "monitoring.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(paperround_\w+)` \| (\w+) \| ([^|]*)\|", page, re.MULTILINE)
    told = {(name, kind, frozenset(re.findall(r"`(\w+)`", names))) for name, kind, names in rows}
    there = {
        (
            f"{family.name}_total" if family.type == "counter" else family.name,
            family.type,
            frozenset(label for sample in family.samples for label in sample.labels) - {"le"},
        )
        for family in families()
        if family.name.startswith("paperround_")
    }
    assert told == there


def test_an_alert_asks_for_numbers_and_labels_that_there_are() -> None:
    rules = yaml.safe_load(ALERTS.read_text(encoding="utf-8"))["groups"][0]["rules"]
    there = {sample.name for family in families() for sample in family.samples} | {"up"}
    outcomes = {*State, *Outcome}
    assert len({rule["alert"] for rule in rules}) == len(rules) > 10
    for rule in rules:
        assert rule.keys() <= {"alert", "expr", "for", "labels", "annotations"}
        assert rule["labels"]["severity"] in {"critical", "warning", "info"}
        assert rule["annotations"].keys() == {"summary", "description"}
        expression = rule["expr"]
        asked = set(re.findall(r"\b(?:paperround_\w+|process_\w+|up\b)", expression))
        assert asked <= there, asked - there
        for said in re.findall(r'outcome=~?"([^"]+)"', expression):
            assert set(said.split("|")) <= outcomes
        for bound in re.findall(r'le="([^"]+)"', expression):
            assert f'le="{bound}"' in exercised().text().decode()


def test_two_services_in_one_process_keep_their_numbers_apart() -> None:
    one, other = Metrics(), Metrics()
    one.sent("morning", State.ACCEPTED)
    labels = {"digest": "morning", "outcome": "accepted"}
    assert value(one, "paperround_messages_total", **labels) == 1
    assert value(other, "paperround_messages_total", **labels) is None


def test_a_failure_to_publish_is_counted_and_goes_on() -> None:
    metrics = Metrics()
    with pytest.raises(ValueError, match="broken"), metrics.publishing():
        raise ValueError("broken")
    assert value(metrics, "paperround_feed_publish_failures_total") == 1
    assert value(metrics, "paperround_feed_publish_duration_seconds_count") == 0


def test_an_edit_that_is_not_in_force_leaves_the_time_of_the_one_that_is() -> None:
    metrics = Metrics()
    metrics.reloaded(NOW, successful=True)
    metrics.reloaded(NOW + timedelta(hours=1), successful=False)
    assert value(metrics, "paperround_config_last_reload_successful") == 0
    at = value(metrics, "paperround_config_last_reload_success_timestamp_seconds")
    assert at == NOW.timestamp()


async def test_what_was_not_sent_in_time_is_counted_by_its_digest(
    store_url: str, tmp_path: Path
) -> None:
    settings, metrics = some_settings(store_url, tmp_path), Metrics()
    async with a_house(settings, START) as house:
        await reconcile(settings, house.places, house.store, START)
        await write(house, "a", now=START)
        desk = house.desk(metrics.expired)
        await open_due(desk, SLOT)
        await open_due(desk, SLOT + timedelta(days=3))
    labels = {"digest": "morning", "outcome": "expired"}
    assert value(metrics, "paperround_messages_total", **labels) == 1


async def test_each_message_is_counted_by_its_digest_as_it_ends(
    store_url: str, tmp_path: Path
) -> None:
    settings, metrics = some_settings(store_url, tmp_path), Metrics()
    async with a_house(settings, START) as house:
        await reconcile(settings, house.places, house.store, START)
        await write(house, "a", now=START)
        for opened in await open_due(house.desk(), SLOT):
            metrics.opened(opened, SLOT + timedelta(seconds=7))
        metrics.queue(await house.outbox.waiting(), SLOT + timedelta(seconds=7))
        assert value(metrics, "paperround_queue_issues") == 1
        assert value(metrics, "paperround_queue_oldest_age_seconds") == 7
        sender = house.sender(told=metrics.sent)
        await deliver(sender, lambda: SLOT, asyncio.Event())
        metrics.queue(await house.outbox.waiting(), SLOT)
    assert value(metrics, "paperround_queue_issues") == 0
    assert value(metrics, "paperround_issues_total", digest="morning", outcome="opened") == 1
    assert value(metrics, "paperround_issue_opening_delay_seconds_sum") == 7
    labels = {"digest": "morning", "outcome": "accepted"}
    assert value(metrics, "paperround_messages_total", **labels) == 1
