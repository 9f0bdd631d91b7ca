"""What becomes of one delivery: states, what a server's words mean, how long to wait.

Pure; standard library only. Talks to nobody. Values of which there is one for each letter are not
frozen, for that makes each three times as dear; but nobody changes one.
"""

from __future__ import annotations

import enum
import hashlib
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

_BACK_OFF_MINUTES = (1, 5, 15, 30, 60, 120, 240)
_JITTER = 0.2
_ENHANCED = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_DEAD = frozenset({"5.1.1", "5.1.2", "5.1.6", "5.1.10"})
_TOO_BIG = frozenset({"5.2.3", "5.3.4"})
_SENDER_REFUSED = frozenset({"5.1.7", "5.1.8"})
_LOGIN_REFUSED = frozenset({530, 534, 535, 538})  # RFC 4954, 6
_TEXT_LIMIT = 500


RESENT = "resent after doubt"
WITHDRAWN = "withdrawn"


class State(enum.StrEnum):
    """The states of a delivery; the audience of an issue is the sum over all of them."""

    QUEUED = "queued"
    SENDING = "sending"
    DEFERRED = "deferred"
    ACCEPTED = "accepted"
    FAILED = "failed"
    EXPIRED = "expired"
    SKIPPED = "skipped"
    IN_DOUBT = "in_doubt"


class Phase(enum.StrEnum):
    """How far a transaction had come when the answer, or the silence, arrived."""

    CONNECT = "connect"  # connection, greeting, EHLO, STARTTLS
    LOGIN = "login"
    SENDER = "sender"  # MAIL
    RECIPIENT = "recipient"  # RCPT
    DATA = "data"  # DATA until 354
    BODY = "body"  # the message has begun to leave, its final dot has not
    ANSWER = "answer"  # the final dot has left


class Verdict(enum.StrEnum):
    """What an answer means for the delivery."""

    ACCEPTED = "accepted"  # the relay took it
    DEFERRED = "deferred"  # try again later; the reader is fine
    FAILED = "failed"  # this message to this reader will not go
    DEAD_ADDRESS = "dead_address"  # the recipient does not exist (5.1.1, 5.1.2, 5.1.6, 5.1.10)
    HALT = "halt"  # login or sender refused: nothing of this digest will go
    IN_DOUBT = "in_doubt"  # the final dot left, no answer came


_ANSWER, _ACCEPTED = Phase.ANSWER, Verdict.ACCEPTED  # to look them up each time costs a call


@dataclass(slots=True)
class Answer:
    """What came of one attempt; `code` and `enhanced` are the server's (RFC 5321, RFC 3463)."""

    verdict: Verdict
    phase: Phase
    code: int | None = None
    enhanced: str = ""
    text: str = ""


@dataclass(slots=True)
class Letter:
    """A finished message with its envelope: `content` has CRLF line ends and is never changed.

    `envelope_id` is our name for it in reports (RFC 3461), else the Message-ID is. The letter is
    `sound` where it is known to have no other line ends, one at its end, no line with a leading
    dot, and ASCII but for the addresses of its envelope.
    """

    sender: str
    recipient: str
    message_id: str
    content: bytes
    envelope_id: str = ""
    sound: bool = False


class Chunk(NamedTuple):
    """Deliveries of one issue that a sender has claimed; `fence` proves that it still has."""

    issue_id: int
    number: int
    fence: int


@dataclass(slots=True)
class Job:
    """One delivery to be made: whom to write to, with which words, and how often it was tried.

    It is not `wanted` where the reader had left, or must not be written to, when it was looked up.
    """

    issue_id: int
    subscriber_id: int
    subscription_id: int
    edition_id: str
    address: str
    name: str
    generation: int
    attempts: int
    reason: str
    expires: datetime
    digest: str
    wanted: bool = True


@dataclass(slots=True)
class Mark:
    """What to record of a delivery; `due` matters for one that waits."""

    state: State
    due: datetime
    reason: str = ""
    answer: Answer | None = None


def classify(code: int, text: str, phase: Phase) -> Answer:
    """Return what a reply (RFC 5321, 4.2) to the command of `phase` means for the delivery.

    The code decides, never the words; the enhanced code (RFC 3463) is taken from `text` only
    to tell why a final refusal came. A reply that fits no phase costs nobody anything: it is
    a deferral, and after the final dot it is doubt.
    """
    found = _ENHANCED.match(text.lstrip()) if 200 <= code < 600 else None
    enhanced = found[1] if found and int(found[1][0]) == code // 100 else ""
    return Answer(_verdict(code, enhanced, phase), phase, code, enhanced, text[:_TEXT_LIMIT])


def unanswered(phase: Phase, text: str) -> Answer:
    """Return what silence in `phase` means: a lost connection, a deadline, or nonsense.

    Before the final dot nothing was delivered; after it nobody knows.
    """
    verdict = Verdict.IN_DOUBT if phase is Phase.ANSWER else Verdict.DEFERRED
    return Answer(verdict=verdict, phase=phase, text=text[:_TEXT_LIMIT])


def next_attempt(
    attempts: int, now: datetime, seed: str, *, expires: datetime | None = None
) -> datetime:
    """Return when to try again after `attempts` attempts (1 or more), at most `expires`.

    The waits grow from a minute to four hours; `seed`, such as the delivery's key, spreads them
    by up to a fifth either way, always the same for the same attempt.
    """
    minutes = _BACK_OFF_MINUTES[min(max(attempts, 1), len(_BACK_OFF_MINUTES)) - 1]
    drawn = hashlib.sha256(f"{attempts}:{seed}".encode("utf-8", "surrogatepass")).digest()
    share = int.from_bytes(drawn[:4], "big") / 0xFFFFFFFF
    due = now + timedelta(minutes=minutes * (1 + _JITTER * (2 * share - 1)))
    return due if expires is None else min(due, expires)


def _verdict(code: int, enhanced: str, phase: Phase) -> Verdict:
    if 500 <= code < 600:
        return _refusal(code, enhanced, phase)
    if 400 <= code < 500:
        return Verdict.DEFERRED
    if phase is not _ANSWER:
        return Verdict.DEFERRED
    return _ACCEPTED if 200 <= code < 300 else Verdict.IN_DOUBT


def _refusal(code: int, enhanced: str, phase: Phase) -> Verdict:
    if phase in {Phase.CONNECT, Phase.LOGIN} or code in _LOGIN_REFUSED:
        return Verdict.HALT
    if enhanced in _SENDER_REFUSED:
        return Verdict.HALT
    if phase is Phase.SENDER:
        about_this_message = code == 552 or enhanced in _TOO_BIG or enhanced == "5.6.7"
        return Verdict.FAILED if about_this_message else Verdict.HALT
    if phase is Phase.RECIPIENT and enhanced in _DEAD:
        return Verdict.DEAD_ADDRESS
    return Verdict.FAILED
