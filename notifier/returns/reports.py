"""What structured reports say: delivery status (RFC 3464) and feedback (RFC 5965).

Pure; standard library only. The code decides and never the words: a server's prose says anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from notifier.returns.mail import Fields, Mail, first
from notifier.returns.returned import Kind, Recipient

_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
# A reply code with the enhanced one behind it, or in the manner of qmail: (#5.1.1).
_REPLY = re.compile(r"(?:(?<![\d.])([245])\d\d[ -]{1,3}|#\s?)([245]\.\d{1,3}\.\d{1,3})(?!\.?\d)")
_XTEXT = re.compile(r"\+([0-9A-F]{2})")
_WORDS = 500
_NO_COMPLAINT = frozenset({"not-spam", "auth-failure", "auth-success"})


def delivery_report(mail: Mail) -> tuple[Kind, tuple[Recipient, ...]] | None:
    """Return what a delivery status says; None where there is none.

    `delayed`, `relayed`, `expanded` and `delivered` are no failures (RFC 3464, 2.3.3), whatever
    the status beside them.
    """
    told = tuple(_recipient(block) for block in mail.blocks if _is_about_somebody(block))
    if not told:
        return None
    failed = any(one.failed for one in told)
    return (Kind.FAILURE if failed else Kind.NOTICE), told


def feedback_report(mail: Mail) -> tuple[Kind, tuple[Recipient, ...]] | None:
    """Return what a feedback report says; None where there is none."""
    if mail.feedback is None:
        return None
    kind = first(mail.feedback, "feedback-type").lower()
    named = [_address(one) for one in mail.feedback.get("original-rcpt-to", ())]
    told = tuple(Recipient(original=one, failed=False) for one in named if one)
    return (Kind.NOTICE if kind in _NO_COMPLAINT else Kind.COMPLAINT), told


def envelope_ids(mail: Mail) -> tuple[str, ...]:
    """Return the envelope identifiers in a report, as we gave them (RFC 3464, 2.2.1)."""
    found = (value for block in mail.blocks for value in block.get("original-envelope-id", ()))
    return tuple(unxtext(value.strip("<> ")) for value in found)


def status_in(text: str) -> str:
    """Return the enhanced code (RFC 3463) that stands behind a reply code in `text`, or nothing.

    Where several differ nobody knows which one counts, so it is none.
    """
    found = {match[2] for match in _REPLY.finditer(text) if match[1] in {None, "", match[2][0]}}
    return found.pop() if len(found) == 1 else ""


def unxtext(text: str) -> str:
    """Return what `text` in xtext says (RFC 3461, 4)."""
    return _XTEXT.sub(lambda match: chr(int(match[1], 16)), text)


def short(words: Iterable[str]) -> str:
    """Return words on one line that is not too long."""
    return " ".join(" ".join(words).split())[:_WORDS]


def _is_about_somebody(block: Fields) -> bool:
    return any(name in block for name in ("final-recipient", "original-recipient", "action"))


def _recipient(block: Fields) -> Recipient:
    written = _STATUS.match(first(block, "status").strip())
    status = written[1] if written else ""
    diagnostic = first(block, "diagnostic-code").partition(";")[2] or first(
        block, "diagnostic-code"
    )
    # What the last server said itself is nearer to the truth than what ours made of it.
    said = status_in(diagnostic)
    if said and (not status or said[0] == status[0]):
        status = said
    return Recipient(
        original=_address(unxtext(first(block, "original-recipient"))),
        final=_address(first(block, "final-recipient")),
        failed=_failed(first(block, "action").lower(), status),
        status=status,
        diagnostic=short([diagnostic]),
    )


def _failed(action: str, status: str) -> bool:
    if action.startswith(("delayed", "relayed", "expanded", "delivered", "deliverable")):
        return False
    return action.startswith(("fail", "error")) or status.startswith("5")


def _address(value: str) -> str:
    """Return the address in `rfc822; reader@example.org`, of whatever type it is said to be."""
    _, semicolon, rest = value.partition(";")
    address = (rest if semicolon else value).strip().strip("<>").strip()
    address = address[5:].strip() if address.lower().startswith("smtp:") else address
    return address if "@" in address and " " not in address else ""
