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


class Unfit(Exception):
    """A letter that cannot go to a relay: `answer` says why."""

    def __init__(self, verdict: Verdict, text: str) -> None:
        super().__init__(text)
        self.answer = Answer(verdict=verdict, phase=Phase.SENDER, text=text)


def unfit(letter: Letter, offers: Offers) -> Answer | None:
    """Return why `letter` cannot go to a relay that `offers` this, or None when it can."""
    try:
        _lines(letter, offers)
    except Unfit as found:
        return found.answer
    return None


def commands(letter: Letter, offers: Offers) -> bytes:
    """Return MAIL, RCPT and DATA as one group (RFC 2920, 3.1). Raises Unfit."""
    mail, rcpt = _lines(letter, offers)
    return f"{mail}\r\n{rcpt}\r\nDATA\r\n".encode()


def one_by_one(letter: Letter, offers: Offers) -> tuple[bytes, bytes]:
    """Return MAIL and RCPT, without line ends. Raises Unfit.

    Where the relay `offers` reports it is asked for those of failures. Of delays it is asked
    nothing: they cost nobody anything, and come by the thousand.
    """
    mail, rcpt = _lines(letter, offers)
    return mail.encode(), rcpt.encode()


def xtext(text: str) -> str:
    """Return `text`, ASCII, as a parameter may carry it (RFC 3461, 4); "" where it is not ASCII."""
    if _XTEXT.fullmatch(text):
        return text
    return _NOT_XTEXT.sub(lambda m: f"+{ord(m[0]):02X}", text) if text.isascii() else ""


def _lines(letter: Letter, offers: Offers) -> tuple[str, str]:
    """Return MAIL and RCPT, with the parameters that `letter` asks for."""
    sender, recipient = _addresses(letter)
    needs_utf8 = _needs_smtputf8(letter)
    if not letter.sound or needs_utf8 or offers.max_size:
        _refuse_unfit(letter, offers, needs_utf8)
    size = f" SIZE={len(letter.content)}" if offers.size else ""
    utf8 = " SMTPUTF8" if needs_utf8 else ""
    mail, rcpt = f"MAIL FROM:<{sender}>{size}{utf8}", f"RCPT TO:<{recipient}>"
    if not offers.dsn or not sender:
        return mail, rcpt
    # To have the headers in a report, and our name of the letter.
    name = xtext(letter.envelope_id or letter.message_id.strip("<>"))
    named = f" RET=HDRS ENVID={name}" if 0 < len(name) <= _MOST_ENVID else " RET=HDRS"
    written = xtext(recipient)  # none for an address that only RFC 6533 could write
    fits = written and len(written) + len("rfc822;") <= _MOST_ORCPT
    original = f" ORCPT=rfc822;{written}" if fits else ""
    return mail + named, f"{rcpt} NOTIFY=FAILURE{original}"


def _addresses(letter: Letter) -> tuple[str, str]:
    """Return sender, which may be empty, and recipient as commands have them."""
    verdict = Verdict.HALT
    try:
        sender = wire_address(letter.sender) if letter.sender else ""
        verdict = Verdict.FAILED
        return sender, wire_address(letter.recipient)
    except InvalidMessage as error:
        raise Unfit(verdict, str(error)) from None


def _refuse_unfit(letter: Letter, offers: Offers, needs_utf8: bool) -> None:
    size, limit = len(letter.content), offers.max_size
    if not letter.sound and _has_bare_line_end(letter.content):
        reason = "a bare line end in the message"
    elif limit and size > limit:
        reason = f"the message has {size} octets, the relay takes {limit}"
    elif needs_utf8 and not offers.smtputf8:
        reason = "the address needs SMTPUTF8, which the relay does not offer"
    else:
        return
    raise Unfit(Verdict.FAILED, reason)


def _has_bare_line_end(content: bytes) -> bool:
    ends = content.count(b"\r\n")
    return not content.count(b"\r") == content.count(b"\n") == ends


def _needs_smtputf8(letter: Letter) -> bool:
    if not letter.sound and not letter.content.isascii():
        return True
    if letter.sender.isascii() and letter.recipient.isascii():  # most are: two calls fewer
        return False
    return needs_smtputf8(letter.sender) or needs_smtputf8(letter.recipient)
