"""How long the certificates of the site and of the mail servers are good for."""

from __future__ import annotations

import asyncio
import smtplib
import socket
import ssl
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from urllib.parse import urlsplit

from feeds import Site
from notifier.deliverability.finding import About, Finding
from notifier.settings import Maildir, SmtpRelay

SOON = timedelta(days=14)

_PATIENCE = 10.0  # seconds


async def look_at_certificates(
    site: Site, ways: Sequence[SmtpRelay | Maildir], now: datetime
) -> list[Finding]:
    """Return how long each certificate is good for; nothing for whoever has none."""
    asked: list[tuple[str, Callable[[], float]]] = []
    parts = urlsplit(site.url)
    if parts.scheme == "https" and parts.hostname:
        host, port = parts.hostname, parts.port or 443
        asked.append((host, partial(_direct, host, port, "")))
    asked += [
        (f"{way.host}:{way.port}", partial(_of_relay, way))
        for way in ways
        if isinstance(way, SmtpRelay) and way.tls != "none" and not way.lmtp
    ]
    looks = [asyncio.to_thread(_look, name, ask, now) for name, ask in asked]
    return list(await asyncio.gather(*looks))


def _look(name: str, ask: Callable[[], float], now: datetime) -> Finding:
    about = About("certificate")
    try:
        left = timedelta(seconds=ask() - now.timestamp())
    except ssl.SSLCertVerificationError as error:
        advice = "renew it, or name the authority: `ca_file` for mail servers"
        return about.wrong(f"{name}: its certificate is not good: {error.verify_message}", advice)
    except (OSError, smtplib.SMTPException) as error:
        unknown = isinstance(error, socket.gaierror)
        reason = (
            "no address is known for it" if unknown else getattr(error, "strerror", "") or error
        )
        message = f"{name}: its certificate cannot be seen from here: {reason}"
        return about.unknown(message, "see whether the host is reached from this machine")
    if left < SOON:
        return about.doubtful(f"{name}: its certificate ends in {left.days} days", "renew it")
    return about.fine(f"{name}: its certificate is good for {left.days} days")


def _direct(host: str, port: int, ca_file: str) -> float:
    """Return when the certificate at that address ends, as seconds since 1970."""
    context = ssl.create_default_context(cafile=ca_file or None)
    with (
        socket.create_connection((host, port), timeout=_PATIENCE) as plain,
        context.wrap_socket(plain, server_hostname=host) as way,
    ):
        return _end(way)


def _of_relay(relay: SmtpRelay) -> float:
    if relay.tls == "implicit":
        return _direct(relay.host, relay.port, relay.ca_file)
    context = ssl.create_default_context(cafile=relay.ca_file or None)
    with smtplib.SMTP(relay.host, relay.port, timeout=_PATIENCE) as session:
        session.starttls(context=context)
        assert isinstance(session.sock, ssl.SSLSocket)
        return _end(session.sock)


def _end(way: ssl.SSLSocket) -> float:
    certificate = way.getpeercert() or {}
    return float(ssl.cert_time_to_seconds(str(certificate["notAfter"])))
