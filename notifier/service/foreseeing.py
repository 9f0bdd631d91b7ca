"""Foreseeing: how things will stand once the declared readers have been taken in.

The very reconciling of `send` and `run` is done on copies of the tables it writes; the store stays.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime

from feeds.kit.database import Database
from feeds.kit.supposing import supposing
from feeds.store import ArticleStore, Embargoes, Finder
from notifier.delivery.audience import Audience
from notifier.delivery.opening import Opening
from notifier.delivery.outbox import Outbox
from notifier.delivery.prospect import Prospects
from notifier.delivery.successors import Successors
from notifier.delivery.tracing import Traces
from notifier.mailing import Lookout
from notifier.roster import Places
from notifier.service.house import House
from notifier.subscribing import (
    NO_REMOVAL,
    Removal,
    follows,
    is_reconciled,
    reconcile,
    reconcile_for,
    removal_of,
)
from notifier.tables import followed, lanes, subscribers, subscriptions

_WRITTEN = (subscribers, lanes, subscriptions, followed)  # by a reconciling


@asynccontextmanager
async def foreseen(house: House, now: datetime) -> AsyncIterator[tuple[Lookout, Removal]]:
    """Give the lookout as it will be after a reconciling `now`, and the removal that is part of it.

    One that needs a word is not done, as it would not be without. Raises StoreError.
    """
    settings = house.settings
    if await follows(settings, house.places):
        yield house.lookout(), NO_REMOVAL
        return
    removal = await removal_of(settings, house.places)
    if await is_reconciled(settings, house.places, house.store, now):
        yield house.lookout(), removal
        return
    async with supposing(house.database, _WRITTEN) as database:
        lookout, places = _lookout(house, database), Places(database, house.veil)
        removing = not removal.needs_a_word
        await reconcile(settings, places, lookout.desk.store, now, removing=removing)
        yield lookout, removal


@asynccontextmanager
async def foreseen_for(house: House, address: str, now: datetime) -> AsyncIterator[Lookout]:
    """Give the lookout as it will be for one reader, whoever else was not taken in yet."""
    settings = house.settings
    if await follows(settings, house.places):
        yield house.lookout()
        return
    async with supposing(house.database, _WRITTEN) as database:
        lookout, places = _lookout(house, database), Places(database, house.veil)
        await reconcile_for(settings, places, lookout.desk.store, address, now)
        yield lookout


def _lookout(house: House, base: Database) -> Lookout:
    """Return what planning needs, on another store than that of the house."""
    desk = replace(
        house.desk(),
        store=ArticleStore(base),
        audience=Audience(base),
        outbox=Outbox(base),
        opening=Opening(base),
        successors=Successors(base),
    )
    return Lookout(desk, Prospects(base), Embargoes(base), Finder(base), Traces(base))
