"""What becomes of one delivery: states, what a server's words mean, how long to wait.

Pure; standard library only. Talks to nobody.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of one attempt; `code` and `enhanced` are the server's (RFC 5321, RFC 3463)."""

    verdict: Verdict
    phase: Phase
    code: int | None = None
    enhanced: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A finished message with its envelope: `content` has CRLF line ends and is never changed."""

    sender: str
    recipient: str
    message_id: str
    content: bytes
