"""Opening what is due: from a lane and a slot to an issue with its editions and its audience.

Calls the article store, the composer and the outbox in order. A template that fails costs its own
digest this slot's issue and nothing else; the articles stay due.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from feeds import Entry
from notifier.delivery.opening import NewIssue
from notifier.delivery.outbox import Edition, Group, Lane
from notifier.digest.issue import EXPIRES_AT_MOST, Due, due, expiry, selection_of
from notifier.digest.spec import DigestSpec
from notifier.errors import InvalidMessage, TemplateError
from notifier.mailing.composing import Desk, Window, compose
from notifier.schedule.language import Schedule, parse_schedule
from notifier.schedule.slots import at_once_slot, extra_slot

_RUN = 500  # articles read together
AT_ONCE_LIMIT = 5  # articles that are sent each by itself; more at once are one message


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What came of one due slot: an issue for so many readers, or the reason why there is none."""

    digest: str
    slot: str
    timezone: str
    readers: int = 0
    articles: int = 0
    reason: str = ""
    failed: bool = False


async def open_due(desk: Desk, now: datetime, at: datetime | None = None) -> list[Opened]:
    """Open every issue that is due at `now`; expire first what was not sent in time.

    With `at`, open what is due as if it were that time, with the articles there are now.
    """
    await desk.outbox.expire(now)
    done = []
    for lane, spec, schedule in await _lanes(desk, [spec.name for spec in desk.digests]):
        if schedule.at_once:
            done += await _open_each(desk, lane, spec, now)
            continue
        found = due(
            spec,
            schedule,
            lane.key.timezone,
            served_at=lane.served_at,
            covered_to=lane.covered_to,
            now=at or now,
        )
        if found is not None:
            done.append(await _open(desk, lane, spec, found, now))
    await desk.outbox.finish()
    return done


async def open_now(
    desk: Desk, names: Sequence[str], now: datetime, at: datetime | None = None
) -> list[Opened]:
    """Open an extra issue of each named digest for each of its lanes, due or not."""
    await desk.outbox.expire(now)
    done = []
    for lane, spec, schedule in await _lanes(desk, names):
        slot = extra_slot(at or now)
        limit = expiry(spec, schedule, lane.key.timezone, slot.instant)
        done.append(await _open(desk, lane, spec, Due(slot=slot, expires=limit), now))
    await desk.outbox.finish()
    return done


async def _lanes(desk: Desk, names: Sequence[str]) -> list[tuple[Lane, DigestSpec, Schedule]]:
    specs = {spec.name: spec for spec in desk.digests}
    return [
        (lane, specs[lane.key.digest], parse_schedule(lane.key.schedule))
        for lane in await desk.outbox.lanes(names)
    ]


async def _open_each(desk: Desk, lane: Lane, spec: DigestSpec, now: datetime) -> list[Opened]:
    """Open an issue for each article that has arrived; many at once are gathered into one."""
    if (await desk.store.marks()).arrival <= lane.cursor:
        return []
    upto = await desk.store.seal(now, now)
    every = Window(lane, spec, Due(slot=extra_slot(now), expires=now), upto)
    arrivals = sorted(entry.arrival or 0 for entry in await _entries(desk, every, lane.cursor))
    done = []
    for arrival in arrivals if len(arrivals) <= AT_ONCE_LIMIT else arrivals[-1:]:
        lanes = {lane.id: lane for lane in await desk.outbox.lanes([spec.name])}
        if lane.id not in lanes:
            break
        current, each = lanes[lane.id], replace(spec, minimum=1)
        slot = at_once_slot(arrival, max(now, current.served_at))
        found = Due(slot=slot, expires=slot.instant + (spec.expires or EXPIRES_AT_MOST))
        done.append(await _open(desk, current, each, found, now, upto=arrival))
    return done


async def _open(
    desk: Desk,
    lane: Lane,
    spec: DigestSpec,
    found: Due,
    now: datetime,
    *,
    upto: int | None = None,
) -> Opened:
    result = Opened(digest=spec.name, slot=found.slot.identity, timezone=lane.key.timezone)
    slot, instant = found.slot.identity, found.slot.instant
    if found.folded:
        reason = "too late: its articles go into the next issue"
        await desk.outbox.skip(lane, slot, instant, reason, now)
        return replace(result, reason=reason)
    if upto is None:
        upto = await desk.store.seal(instant, now)
    window = Window(lane, spec, found, upto)
    try:
        chosen = await _editions(desk, window, now)
    except (TemplateError, InvalidMessage) as error:
        return replace(result, reason=str(error), failed=True)
    if not chosen.editions:
        served = None if chosen.held else window.upto
        await desk.outbox.skip(lane, slot, instant, chosen.reason, now, upto=served)
        return replace(result, reason=chosen.reason)
    issue = NewIssue(
        lane=lane,
        slot=slot,
        instant=instant,
        upto=window.upto,
        expires=found.expires,
        spans_from=found.spans_from,
        editions=tuple(chosen.editions),
        held=tuple(chosen.held),
    )
    if await desk.opening.open(issue, now) is None:
        return replace(result, reason="opened before, or by somebody else")
    readers = sum(group.readers for group, _ in chosen.editions)
    articles = max(len(edition.articles) for _, edition in chosen.editions)
    return replace(result, readers=readers, articles=articles)


@dataclass(slots=True)
class _Chosen:
    """Editions for the groups of a lane, and the groups for whom there is too little."""

    editions: list[tuple[Group, Edition]] = field(default_factory=list)
    held: list[Group] = field(default_factory=list)
    reason: str = "no reader to send to"


async def _editions(desk: Desk, window: Window, now: datetime) -> _Chosen:
    chosen = _Chosen()
    for group in await desk.outbox.groups(window.lane, now):
        entries = await _entries(desk, window, group.after)
        if not entries:
            chosen.reason = "no new articles"
        elif len(entries) < window.spec.minimum:
            chosen.held.append(group)
            chosen.reason = f"{len(entries)} new articles, fewer than {window.spec.minimum}"
        else:
            edition = await asyncio.to_thread(compose, desk, window, entries, now)
            chosen.editions.append((group, edition))
    return chosen


async def _entries(desk: Desk, window: Window, after: int) -> list[Entry]:
    """Return what the lane's selection admits of `(after, upto]`, in reading order."""
    query = selection_of(window.spec, window.lane.key.selection)
    found: list[Entry] = []
    while entries := await desk.store.arrived(after, window.upto, _RUN):
        after = entries[-1].arrival or window.upto
        found += [entry for entry in entries if query.admits(entry.article)]
    return sorted(found, key=lambda entry: entry.sort_key)
