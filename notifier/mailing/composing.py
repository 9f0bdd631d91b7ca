"""The words of an issue: composed by template, frozen as a message, named by what they are of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from feeds import Entry, Site
from feeds.kit.text import digest as fingerprint
from feeds.store import ArticleStore
from notifier.delivery.message import freeze
from notifier.delivery.opening import Opening
from notifier.delivery.outbox import Edition, Lane, Outbox
from notifier.digest.compose import Composed, Composer, Request
from notifier.digest.issue import Due
from notifier.digest.spec import DigestSpec
from notifier.settings import MailSettings


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


@dataclass(frozen=True, slots=True)
class Window:
    """Where an issue of a lane begins and ends, and what it is called."""

    lane: Lane
    spec: DigestSpec
    due: Due
    upto: int


def compose(desk: Desk, window: Window, entries: Sequence[Entry], now: datetime) -> Edition:
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


def _freeze(desk: Desk, window: Window, composed: Composed, now: datetime) -> bytes:
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
