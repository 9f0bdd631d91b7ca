"""Leaving: what a link in a message allows, and what becomes of a leaving that is taken back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from feeds.store import ArticleStore
from notifier.enrolment import settle
from notifier.roster import Places, Roster, Subscription
from notifier.settings import Settings
from notifier.subscriber import address_key
from notifier.subscribing.rules import rules_of
from notifier.subscribing.welcoming import UNDO, Welcomes
from notifier.tokens import LEAVE, SecretKey, proves, read_token


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


async def take_back(
    settings: Settings,
    places: Places,
    store: ArticleStore,
    subscription: Subscription,
    now: datetime,
) -> None:
    """Take back the leaving of a digest, and of the others that were left with the same click."""
    key = address_key(subscription.address)
    enrolment = (await places.enrolments([key])).get(key)
    for digest, held in (enrolment.held if enrolment else {}).items():
        together = held.left_at is not None and held.left_at == subscription.left_at
        if together or digest == subscription.digest:
            await come_back(settings, places, store, replace(subscription, digest=digest), now)


async def come_back(
    settings: Settings,
    places: Places,
    store: ArticleStore,
    subscription: Subscription,
    now: datetime,
) -> None:
    """Take a leaving back: within a day nothing is missed, later the reader begins as if new."""
    key = address_key(subscription.address)
    welcomes = Welcomes(rules_of(settings), store, now)
    while True:
        before = (await places.enrolments([key])).get(key)
        held = before.held.get(subscription.digest) if before else None
        if before is None or held is None or held.left_at is None:
            return
        back = dict(before.held) | {subscription.digest: replace(held, left_at=None)}
        after = settle(replace(before, held=back), welcomes.rules)
        anew = [] if now - held.left_at < UNDO else [subscription.digest]
        change = await welcomes.change(before, after, anew)
        if not await places.apply([change], now, welcomes.hand):
            return
