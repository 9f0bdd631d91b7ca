"""Builders of letters, and of ways to a server in this process."""

from __future__ import annotations

from typing import Any

from notifier.delivery.delivery import Letter
from notifier.delivery.smtp import SmtpTransport
from notifier.settings import SmtpRelay
from tests.smtp_server import SmtpServer

CONTENT = b"Subject: x\r\n\r\n.\r\n..two\r\nFrom me\r\n"
PIPELINING, LOCK_STEP = ("PIPELINING", "SIZE 10000000"), ("SIZE 10000000",)


def a_letter(number: int = 1, *, content: bytes = CONTENT) -> Letter:
    """Return a letter to a recipient of its own."""
    return Letter(
        sender="news@example.org",
        recipient=f"reader{number}@readers.example",
        message_id=f"<{number}@example.org>",
        content=content,
    )


def a_way(
    server: SmtpServer,
    *,
    patience: float = 10.0,
    **fields: Any,  # keyword arguments of SmtpRelay
) -> SmtpTransport:
    """Return a way out to `server` without encryption."""
    given: dict[str, Any] = {
        "host": server.host,
        "port": server.port,
        "tls": "none",
        "timeout": patience,
    }
    relay = SmtpRelay(**(given | fields))
    return SmtpTransport(relay, patience=patience, own_name="courier.example", rest=0.02)
