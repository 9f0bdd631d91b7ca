"""Opening what is due: from a lane and a slot to an issue with its editions and its audience.

Calls the article store, the composer and the outbox in order. A template that fails costs its own
digest this slot's issue and nothing else; the articles stay due.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from feeds import Entry, Site
from feeds.kit.text import digest as fingerprint
from feeds.store import ArticleStore
from notifier.delivery.message import freeze
from notifier.delivery.opening import NewIssue, Opening
from notifier.delivery.outbox import Edition, Group, Lane, Outbox
from notifier.digest.compose import Composed, Composer, Request
from notifier.digest.issue import Due, due, expiry, selection_of
from notifier.digest.spec import DigestSpec
from notifier.errors import InvalidMessage, TemplateError
from notifier.schedule.language import Schedule, parse_schedule
from notifier.schedule.slots import extra_slot
from notifier.settings import MailSettings

_RUN = 500  # articles read together


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything that opening an issue needs."""

    store: ArticleStore
    outbox: Outbox
    opening: Opening
    composer: Composer
    site: Site
    mail: MailSettings
    digests: tuple[DigestSpec, ...]


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


@dataclass(frozen=True, slots=True)
class _Window:
    """Where an issue of a lane begins and ends, and what it is called."""

    lane: Lane
    spec: DigestSpec
    due: Due
    upto: int


async def open_due(desk: Desk, now: datetime, at: datetime | None = None) -> list[Opened]:
    """Open every issue that is due at `now`; expire first what was not sent in time.

    With `at`, open what is due as if it were that time, with the articles there are now.
    """
    await desk.outbox.expire(now)
    done = []
    for lane, spec, schedule in await _lanes(desk, [spec.name for spec in desk.digests]):
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


async def _open(desk: Desk, lane: Lane, spec: DigestSpec, found: Due, now: datetime) -> Opened:
    result = Opened(digest=spec.name, slot=found.slot.identity, timezone=lane.key.timezone)
    slot, instant = found.slot.identity, found.slot.instant
    if found.folded:
        reason = "too late: its articles go into the next issue"
        await desk.outbox.skip(lane, slot, instant, reason, now)
        return replace(result, reason=reason)
    window = _Window(lane, spec, found, await desk.store.seal(instant, now))
    try:
        chosen = await _editions(desk, window, now)
    except (TemplateError, InvalidMessage) as error:
        return replace(result, reason=str(error), failed=True)
    if not chosen.editions:
        upto = None if chosen.held else window.upto
        await desk.outbox.skip(lane, slot, instant, chosen.reason, now, upto=upto)
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


async def _editions(desk: Desk, window: _Window, now: datetime) -> _Chosen:
    chosen = _Chosen()
    for group in await desk.outbox.groups(window.lane, now):
        entries = await _entries(desk, window, group.after)
        if not entries:
            chosen.reason = "no new articles"
        elif len(entries) < window.spec.minimum:
            chosen.held.append(group)
            chosen.reason = f"{len(entries)} new articles, fewer than {window.spec.minimum}"
        else:
            edition = await asyncio.to_thread(_compose, desk, window, entries, now)
            chosen.editions.append((group, edition))
    return chosen


async def _entries(desk: Desk, window: _Window, after: int) -> list[Entry]:
    """Return what the lane's selection admits of `(after, upto]`, in reading order."""
    query = selection_of(window.spec, window.lane.key.selection)
    found: list[Entry] = []
    while entries := await desk.store.arrived(after, window.upto, _RUN):
        after = entries[-1].arrival or window.upto
        found += [entry for entry in entries if query.admits(entry.article)]
    return sorted(found, key=lambda entry: entry.sort_key)


def _compose(desk: Desk, window: _Window, entries: Sequence[Entry], now: datetime) -> Edition:
    """Render and freeze the words; their name comes from everything that they are made of."""
    key, spec = window.lane.key, window.spec
    instant = window.due.slot.instant
    spans_from = window.due.spans_from
    request = Request(
        spec=spec,
        entries=entries,
        language=key.language,
        zone=key.timezone,
        instant=instant,
        span=(spans_from, instant) if spans_from else None,
    )
    made_of = [f"{entry.article.id}/{entry.revision}" for entry in entries]
    name = fingerprint(repr(replace(request, entries=())), *made_of, repr(desk.site))[:32]
    page_url = f"{desk.site.url}/digests/{spec.name}/{name}"
    composed = desk.composer.compose(replace(request, page_url=page_url))
    return Edition(
        id=name,
        digest=spec.name,
        language=key.language,
        subject=composed.subject,
        articles=tuple(entry.article.id for entry in entries),
        shown=len(composed.shown),
        frozen=_freeze(desk, window, composed, now),
    )


def _freeze(desk: Desk, window: _Window, composed: Composed, now: datetime) -> bytes:
    mail, spec = desk.mail, window.spec
    domain = mail.from_address.rpartition("@")[2]
    frozen = freeze(
        subject=composed.subject,
        html=composed.html,
        text=composed.text,
        from_name=mail.from_name,
        from_address=mail.from_address,
        date=now,
        reply_to=mail.reply_to,
        language=window.lane.key.language,
        list_id=f"{spec.name}.{domain}",
        list_name=spec.title,
    )
    return frozen.to_bytes()
