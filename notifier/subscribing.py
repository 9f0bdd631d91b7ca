"""Readers come and go: declared ones with the configuration, and whoever follows a link."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from feeds.store import ArticleStore
from notifier.declared import Declared, Placement, Reconciled, Wanted
from notifier.digest.lane import LaneKey, lane_of, public_lane, schedule_of, welcome_since
from notifier.digest.spec import DigestSpec
from notifier.roster import Roster, Subscription
from notifier.settings import Settings
from notifier.subscriber import Declaration
from notifier.tokens import LEAVE, SecretKey, proves, read_token


@dataclass(frozen=True, slots=True)
class _Welcomes:
    """Where newcomers begin, by how far their first issue reaches back; asked for once each."""

    store: ArticleStore
    now: datetime
    known: dict[tuple[str, str], int]

    async def cursor(self, spec: DigestSpec, lane: LaneKey) -> int:
        key = (spec.name, lane.schedule)
        if key not in self.known:
            since = welcome_since(spec, schedule_of(spec, lane), self.now)
            self.known[key] = await self.store.arrival_at(since)
        return self.known[key]


async def reconcile(
    settings: Settings, declared: Declared, store: ArticleStore, now: datetime
) -> Reconciled:
    """Make the roster's declared readers those of `settings`, and its lanes those they need."""
    specs = {spec.name: spec for spec in settings.digests}
    welcomes = _Welcomes(store, now, {})
    await declared.publish(
        [
            Placement(lane=lane, cursor=await welcomes.cursor(spec, lane))
            for spec in settings.digests
            if not spec.schedule.at_once
            for lane in [public_lane(spec, settings.site)]
        ],
        now,
    )
    wanted = [await _wanted(reader, specs, settings, welcomes) for reader in settings.subscribers]
    return await declared.reconcile(wanted, now)


async def _wanted(
    reader: Declaration, specs: dict[str, DigestSpec], settings: Settings, welcomes: _Welcomes
) -> Wanted:
    places = []
    for name, choice in reader.digests.items():
        lane = lane_of(specs[name], choice, reader, settings.site)
        cursor = await welcomes.cursor(specs[name], lane)
        places.append(Placement(lane=lane, cursor=cursor))
    return Wanted(address=reader.email, name=reader.name, places=tuple(places))


async def claimed(token: str, roster: Roster, keys: Sequence[SecretKey]) -> Subscription | None:
    """Return the subscription that `token` lets one leave; None if it proves nothing."""
    claim = read_token(token)
    subscription = await roster.subscription(claim.subject) if claim else None
    if claim is None or subscription is None:
        return None
    # A link that has been replaced stays good for leaving.
    generations = range(subscription.generation, 0, -1)
    proven = any(proves(claim, key, LEAVE, one) for key in keys for one in generations)
    return subscription if proven else None
