"""Reloading: an edited configuration is built whole, then takes the place of the one in use.

Whatever is wrong with an edit leaves that one working, and is told: in the log, in the store for
`paperround status`, and to whoever asked. The swap is between two looks and two openings; what is
being sent goes on.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import Any

from feeds import FeedsError
from feeds.errors import StoreError
from feeds.kit.logs import logger
from feeds.library import publish
from notifier.configuration.snapshots import Snapshot
from notifier.errors import NotifierError
from notifier.reloads import Attempt, Outcome, Reloads
from notifier.service.edits import Edit, Source, fingerprint, fitting
from notifier.service.house import house_of
from notifier.service.opening import open_due_of
from notifier.service.roles import Role
from notifier.service.setup import Setup, set_up
from notifier.service.watching import State, Watched, changes
from notifier.service.work import Round, loop
from notifier.subscribing import Reconciled, reconcile, removal_of
from notifier.web import Operators

log = logger()

WORD = "if that is meant: paperround reload --yes"


@dataclass(slots=True)
class Reloader:
    """Takes up edits, one at a time.

    `withheld` says that readers are left in the store who are not declared any more; `last` is the
    last attempt.
    """

    source: Source
    role: Role
    round: Round
    reloads: Reloads
    edit: Edit
    withheld: bool = False
    last: Attempt | None = None
    _answered: int = 0
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _files: tuple[Path, ...] = ()
    _seen: State = ()  # of the files as the service begins: what comes later is an edit
    _leaving: set[asyncio.Task[None]] = field(default_factory=set)

    @classmethod
    def of(cls, source: Source, role: Role, round_: Round) -> Reloader:
        """Return what takes up edits of `source` for a service that begins."""
        reloads = Reloads(round_.setup.house.database)
        made = cls(source, role, round_, reloads, source.first())
        made._seen = made.watched().state()
        return made

    @property
    def process(self) -> str:
        """How this process is named in the store."""
        return f"{self.role}@{socket.gethostname()}"

    def watched(self) -> Watched:
        """Return the files that may change what is in use, or what was refused last."""
        return Watched(self.source.path, (*self.edit.loaded.files, *self._files))

    async def begin(self, done: Reconciled) -> None:
        """Note with what the service has started; wishes of before are none of ours."""
        self._answered, _ = await self.reloads.wishes(0)
        self.withheld = done.held is not None
        attempt = Attempt(outcome=Outcome.APPLIED, trigger="start", at=self.round.clock())
        attempt = _counted(attempt, done)
        if done.held:
            words = f"{done.held}, and are still there; {WORD}"
            attempt = replace(attempt, outcome=Outcome.HELD, problems=(words,))
        await self._tell(attempt, begins=True)

    def operators(self) -> Operators:
        """Return what operators may ask for over the web."""

        async def reload(yes: bool) -> Attempt:
            return await self.reload("web", yes=yes)

        return Operators(
            lambda: self.round.setup.house.settings.token, reload, self.reloads.standings
        )

    def works(self) -> Iterator[Coroutine[Any, Any, None]]:
        """Return what is to be done besides: at wishes, at signals, and when files change."""

        async def reload_if_asked(_: Round) -> None:
            await self.answer()

        async def reload_by_signal(_: Round) -> None:
            await self.reload("signal")

        yield loop(self.round, self.round.asked, reload_if_asked)
        yield loop(self.round, self.round.again, reload_by_signal)
        yield self._follow()

    async def _follow(self) -> None:
        async for _ in changes(self.watched, self._seen, self.round.stop):
            if self.round.stop.is_set():
                return
            await self.reload("change")

    async def answer(self) -> None:
        """Reload if somebody wishes it in the store; try again what could not be written."""
        last, yes = await self.reloads.wishes(self._answered)
        if last > self._answered:
            self._answered = last
            await self.reload("command", yes=yes)
        elif self.last is not None and self.last.outcome is Outcome.FAILED:
            await self.reload(self.last.trigger)

    async def reload(self, trigger: str, *, yes: bool = False) -> Attempt:
        """Take up what stands in the files; `yes` lets it remove as many readers as it likes."""
        async with self._lock:
            began, now = monotonic(), self.round.clock()
            self.round.manager.reloading()
            try:
                attempt = Attempt(outcome=Outcome.APPLIED, trigger=trigger, at=now)
                attempt = await self._attempt(attempt, yes=yes)
            except StoreError as error:
                attempt = Attempt(
                    outcome=Outcome.FAILED, trigger=trigger, at=now, problems=(str(error),)
                )
            attempt = replace(attempt, seconds=monotonic() - began)
            await self._tell(attempt)
            self.round.manager.ready()
            return attempt

    async def _attempt(self, attempt: Attempt, *, yes: bool) -> Attempt:
        edit = await asyncio.to_thread(self.source.read)
        self._files = edit.loaded.files
        if edit.errors or edit.loaded.settings is None:
            return _refused(attempt, *map(str, edit.errors))
        self.source.learn(edit.loaded.settings)
        before = self.round.setup
        settings, notes = fitting(before.house.settings, edit.loaded.settings)
        attempt = replace(attempt, notes=notes)
        same = settings == before.house.settings and edit.templates == self.edit.templates
        if same and not (self.withheld and yes):
            return replace(attempt, outcome=Outcome.UNCHANGED)
        try:
            house = await house_of(settings, before.house.database, before.house.keys)
            setup = set_up(house, self.role, self.round.instruments, before)
            await setup.server.refresh()
        except StoreError:
            raise
        except (FeedsError, NotifierError) as error:
            return _refused(attempt, str(error))
        if await asyncio.to_thread(fingerprint, settings.templates) != edit.templates:
            return _refused(attempt, "templates were written to meanwhile; they are read again")
        if self.role.schedules and not yes:
            removal = await removal_of(settings, house.places)
            if removal.needs_a_word:
                words = f"{removal}; {WORD}"
                return replace(attempt, outcome=Outcome.HELD, problems=(words,))
        done = await self._swap(setup)
        self.edit, self.withheld = edit, False
        return _counted(attempt, done)

    async def _swap(self, setup: Setup) -> Reconciled:
        """Let feeds and readers be as `setup` has them, and go on with it.

        Feeds are published before, so that one which is new or renamed is there by then, and
        issues that are due are opened: a slot that comes meanwhile is one of the old schedule.
        """
        before, done = self.round.setup, Reconciled()
        async with self.round.looking:
            if self.role.schedules:
                await publish(setup.house.press, self.round.clock())
                await setup.server.refresh()
            async with self.round.opening:
                if self.role.schedules:
                    now = self.round.clock()
                    if before.desk is not None:  # what was due by now goes as it was declared
                        await open_due_of(self.round, before.desk, now)
                    done = await self._reconcile(setup, now)
                self.round.swap(setup)
        if setup.pusher is not before.pusher:
            grace = before.house.settings.grace.total_seconds()
            task = asyncio.create_task(before.pusher.stop(grace))
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)
        return done

    async def _reconcile(self, setup: Setup, now: datetime) -> Reconciled:
        """Let readers, and those who are pushed to, be as `setup` has them."""
        house = setup.house
        done = await reconcile(house.settings, house.places, house.store, now)
        if setup.pusher is self.round.setup.pusher:
            await setup.pusher.deny(house.settings.gone, now)
        else:
            await setup.pusher.begin(house.settings.gone, now, alone=False)
        return done

    async def _tell(self, attempt: Attempt, *, begins: bool = False) -> None:
        """Let everybody know: the log, the metrics, and the store."""
        mended = self.last is not None and not self.last.is_fine
        self.last = attempt
        _say(attempt, mended=mended)
        self.round.metrics.reloaded(attempt.at, successful=attempt.is_fine)
        self.round.health.edit = "" if attempt.is_fine else "see `paperround status`"
        applied = begins or attempt.outcome is Outcome.APPLIED
        snapshot = Snapshot.of(self.edit.loaded).plain() if applied else None
        try:
            await self.reloads.note(self.process, attempt, snapshot, self._answered)
        except StoreError:
            log.warning("configuration.not_recorded")


def _counted(attempt: Attempt, done: Reconciled) -> Attempt:
    return replace(attempt, added=done.added, changed=done.changed, removed=done.removed)


def _refused(attempt: Attempt, *problems: str) -> Attempt:
    return replace(attempt, outcome=Outcome.REFUSED, problems=problems)


def _in_a_line(problem: str) -> str:
    """Leave out the line of the file and its caret, which say nothing beside each other."""
    headline, *others = problem.splitlines() or [""]
    return "; ".join([headline, *(line.strip() for line in others if line[:3] != "   ")])


def _say(attempt: Attempt, *, mended: bool) -> None:
    if attempt.outcome is Outcome.APPLIED:
        log.info(
            "configuration.applied",
            trigger=attempt.trigger,
            milliseconds=round(attempt.seconds * 1000),
            added=attempt.added,
            changed=attempt.changed,
            removed=attempt.removed,
        )
    elif attempt.is_fine and (mended or attempt.trigger != "change"):  # somebody waits for that
        log.info("configuration.unchanged", trigger=attempt.trigger)
    elif not attempt.is_fine:
        log.error(
            "configuration.not_applied", trigger=attempt.trigger, outcome=str(attempt.outcome)
        )
    for problem in attempt.problems:
        log.error("configuration.problem", problem=_in_a_line(problem))
    for note in attempt.notes:
        log.warning("configuration.later", what=note)
