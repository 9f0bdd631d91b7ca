"""The commands that carry a letter's envelope, and what of it a relay cannot take.

Refuses, before a word is said, a message beyond the relay's SIZE (RFC 1870), an address that
needs SMTPUTF8 where there is none (RFC 6531), a bare line end that would be read as the end of
data.
"""

from __future__ import annotations

from dataclasses import dataclass

from notifier.delivery.addresses import needs_smtputf8, wire_address
from notifier.delivery.delivery import Answer, Letter, Phase, Verdict
from notifier.errors import InvalidMessage

_NO_LINE_END = bytes({*range(256)} - {*b"\r\n"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Offers:
    """What a relay announced (RFC 5321, 4.1.1.1).

    `size` says whether MAIL may carry SIZE, `max_size` how many octets it takes, 0 for unknown.
    """

    size: bool = False
    max_size: int = 0
    smtputf8: bool = False
    pipelining: bool = False


def unfit(letter: Letter, offers: Offers) -> Answer | None:
    """Return why `letter` cannot go to a relay that `offers` this, or None when it can."""
    try:
        _path(letter.sender)
    except InvalidMessage as error:
        return Answer(verdict=Verdict.HALT, phase=Phase.SENDER, text=str(error))
    reason = _obstacle(letter, offers)
    if not reason:
        return None
    return Answer(verdict=Verdict.FAILED, phase=Phase.SENDER, text=reason)


def mail_command(letter: Letter, offers: Offers) -> bytes:
    """Return MAIL with the parameters that `letter` asks for, without a line end."""
    line = b"MAIL FROM:" + _path(letter.sender)
    if offers.size:
        line += b" SIZE=%d" % len(letter.content)
    if _needs_smtputf8(letter):
        line += b" SMTPUTF8"
    return line


def rcpt_command(letter: Letter) -> bytes:
    """Return RCPT without a line end."""
    return b"RCPT TO:" + _path(letter.recipient)


def _obstacle(letter: Letter, offers: Offers) -> str:
    try:
        wire_address(letter.recipient)
    except InvalidMessage as error:
        return str(error)
    content, limit = letter.content, offers.max_size
    if len(content.translate(None, _NO_LINE_END)) != 2 * content.count(b"\r\n"):
        return "a bare line end in the message"
    if limit and len(content) > limit:
        return f"the message has {len(content)} octets, the relay takes {limit}"
    if _needs_smtputf8(letter) and not offers.smtputf8:
        return "the address needs SMTPUTF8, which the relay does not offer"
    return ""


def _needs_smtputf8(letter: Letter) -> bool:
    addresses = (letter.sender, letter.recipient)
    return not letter.content.isascii() or any(needs_smtputf8(address) for address in addresses)


def _path(address: str) -> bytes:
    return f"<{wire_address(address) if address else ''}>".encode()
