"""Numbers for Prometheus, and the door to its client: what happened, and how things stand.

Names follow its rules: base units, `_total` for what only rises, `_timestamp_seconds` for moments.
Labels are what the operator has declared, or words of ours; nothing of readers, articles or
addresses. Each `Metrics` has a registry of its own, so two services in one process keep apart.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from importlib.metadata import version

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

from feeds.library import Report
from notifier.delivery.delivery import State
from notifier.delivery.outbox import Waiting
from notifier.mailing import Opened

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_SHORT = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)  # seconds
_LONG = (1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 14_400, 43_200)

# Moments of creation would be twice the series, and nothing reads them.
prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call] # has no annotations


class Metrics:
    """What the service counts; each method is named after what happened."""

    def __init__(self) -> None:
        own = self.registry = CollectorRegistry()
        ProcessCollector(registry=own)
        Gauge(
            "paperround_build_info", "Which version runs; always 1.", ["version"], registry=own
        ).labels(version("paperround")).set(1)
        self._ingested = Counter(
            "paperround_articles_ingested_total",
            "Documents that were read, by source and by what came of them.",
            ["source", "outcome"],
            registry=own,
        )
        self._looked = Gauge(
            "paperround_source_last_look_timestamp_seconds",
            "When the folder of a source was last read without an error.",
            ["source"],
            registry=own,
        )
        self._files = Counter(
            "paperround_source_files_read_total",
            "Files of a source that were read, for they were new or changed.",
            ["source"],
            registry=own,
        )
        self._problems = Gauge(
            "paperround_source_problems",
            "Problems that the last look at a source told of.",
            ["source"],
            registry=own,
        )
        self._withheld = Gauge(
            "paperround_source_held_withdrawals",
            "Withdrawals of a source that wait for the operator's word.",
            ["source"],
            registry=own,
        )
        self._documents = Counter(
            "paperround_feed_documents_published_total",
            "Documents of feeds whose bytes changed.",
            registry=own,
        )
        self._publishing = Histogram(
            "paperround_feed_publish_duration_seconds",
            "How long it took to bring all feeds up to date.",
            buckets=_SHORT,
            registry=own,
        )
        self._unpublished = Counter(
            "paperround_feed_publish_failures_total",
            "Attempts to bring the feeds up to date that failed.",
            registry=own,
        )
        self._left_out = Counter(
            "paperround_feed_entries_left_out_total",
            "Entries that a rendering left out, for they cannot be rendered.",
            registry=own,
        )
        self._issues = Counter(
            "paperround_issues_total",
            "Slots that were dealt with, by digest: opened, skipped, held, or failed and tried"
            " again.",
            ["digest", "outcome"],
            registry=own,
        )
        self._delay = Histogram(
            "paperround_issue_opening_delay_seconds",
            "How long after its slot an issue was opened.",
            buckets=_LONG,
            registry=own,
        )
        self._messages = Counter(
            "paperround_messages_total",
            "Attempts to deliver a message, and what expired before one, by digest and outcome.",
            ["digest", "outcome"],
            registry=own,
        )
        self._queued = Gauge(
            "paperround_queue_issues",
            "Issues that are open: some deliveries of them wait.",
            registry=own,
        )
        self._age = Gauge(
            "paperround_queue_oldest_age_seconds",
            "How long ago the oldest issue was opened that is still open; 0 where none is.",
            registry=own,
        )
        self._held = Gauge(
            "paperround_issues_held",
            "Issues with far more articles than usual, which wait for the operator's word.",
            registry=own,
        )
        self._returned = Counter(
            "paperround_returned_messages_total",
            "Messages that came back, by what was done.",
            ["step"],
            registry=own,
        )
        self._beat = Gauge(
            "paperround_scheduler_last_beat_timestamp_seconds",
            "When the scheduler last rang; it does so every second.",
            registry=own,
        )
        self._lag = Gauge(
            "paperround_scheduler_lag_seconds",
            "How much later than it should the scheduler last rang.",
            registry=own,
        )
        self._failing = Gauge(
            "paperround_failing_parts",
            "Parts, sources and digests that do not work at the moment; the log names them.",
            registry=own,
        )
        self._reloaded = Gauge(
            "paperround_config_last_reload_successful",
            "Whether the configuration that was last read is in force: 1, or 0.",
            registry=own,
        )
        self._reloaded_at = Gauge(
            "paperround_config_last_reload_success_timestamp_seconds",
            "When the configuration in force was read.",
            registry=own,
        )
        self._subscriptions = Gauge(
            "paperround_websub_subscriptions",
            "Subscriptions at the hub that are in force.",
            registry=own,
        )
        self._behind = Gauge(
            "paperround_websub_subscriptions_behind",
            "Subscriptions that have not been sent the newest of their feed.",
            registry=own,
        )

    def text(self) -> bytes:
        """Return all numbers in Prometheus's text format, as CONTENT_TYPE says."""
        return prometheus_client.generate_latest(self.registry)

    def looked(self, source: str, report: Report, now: datetime) -> None:
        """Note a look at the folder of `source`."""
        self._looked.labels(source).set(now.timestamp())
        self._files.labels(source).inc(report.files)
        self._problems.labels(source).set(len(report.problems))
        self._withheld.labels(source).set(report.held)
        for outcome, number in report.outcomes.items():
            self._ingested.labels(source, str(outcome)).inc(number)

    @contextmanager
    def publishing(self) -> Iterator[None]:
        """Measure what is done inside, and note whether it fails."""
        began = time.perf_counter()
        with self._unpublished.count_exceptions():
            yield
        self._publishing.observe(time.perf_counter() - began)

    def published(self, documents: int, left_out: int) -> None:
        """Note what publishing did."""
        self._documents.inc(documents)
        self._left_out.inc(left_out)

    def opened(self, issue: Opened, now: datetime) -> None:
        """Note what came of a slot."""
        outcome = "held" if issue.held else "failed" if issue.failed else "opened"
        if issue.skipped:
            outcome = "skipped"
        self._issues.labels(issue.digest, outcome).inc()
        if outcome == "opened" and issue.due is not None:
            self._delay.observe(max((now - issue.due).total_seconds(), 0))

    def sent(self, digest: str, outcome: State) -> None:
        """Note what one attempt to deliver came to."""
        self._messages.labels(digest, str(outcome)).inc()

    def expired(self, numbers: Mapping[str, int]) -> None:
        """Note deliveries that were not made in time: how many, by digest."""
        for digest, number in numbers.items():
            self._messages.labels(digest, str(State.EXPIRED)).inc(number)

    def queue(self, waiting: Waiting, now: datetime) -> None:
        """Note what waits to be delivered."""
        self._queued.set(waiting.issues)
        self._held.set(waiting.held)
        age = now - waiting.since if waiting.since else timedelta(0)
        self._age.set(max(age.total_seconds(), 0))

    def returned(self, step: str) -> None:
        """Note what was done about a message that came back."""
        self._returned.labels(step).inc()

    def beat(self, now: datetime, lag: float) -> None:
        """Note a beat of the scheduler, `lag` seconds late."""
        self._beat.set(now.timestamp())
        self._lag.set(lag)

    def failing(self, number: int) -> None:
        """Note how many things do not work."""
        self._failing.set(number)

    def reloaded(self, now: datetime, *, successful: bool) -> None:
        """Note that the configuration was read, and whether it is in force."""
        self._reloaded.set(successful)
        if successful:
            self._reloaded_at.set(now.timestamp())

    def hub(self, subscriptions: int, behind: int) -> None:
        """Note how the hub stands."""
        self._subscriptions.set(subscriptions)
        self._behind.set(behind)
