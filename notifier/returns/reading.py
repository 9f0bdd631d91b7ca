"""From bytes that came back to what they are, and the traces they hold of whom they are about.

Raises nothing, whatever the bytes. A letter of which nothing is known is `other`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice

from notifier.returns.automatic import is_automatic
from notifier.returns.mail import Mail, digest_of, parse
from notifier.returns.reports import delivery_report, envelope_ids, feedback_report
from notifier.returns.returned import Kind, Recipient, Returned, Traces
from notifier.returns.unstructured import unstructured

_MOST_TRACES = 50
_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9.-]{1,255}")
_LEAVE = re.compile(r"/u/([0-9]{1,9}-[0-9]{1,18}-[A-Za-z0-9_-]{27})(?![A-Za-z0-9_-])")
_MESSAGE_ID = re.compile(r"(?<![A-Za-z0-9.+_-])([A-Fa-f0-9]{32})@")
_WISH = re.compile(
    r"\W*(?:unsubscribe|leave)\W+([0-9]{1,9}-[0-9]{1,18}-[A-Za-z0-9_-]{27})\s*\Z", re.IGNORECASE
)
_SENT_TO = ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "to", "cc")
_SENT_FROM = ("return-path", "original-mail-from", "x-original-mail-from")


def read(raw: bytes, sent_to: str = "") -> Returned:
    """Return what `raw` is; `sent_to` is the address it came to, where the mail server tells it."""
    mail = parse(raw)
    kind, recipients = _judged(mail)
    return Returned(
        kind=kind, digest=digest_of(raw), recipients=recipients, traces=_traces(mail, sent_to)
    )


def _judged(mail: Mail) -> tuple[Kind, tuple[Recipient, ...]]:
    found = feedback_report(mail) or delivery_report(mail)
    if found is None:
        # Some servers mark their bounces as automatic, as nobody else does theirs.
        found = unstructured(mail)
    if found is None:
        found = (Kind.AUTOMATIC if is_automatic(mail) else Kind.OTHER), ()
    return found


def _traces(mail: Mail, sent_to: str) -> Traces:
    envelope = [sent_to]
    envelope += [value for name in _SENT_TO for value in mail.fields.get(name, ())]
    for fields in (mail.returned, mail.feedback or {}):
        envelope += [value for name in _SENT_FROM for value in fields.get(name, ())]
    inside = [value for name in ("list-unsubscribe",) for value in mail.returned.get(name, ())]
    everything = [*_values(mail.returned.values()), mail.decoded, mail.raw]
    wish = _WISH.match(mail.first("subject"))
    return Traces(
        envelope=_distinct(_ADDRESS, envelope),
        envelope_ids=envelope_ids(mail)[:_MOST_TRACES],
        inside=_distinct(_ADDRESS, [*inside, *everything]),
        tokens=_distinct(_LEAVE, everything),
        message_ids=tuple(one.lower() for one in _distinct(_MESSAGE_ID, everything)),
        subject_token=wish[1] if wish else "",
    )


def _values(fields: Iterable[tuple[str, ...]]) -> Iterator[str]:
    for values in fields:
        yield from values


def _distinct(pattern: re.Pattern[str], texts: Iterable[str]) -> tuple[str, ...]:
    """Return what `pattern` finds, each once, in the order of the texts, and not without end."""
    found = (match[match.lastindex or 0] for text in texts for match in pattern.finditer(text))
    return tuple(islice(dict.fromkeys(islice(found, 1000)), _MOST_TRACES))
