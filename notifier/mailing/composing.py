"""The words of an issue: composed by template, frozen as a message, named by what they are of."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from feeds import Entry
from feeds.kit.text import digest as fingerprint
from notifier.delivery.edition import Edition
from notifier.delivery.message import freeze
from notifier.digest.address import address_of
from notifier.digest.compose import Composed, Request
from notifier.digest.values import dated
from notifier.mailing.desk import Desk
from notifier.mailing.turns import Turn
from notifier.tokens import PAGE, signed

_KEPT = 256  # editions


class Words:
    """Composed words that are kept for a while: lanes that are due together share many."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Edition] = OrderedDict()

    def of(self, name: str, make: Callable[[], Edition]) -> Edition:
        """Return the edition of that name, made if it is not there."""
        if name not in self._kept:
            self._kept[name] = make()
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(name)
        return self._kept[name]

    def known(self, desk: Desk, request: Request) -> Edition | None:
        """Return words that will do for a request without looking at its dates."""
        return None

    def note(self, desk: Desk, request: Request, composed: Composed, edition: Edition) -> None:
        """Note words that were made."""


class Sketches(Words):
    """Words that are told of and not sent: those will do that differ in dates alone.

    Where dates cannot matter to what is told of them: the subject, and how many articles fit.
    """

    def __init__(self) -> None:
        super().__init__()
        self._sketches: dict[object, Edition] = {}

    def known(self, desk: Desk, request: Request) -> Edition | None:
        """Return words of the same articles."""
        return self._sketches.get(_undated(request))

    def note(self, desk: Desk, request: Request, composed: Composed, edition: Edition) -> None:
        """Keep words that fit with room to spare, by templates that make nothing of a date."""
        if composed.is_roomy and not desk.composer.minds_dates(request.spec):
            self._sketches[_undated(request)] = edition


def _undated(request: Request) -> object:
    told = tuple((entry.article.id, entry.revision, entry.arrival) for entry in request.entries)
    paged, catches_up = bool(request.page_url), request.span is not None
    return request.spec.name, request.language, paged, catches_up, told


def compose(
    desk: Desk,
    turn: Turn,
    entries: Sequence[Entry],
    now: datetime,
    spans_from: datetime | None = None,
    *,
    public: bool = False,
    words: Words | None = None,
) -> Edition:
    """Render and freeze the words; their name comes from everything that they are made of.

    Of words that are `public` the page is that of the issue; that of all others has an address
    which only those know who get them. What is in `words` already is not made again.
    """
    key, spec = turn.lane.key, turn.spec
    instant = turn.slot.instant
    request = Request(
        spec=spec,
        entries=entries,
        language=key.language,
        zone=key.timezone,
        instant=instant,
        span=(spans_from, instant) if spans_from else None,
        page_url=_public_page(desk, turn) if public else "",
    )
    kept = words or Words()
    known = kept.known(desk, request)
    if known is not None:
        return known
    name = _name(desk, request)

    def make() -> Edition:
        personal = f"{desk.site.url}/digests/{spec.name}/{signed(desk.key, PAGE, name)}"
        composed = desk.composer.compose(replace(request, page_url=request.page_url or personal))
        edition = Edition(
            id=name,
            digest=spec.name,
            language=key.language,
            subject=composed.subject,
            articles=tuple(entry.article.id for entry in entries),
            arrivals=tuple(entry.arrival or 0 for entry in entries),
            shown=len(composed.shown),
            frozen=_freeze(desk, turn, composed, now),
        )
        kept.note(desk, request, composed, edition)
        return edition

    return kept.of(name, make)


def _name(desk: Desk, request: Request) -> str:
    """Return what names the words: everything that they are made of, and when."""
    made_of = (f"{e.article.id}/{e.revision}/{e.arrival}" for e in request.entries)
    told = (request.language, request.instant.isoformat(), request.page_url, *dated(request))
    return fingerprint(repr(request.spec), repr(desk.site), *told, *made_of)[:32]


def _public_page(desk: Desk, turn: Turn) -> str:
    """Return where everybody can read the issue of this turn."""
    address = address_of(turn.slot, turn.lane.key.timezone, turn.schedule)
    return f"{desk.site.url}/digests/{turn.spec.name}/{address}"


def _freeze(desk: Desk, turn: Turn, composed: Composed, now: datetime) -> bytes:
    mail, spec, language = desk.mail, turn.spec, turn.lane.key.language
    domain = mail.from_address.rpartition("@")[2]
    listed = "" if turn.schedule.at_once else f"{desk.site.url}/digests/{spec.name}"
    frozen = freeze(
        subject=composed.subject,
        html=composed.html,
        text=composed.text,
        from_name=mail.from_name,
        from_address=mail.from_address,
        date=now,
        reply_to=mail.reply_to,
        language=language,
        list_id=f"{spec.name}.{domain}",
        list_name=spec.title,
        list_archive=listed,
        list_help=f"{desk.site.url}/",
        feedback_id=f"{spec.name}:{language}:digest:{fingerprint(domain)[:12]}",
        selectors=mail.dkim.selectors if mail.dkim else (),
    )
    return frozen.to_bytes()
