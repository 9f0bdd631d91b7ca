"""A setup: everything that one configuration makes of the store, as one value.

A process has one at a time. What works takes it up once, at the beginning of its turn, so that no
turn meets two of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from feeds.web import FeedServer
from notifier.mailing import Desk, Sender
from notifier.service.health import Health
from notifier.service.house import House
from notifier.service.metrics import Metrics
from notifier.service.observing import observed
from notifier.service.public import pusher_of, web_of
from notifier.service.pushing import Pusher
from notifier.service.roles import Role
from notifier.web import ASGIApp, Observed


@dataclass(frozen=True, slots=True)
class Instruments:
    """What outlasts any setup; `wake` is called when there is something to push."""

    health: Health
    metrics: Metrics
    clock: Callable[[], datetime]
    wake: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Setup:
    """What the service works with; `desk` and `sender` are None where nothing is sent here."""

    house: House
    server: FeedServer
    app: ASGIApp
    desk: Desk | None
    sender: Sender | None
    pusher: Pusher
    observed: Observed


def set_up(
    house: House, role: Role, instruments: Instruments, before: Setup | None = None
) -> Setup:
    """Build what the service works with.

    What goes on as it was is taken over from `before`: connections that have found their pace, and
    pushes that are under way. Raises TransportError where nothing could ever be sent.
    """
    pusher = _kept_pusher(house, before) or pusher_of(house, instruments.wake)
    told = observed(house, pusher, instruments.health, instruments.metrics, instruments.clock)
    server, app = web_of(house, pusher, told)
    mail = house.settings.mail is not None
    sender = None
    if mail and role.sends:
        sender = _kept_sender(house, before) or house.sender(
            house.queue(), instruments.metrics.sent
        )
    desk = house.desk(instruments.metrics.expired) if mail else None
    return Setup(house, server, app, desk, sender, pusher, told)


def _kept_sender(house: House, before: Setup | None) -> Sender | None:
    old, new = before.house.settings if before else None, house.settings
    same = before and old and (old.mail, old.site) == (new.mail, new.site)
    return before.sender if before and same else None


def _kept_pusher(house: House, before: Setup | None) -> Pusher | None:
    old, new = before.house.settings if before else None, house.settings
    same = before and old and (old.websub, old.site) == (new.websub, new.site)
    return before.pusher if before and same else None
