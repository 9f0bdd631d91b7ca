"""The commands that carry a letter's envelope, and what of it a relay cannot take.

Where the relay reports on deliveries (RFC 3461), it is asked to report failures, with our name for
the letter and with the address as we wrote it, so that a report leads to its reader wherever the
letter was forwarded to.

Refuses, before a word is said, a message beyond the relay's SIZE (RFC 1870), an address that
needs SMTPUTF8 where there is none (RFC 6531), a bare line end that would be read as the end of
data.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from notifier.delivery.addresses import needs_smtputf8, wire_address
from notifier.delivery.delivery import Answer, Letter, Phase, Verdict
from notifier.errors import InvalidMessage

_XTEXT = re.compile("[!-*,-<>-~]*")
_NOT_XTEXT = re.compile(r"[^!-*,-<>-~]")
_MOST_ENVID = 100  # characters of xtext (RFC 3461, 4.4)
_MOST_ORCPT = 500  # characters with the type of the address (RFC 3461, 4.2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offers:
    """What a relay announced (RFC 5321, 4.1.1.1).

    `size` says whether MAIL may carry SIZE, `max_size` how many octets it takes, 0 for unknown;
    `dsn` whether it can be asked for reports (RFC 3461).
    """

    size: bool = False
    max_size: int = 0
    smtputf8: bool = False
    pipelining: bool = False
    dsn: bool = False


def unfit(letter: Letter, offers: Offers) -> Answer | None:
    """Return why `letter` cannot go to a relay that `offers` this, or None when it can."""
    try:
        _bare(letter.sender)
    except InvalidMessage as error:
        return Answer(verdict=Verdict.HALT, phase=Phase.SENDER, text=str(error))
    reason = _obstacle(letter, offers)
    if not reason:
        return None
    return Answer(verdict=Verdict.FAILED, phase=Phase.SENDER, text=reason)


def commands(letter: Letter, offers: Offers) -> bytes:
    """Return MAIL, RCPT and DATA as one group (RFC 2920, 3.1)."""
    return f"{_mail(letter, offers)}\r\n{_rcpt(letter, offers)}\r\nDATA\r\n".encode()


def mail_command(letter: Letter, offers: Offers) -> bytes:
    """Return MAIL with the parameters that `letter` asks for, without a line end."""
    return _mail(letter, offers).encode()


def rcpt_command(letter: Letter, offers: Offers) -> bytes:
    """Return RCPT without a line end, which asks for reports of failures where `offers` has them.

    Of delays it asks nothing: they cost nobody anything, and come by the thousand.
    """
    return _rcpt(letter, offers).encode()


def xtext(text: str) -> str:
    """Return `text`, ASCII, as a parameter may carry it (RFC 3461, 4); "" where it is not ASCII."""
    if _XTEXT.fullmatch(text):
        return text
    return _NOT_XTEXT.sub(lambda m: f"+{ord(m[0]):02X}", text) if text.isascii() else ""


def _mail(letter: Letter, offers: Offers) -> str:
    size = f" SIZE={len(letter.content)}" if offers.size else ""
    utf8 = " SMTPUTF8" if _needs_smtputf8(letter) else ""
    reports = _named(letter) if offers.dsn and letter.sender else ""
    return f"MAIL FROM:<{_bare(letter.sender)}>{size}{utf8}{reports}"


def _named(letter: Letter) -> str:
    """Return what asks for the headers in a report, and for our name of the letter."""
    name = xtext(letter.envelope_id() or letter.message_id.strip("<>"))
    return f" RET=HDRS ENVID={name}" if 0 < len(name) <= _MOST_ENVID else " RET=HDRS"


def _rcpt(letter: Letter, offers: Offers) -> str:
    address = _bare(letter.recipient)
    if not offers.dsn or not letter.sender:
        return f"RCPT TO:<{address}>"
    written = xtext(address)  # none for an address that only RFC 6533 could write
    fits = written and len(written) + len("rfc822;") <= _MOST_ORCPT
    original = f" ORCPT=rfc822;{written}" if fits else ""
    return f"RCPT TO:<{address}> NOTIFY=FAILURE{original}"


def _obstacle(letter: Letter, offers: Offers) -> str:
    try:
        wire_address(letter.recipient)
    except InvalidMessage as error:
        return str(error)
    content, limit = letter.content, offers.max_size
    if not letter.sound and _has_bare_line_end(content):
        return "a bare line end in the message"
    if limit and len(content) > limit:
        return f"the message has {len(content)} octets, the relay takes {limit}"
    if not offers.smtputf8 and _needs_smtputf8(letter):
        return "the address needs SMTPUTF8, which the relay does not offer"
    return ""


def _has_bare_line_end(content: bytes) -> bool:
    ends = content.count(b"\r\n")
    return not content.count(b"\r") == content.count(b"\n") == ends


def _needs_smtputf8(letter: Letter) -> bool:
    if not letter.sound and not letter.content.isascii():
        return True
    return needs_smtputf8(letter.sender) or needs_smtputf8(letter.recipient)


def _bare(address: str) -> str:
    return wire_address(address) if address else ""
