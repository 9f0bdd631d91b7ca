"""One letter over one SMTP connection, step by step (RFC 5321, 3.3), its phase known exactly.

Refuses, before a word is said, what the relay cannot take: a message beyond its SIZE, an address
that needs SMTPUTF8 where there is none, a bare line end that would be read as the end of data.
"""

from __future__ import annotations

from dataclasses import dataclass

from notifier.delivery.addresses import needs_smtputf8, wire_address
from notifier.delivery.delivery import Answer, Letter, Phase, Verdict, classify, unanswered
from notifier.delivery.wire import Reply, Silence, Wire
from notifier.errors import InvalidMessage

# asyncio's TLS hides what waits below it, up to its high-water mark: written in one piece, a
# long body would seem to have left at once.
_CHUNK = 65_536


@dataclass(frozen=True, slots=True)
class Connection:
    """A connection ready for letters, and what the relay announced (RFC 1870, RFC 6531).

    `size` says whether MAIL may carry SIZE, `max_size` how many octets it takes, 0 for unknown.
    """

    wire: Wire
    size: bool
    max_size: int
    smtputf8: bool


class Transaction:
    """One letter on its way: `phase` is how far it has come.

    Once it has run, `in_step` says whether the connection can be used for another. `timeout`
    holds for every step but the answer to the final dot, which has `patience`; both in seconds.
    """

    def __init__(self, connection: Connection, timeout: float, patience: float) -> None:
        self._connection = connection
        self._wire = connection.wire
        self._timeout = timeout
        self._patience = patience
        self.phase = Phase.SENDER
        self.in_step = False

    async def run(self, letter: Letter) -> Answer:
        """Return the first refusal, or the answer to the final dot."""
        try:
            return await self._envelope(letter) or await self._content(letter.content)
        except Silence as silence:
            return unanswered(self.phase, str(silence))

    async def _envelope(self, letter: Letter) -> Answer | None:
        for phase, line, wanted in (
            (Phase.SENDER, _mail(letter, self._connection), 2),
            (Phase.RECIPIENT, b"RCPT TO:" + _path(letter.recipient), 2),
            (Phase.DATA, b"DATA", 3),
        ):
            self.phase = phase
            reply = await self._wire.command(line, self._timeout)
            if reply.code // 100 != wanted:
                self.in_step = reply.code >= 400
                return self._answer(reply)
        return None

    async def _content(self, content: bytes) -> Answer:
        """The dot goes by itself, after all else has left us: before it nothing is in doubt."""
        self.phase = Phase.BODY
        stuffed = _stuffed(content)
        for start in range(0, len(stuffed), _CHUNK):
            self._wire.write(stuffed[start : start + _CHUNK])
            await self._wire.flush(self._timeout)
            if not self._wire.quiet:
                # An answer in the middle: no way leads back to commands but a new connection.
                return self._answer(await self._wire.reply(self._timeout))
        self.phase = Phase.ANSWER
        self._wire.write(b".\r\n")
        reply = await self._wire.reply(self._patience)
        self.in_step = reply.code // 100 != 3
        return self._answer(reply)

    def _answer(self, reply: Reply) -> Answer:
        return classify(reply.code, reply.text, self.phase)


def unfit(letter: Letter, connection: Connection) -> Answer | None:
    """Return why `letter` cannot go over `connection` at all, or None when it can."""
    try:
        _path(letter.sender)
    except InvalidMessage as error:
        return Answer(verdict=Verdict.HALT, phase=Phase.SENDER, text=str(error))
    reason = _obstacle(letter, connection)
    if not reason:
        return None
    return Answer(verdict=Verdict.FAILED, phase=Phase.SENDER, text=reason)


def _obstacle(letter: Letter, connection: Connection) -> str:
    try:
        wire_address(letter.recipient)
    except InvalidMessage as error:
        return str(error)
    content, limit = letter.content, connection.max_size
    line_ends = content.count(b"\r\n")
    if content.count(b"\n") != line_ends or content.count(b"\r") != line_ends:
        return "a bare line end in the message"
    if limit and len(content) > limit:
        return f"the message has {len(content)} octets, the relay takes {limit}"
    if _needs_smtputf8(letter) and not connection.smtputf8:
        return "the address needs SMTPUTF8, which the relay does not offer"
    return ""


def _needs_smtputf8(letter: Letter) -> bool:
    addresses = (letter.sender, letter.recipient)
    return not letter.content.isascii() or any(needs_smtputf8(address) for address in addresses)


def _mail(letter: Letter, connection: Connection) -> bytes:
    line = b"MAIL FROM:" + _path(letter.sender)
    if connection.size:
        line += b" SIZE=%d" % len(letter.content)
    if _needs_smtputf8(letter):
        line += b" SMTPUTF8"
    return line


def _path(address: str) -> bytes:
    return f"<{wire_address(address) if address else ''}>".encode()


def _stuffed(content: bytes) -> bytes:
    """Return `content` with dots doubled at line starts (RFC 5321, 4.5.2) and CRLF at its end."""
    if content.startswith(b"."):
        content = b"." + content
    if not content.endswith(b"\r\n"):
        content += b"\r\n"
    return content.replace(b"\r\n.", b"\r\n..")
