"""The words of an issue: composed by template, frozen as a message, named by what they are of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from feeds import Entry
from feeds.kit.text import digest as fingerprint
from notifier.delivery.message import freeze
from notifier.delivery.outbox import Edition
from notifier.digest.compose import Composed, Request
from notifier.mailing.desk import Desk
from notifier.mailing.turns import Turn


def compose(
    desk: Desk,
    turn: Turn,
    entries: Sequence[Entry],
    now: datetime,
    spans_from: datetime | None = None,
) -> Edition:
    """Render and freeze the words; their name comes from everything that they are made of."""
    key, spec = turn.lane.key, turn.spec
    instant = turn.slot.instant
    request = Request(
        spec=spec,
        entries=entries,
        language=key.language,
        zone=key.timezone,
        instant=instant,
        span=(spans_from, instant) if spans_from else None,
    )
    made_of = [f"{entry.article.id}/{entry.revision}/{entry.arrival}" for entry in entries]
    name = fingerprint(repr(replace(request, entries=())), *made_of, repr(desk.site))[:32]
    page_url = f"{desk.site.url}/digests/{spec.name}/{name}"
    composed = desk.composer.compose(replace(request, page_url=page_url))
    return Edition(
        id=name,
        digest=spec.name,
        language=key.language,
        subject=composed.subject,
        articles=tuple(entry.article.id for entry in entries),
        arrivals=tuple(entry.arrival or 0 for entry in entries),
        shown=len(composed.shown),
        frozen=_freeze(desk, turn, composed, now),
    )


def _freeze(desk: Desk, turn: Turn, composed: Composed, now: datetime) -> bytes:
    mail, spec = desk.mail, turn.spec
    domain = mail.from_address.rpartition("@")[2]
    frozen = freeze(
        subject=composed.subject,
        html=composed.html,
        text=composed.text,
        from_name=mail.from_name,
        from_address=mail.from_address,
        date=now,
        reply_to=mail.reply_to,
        language=turn.lane.key.language,
        list_id=f"{spec.name}.{domain}",
        list_name=spec.title,
    )
    return frozen.to_bytes()
