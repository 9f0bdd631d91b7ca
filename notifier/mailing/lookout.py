"""What looking ahead and looking back need, besides the desk."""

from __future__ import annotations

from dataclasses import dataclass

from feeds.store import Embargoes, Finder
from notifier.delivery.prospect import Prospects
from notifier.delivery.tracing import Traces
from notifier.mailing.desk import Desk


@dataclass(frozen=True, slots=True)
class Lookout:
    """Everything that planning and explaining need; all of it reads, and writes nothing."""

    desk: Desk
    prospects: Prospects
    embargoes: Embargoes
    finder: Finder
    traces: Traces
