"""What opening issues needs: the stores, the composer, and what was declared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from feeds import Site
from feeds.store import ArticleStore
from notifier.delivery.audience import Audience
from notifier.delivery.opening import Opening
from notifier.delivery.outbox import Outbox
from notifier.delivery.successors import Successors
from notifier.digest.compose import Composer
from notifier.digest.spec import DigestSpec
from notifier.settings import MailSettings
from notifier.tokens import SecretKey


@dataclass(slots=True)
class Looked:
    """Up to which change withdrawals were looked for: to save work."""

    change: int = -1


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything that opening an issue needs.

    `expired` hears of deliveries that were not made in time: how many, by digest.
    """

    store: ArticleStore
    audience: Audience
    outbox: Outbox
    opening: Opening
    composer: Composer
    site: Site
    mail: MailSettings
    digests: tuple[DigestSpec, ...]
    key: SecretKey
    successors: Successors
    looked: Looked = field(default_factory=Looked)
    expired: Callable[[Mapping[str, int]], None] = lambda _: None
