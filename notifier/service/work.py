"""What the service does at each ring of a bell; opening and sending have pages of their own.

Bells only say "look now"; what there is to do is read from the store each time. A failure is told
once, until it is over, and costs nothing but its own turn.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from feeds import FeedsError, Problem
from feeds.errors import SourceError
from feeds.kit.logs import logger
from feeds.kit.text import one_line
from feeds.library import SETTLE_NS, Report, ingest_folder, publish
from feeds.revision import Outcome
from feeds.sources import FileState
from notifier.errors import NotifierError
from notifier.returning import take_all
from notifier.returns.box import ReturnBox
from notifier.schedule.alarm import Metronome
from notifier.service.health import Health
from notifier.service.metrics import Metrics
from notifier.service.setup import Instruments, Setup
from notifier.service.systemd import Manager

log = logger()

Name = TypeVar("Name", bound=str)


@dataclass(slots=True)
class Round:
    """The service while it runs: its setup, bells and clock, and what the last look saw.

    The setup is swapped by `swap`, and nowhere else: by who holds `looking` and `opening`, in this
    order, so that neither is under way.
    """

    setup: Setup
    instruments: Instruments
    manager: Manager
    push: asyncio.Event
    metronome: Metronome = field(default_factory=Metronome)
    looking: asyncio.Lock = field(default_factory=asyncio.Lock)
    opening: asyncio.Lock = field(default_factory=asyncio.Lock)
    recall: asyncio.Event = field(default_factory=asyncio.Event)
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    look: asyncio.Event = field(default_factory=asyncio.Event)
    open: asyncio.Event = field(default_factory=asyncio.Event)
    send: asyncio.Event = field(default_factory=asyncio.Event)
    returns: asyncio.Event = field(default_factory=asyncio.Event)
    again: asyncio.Event = field(default_factory=asyncio.Event)
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    mend: asyncio.Event = field(default_factory=asyncio.Event)
    tidy: asyncio.Event = field(default_factory=asyncio.Event)
    beat: asyncio.Event = field(default_factory=asyncio.Event)
    seen: dict[str, dict[str, FileState]] = field(default_factory=dict)
    refused: dict[str, tuple[Problem, ...]] = field(default_factory=dict)
    failing: set[str] = field(default_factory=set)

    @property
    def clock(self) -> Callable[[], datetime]:
        """What tells the time."""
        return self.instruments.clock

    @property
    def health(self) -> Health:
        """What knows whether we live and are ready."""
        return self.instruments.health

    @property
    def metrics(self) -> Metrics:
        """What is counted."""
        return self.instruments.metrics

    @property
    def bells(self) -> tuple[asyncio.Event, ...]:
        """All that may be waited for."""
        regular = (self.look, self.open, self.send, self.push, self.returns)
        return (*regular, self.mend, self.tidy, self.beat, self.again, self.asked)

    def swap(self, setup: Setup) -> None:
        """Go on with `setup`; a round of sending ends what is in flight if it must change."""
        before, self.setup = self.setup, setup
        if setup.sender is not before.sender:
            self.recall.set()
        if setup.house.settings.watch != before.house.settings.watch:
            self.metronome.every(setup.house.settings.watch / 2, self.look)
        for bell in (self.look, self.open, self.send, self.push):
            bell.set()


async def loop(
    round_: Round, bell: asyncio.Event, work: Callable[[Round], Awaitable[None]]
) -> None:
    """Do `work` at each ring until told to stop; a failure is told once and tried again."""
    name = work.__name__.replace("_", " ")
    while True:
        await bell.wait()
        bell.clear()
        if round_.stop.is_set():
            return
        try:
            await work(round_)
        except (FeedsError, NotifierError) as error:
            complain(round_, name, error)
        else:
            relieve(round_, name)


async def look(round_: Round) -> None:
    """Take in what is new in the folders, let embargoes end, publish, serve."""
    async with round_.looking:
        await _look(round_, round_.setup)


async def _look(round_: Round, setup: Setup) -> None:
    house = setup.house
    for folder in house.folders:
        earlier = round_.seen.setdefault(folder.name, {})
        try:
            report = await ingest_folder(folder, earlier, house.store, house.memory, round_.clock())
        except SourceError as error:
            complain(round_, folder.name, error)
            continue
        relieve(round_, folder.name)
        round_.metrics.looked(folder.name, report, round_.clock())
        for problem in report.problems:
            if problem not in round_.refused.get(folder.name, ()):
                log.warning("articles.problem", source=folder.name, problem=str(problem))
        round_.refused[folder.name] = tuple(report.problems)
        _note_held(round_, folder.name, report.held)
        if _says_something(report):
            log.info("articles.ingested", source=folder.name, outcomes=counted(report.outcomes))
        if report.unsettled:
            asyncio.get_running_loop().call_later(SETTLE_NS / 1e9, round_.look.set)
    with round_.metrics.publishing():
        await house.store.reveal(round_.clock())
        published = await publish(house.press, round_.clock())
    round_.metrics.published(published.documents, len(published.left_out))
    if published.documents:
        log.info("feeds.published", feeds=published.feeds, documents=published.documents)
    for title in published.left_out:
        log.error("feeds.entry_left_out", article=title)
    await setup.server.refresh()
    await setup.pusher.announce(round_.clock())


async def follow(round_: Round) -> None:
    """Serve what another process has published."""
    await round_.setup.server.refresh()


async def mend(round_: Round) -> None:
    """Let each chunk that has something left to send have its job."""
    await round_.setup.house.mend_jobs(round_.clock())


def _says_something(report: Report) -> bool:
    """Whether a look brought anything; what is held is read again each time, and brings nothing."""
    idle = report.outcomes[Outcome.REFUSED] + report.outcomes[Outcome.UNCHANGED]
    return report.outcomes.total() > (idle if report.held else 0)


def _note_held(round_: Round, folder: str, held: int) -> None:
    name = f"{folder}, withdrawals"
    if held:
        words = f"{held} at once wait for your word: paperround ingest --withdraw PATH"
        complain(round_, name, SourceError(words))
    else:
        relieve(round_, name)


async def show_life(round_: Round) -> None:
    """Note a beat of the scheduler, and tell the service manager that it came."""
    round_.metrics.beat(round_.clock(), round_.health.pulse.beat(time.monotonic()))
    round_.manager.alive()


async def push(round_: Round) -> None:
    """Start the pushes that are due; never waits for a subscriber."""
    hub = round_.setup.pusher.hub
    if hub is not None:
        await hub.work(round_.clock)


async def take_returns(round_: Round) -> None:
    """Take in what waits in the Maildir of returned messages, if there is one."""
    house = round_.setup.house
    mail = house.settings.mail
    if mail is None or mail.returns is None:
        return
    taken = await take_all(house.intake(), ReturnBox(mail.returns), round_.clock)
    if taken:
        for one in taken:
            round_.metrics.returned(str(one.step))
        steps = counted(Counter(one.step for one in taken))
        log.info("mail.returned", messages=len(taken), steps=steps)


async def tidy_up(round_: Round) -> None:
    """Drop deliveries that are old; their numbers stay."""
    dropped = await round_.setup.house.drop_old(round_.clock())
    if dropped:
        log.info("mail.dropped", deliveries=dropped)


def complain(round_: Round, name: str, error: Exception) -> None:
    """Tell of a failure, once until it is over."""
    words = one_line(f"{name}: {error}")
    if words not in round_.failing:
        round_.failing.add(words)
        round_.metrics.failing(len(round_.failing))
        log.error("work.failing", what=name, error=one_line(str(error)))


def relieve(round_: Round, name: str) -> None:
    """Tell that what was complained of as `name` is over, if anything was."""
    recovered = {words for words in round_.failing if words.startswith(f"{name}: ")}
    if recovered:
        round_.failing -= recovered
        round_.metrics.failing(len(round_.failing))
        log.info("work.recovered", what=name)


def counted(counts: Mapping[Name, int]) -> dict[str, int]:
    """Return `counts` as a field of an event; without what did not occur."""
    return {str(what): number for what, number in counts.items() if number}
