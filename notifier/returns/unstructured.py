"""Bounces without a report, in words only; the only user of flufl.bounce.

Looks at letters of mail servers alone, for people quote the same words. flufl.bounce is given a
short plain text, so that what is made to be slow is not; addresses come from it, codes from us.
"""

from __future__ import annotations

import logging
import re
from email.message import Message

from notifier.returns.mail import Mail
from notifier.returns.reports import short, status_in
from notifier.returns.returned import Kind, Recipient

logging.getLogger("flufl.bounce").disabled = True  # it logs every step, and what it stumbles over

_MOST_LINES, _LONGEST_LINE = 300, 400
_SERVERS = re.compile(
    r"\b(mailer[-_]?daemon|postmaster|mail[ -]?(delivery|system|administrator|router)|mdaemon)",
    re.IGNORECASE,
)
_COPY = re.compile(
    r"^[\s*>-]*("
    r"-+ ?below this line is a copy|-+ ?original message|-+ ?returned message|"
    r"-+ ?this is a copy|-+ ?the header of|original message (headers )?follows?|"
    r"-+ ?message headers? follow|-+ ?start of returned|unsent message below|message text follows|"
    r"received: from |return-path: <|dkim-signature: "
    r")",
    re.IGNORECASE | re.MULTILINE,
)
_SAID = re.compile(r"(?<![\d.])[45]\d\d[ :-]|#[45]\.\d")
_NAMED = re.compile(r"^\s*<?([^\s<>@:]{1,64}@[^\s<>@:]{1,255})>?:?\s*$", re.MULTILINE)
_FAILED_FIELD = "x-failed-recipients"


def unstructured(mail: Mail) -> tuple[Kind, tuple[Recipient, ...]] | None:
    """Return what a server's letter says; None where it is none, or says nothing we know."""
    if not _from_a_server(mail):
        return None
    told = _COPY.split(_trimmed(mail.text or mail.decoded), 1)[0]
    status = status_in(told)
    diagnostic = short(line for line in told.splitlines() if _SAID.search(line))
    delayed, failed = _scanned(mail)
    if not (delayed or failed or diagnostic):
        return None
    reply = _SAID.search(diagnostic)
    gone = bool(failed) or (not delayed and reply is not None and reply[0].lstrip("#")[0] == "5")
    named = sorted(failed if gone else delayed) or sorted(set(_NAMED.findall(told))) or [""]
    told_of = tuple(
        Recipient(
            final=address,
            failed=gone,
            status=status if len(named) == 1 else "",
            diagnostic=diagnostic,
        )
        for address in named
    )
    return (Kind.FAILURE if gone else Kind.NOTICE), told_of


def _from_a_server(mail: Mail) -> bool:
    return _FAILED_FIELD in mail.fields or bool(_SERVERS.search(mail.first("from")))


def _scanned(mail: Mail) -> tuple[set[str], set[str]]:
    """Return the addresses that are delayed, and those that failed."""
    from flufl.bounce import all_failures  # noqa: PLC0415 - slow to import, and seldom needed

    plain = Message()
    for name in ("from", "subject", "x-mailer", _FAILED_FIELD):
        for value in mail.fields.get(name, ())[:5]:
            plain[name] = value.encode("ascii", "replace").decode("ascii")
    plain.set_payload(_trimmed(mail.text or mail.decoded).encode("ascii", "replace").decode())
    try:
        delayed, failed = all_failures(plain)
    except Exception:  # noqa: BLE001 - patterns of many hands over the words of strangers
        return set(), set()
    return _addresses(delayed), _addresses(failed - delayed)


def _addresses(found: frozenset[bytes]) -> set[str]:
    texts = (one.decode("ascii", "replace").strip("<> ") for one in found)
    return {one for one in texts if one.count("@") == 1 and len(one) <= 254}


def _trimmed(text: str) -> str:
    lines = text.splitlines()[:_MOST_LINES]
    return "\n".join(line[:_LONGEST_LINE] for line in lines) + "\n"
