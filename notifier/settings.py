"""The whole configuration as values, checked and complete; built by `configuration`."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit

from feeds import FeedSpec, ForEach, Site, WebSubSettings
from notifier.digest.catalogues import Catalogues
from notifier.digest.spec import SUBJECT, TEMPLATE, DigestSpec
from notifier.subscriber import Declaration

LEASE = timedelta(seconds=90)  # between signs of life of a sender, at most
SHORTEST_KEPT = timedelta(days=31)  # of deliveries: what comes back looks for them for 30 days


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderSource:
    """A folder that is watched for documents; naive times in them are in `timezone`."""

    name: str
    folder: Path
    language: str = ""
    timezone: str = "UTC"


class DkimProfile(enum.StrEnum):
    """Who signs what leaves through a relay, and over what."""

    OURS = "ours"
    RELAY = "relay"  # the relay signs, we do not
    REWRITTEN = "rewritten"  # ours without Message-ID and Date, which the relay replaces


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpRelay:
    """A mail server: `tls` is `starttls`, `implicit` or `none`; a password implies verified TLS.

    With `lmtp` it speaks LMTP (RFC 2033), and `host` may be the path of a socket. `rate` and
    `warm_up`, the rate of an address that nobody knows yet, are messages per second; 0 is no limit.
    `signing` is how what leaves here is signed, where that is not as everything is.
    """

    host: str
    port: int
    tls: str
    username: str = ""
    password: str = field(default="", repr=False)
    connections: int = 4
    timeout: float = 60.0
    ca_file: str = ""
    lmtp: bool = False
    messages_per_connection: int = 100
    rate: float = 0.0
    warm_up: float = 0.0
    signing: DkimProfile | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Maildir:
    """A Maildir on this machine."""

    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class DkimKey:
    """A private key in PEM, and the selector under which DNS publishes its public half."""

    selector: str
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dkim:
    """How messages are signed (RFC 6376): once with each of `keys`, for `domain` (A-labels)."""

    domain: str = ""
    keys: tuple[DkimKey, ...] = ()
    profile: DkimProfile = DkimProfile.OURS

    @property
    def selectors(self) -> tuple[str, ...]:
        """The selectors that a message frozen now is signed under, whatever comes later."""
        return tuple(each.selector for each in self.keys)


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSettings:
    """How messages leave: header From (`from_name` may be empty), envelope sender, transport.

    With `bounce_domain` each message has an envelope sender of its own there, else all have
    `envelope_sender`. With `leave_by_mail`, which needs that domain, mail to another address of
    each message there means that its reader wants no more. `fallbacks` are for when the transport
    does not work, the first that does. `lease` is how long a sender may give no sign of life before
    another one takes over. `returns` is the Maildir where what comes back is read.
    Deliveries are dropped, and their numbers kept, `keep_deliveries` after their issue has ended.
    With `hashed_suppressions` no address is kept in the clear for not being written to.
    """

    from_address: str
    transport: SmtpRelay | Maildir
    fallbacks: tuple[SmtpRelay, ...] = ()
    from_name: str = ""
    reply_to: str = ""
    envelope_sender: str = ""
    bounce_domain: str = ""
    leave_by_mail: bool = False
    dkim: Dkim | None = None
    returns: Path | None = None
    in_doubt: str = "resend"
    lease: timedelta = LEASE
    keep_deliveries: timedelta = timedelta(days=90)
    hashed_suppressions: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything an operator declared, with defaults filled in.

    `store` is a database URL without secrets resolved into logs; `folder` where the configuration
    lives, `templates` its override folder (may not exist), `words` the operator's own phrases of
    digests by language. `trusted_proxies` are IP addresses and networks (CIDR) whose word is taken
    for where a request came from. `metrics` is the host and port where operators' addresses are
    offered beside `host` and `port`, `token` what opens them here.
    """

    site: Site
    store: str = field(repr=False)
    folder: Path
    templates: Path
    words: Catalogues = field(default_factory=dict)
    host: str = "127.0.0.1"
    port: int = 8000
    trusted_proxies: tuple[str, ...] = ()
    metrics: tuple[str, int] | None = None
    token: str = field(default="", repr=False)
    watch: timedelta = timedelta(seconds=2)
    grace: timedelta = timedelta(seconds=30)
    sources: tuple[FolderSource, ...] = ()
    feeds: tuple[FeedSpec, ...] = ()
    for_each: tuple[ForEach, ...] = ()
    gone: tuple[str, ...] = ()
    websub: WebSubSettings = field(default_factory=WebSubSettings)
    digests: tuple[DigestSpec, ...] = ()
    subscribers: Sequence[Declaration] = ()
    mail: MailSettings | None = None

    @property
    def built_in_only(self) -> bool:
        """Whether digests have no template, phrase or subject of the operator's own."""
        own = any((d.subject, d.template) != (SUBJECT, TEMPLATE) for d in self.digests)
        return not own and not self.templates.is_dir()

    @property
    def store_file(self) -> Path | None:
        """The file of a SQLite store; None on PostgreSQL."""
        kind, _, path = self.store.partition(":///")
        return Path(unquote(path.partition("?")[0])) if kind.startswith("sqlite") else None

    @property
    def written(self) -> Sequence[tuple[str, Path]]:
        """The folders that the service writes to, each with what it is for."""
        mail, found = self.mail, []
        if self.store_file is not None:
            found.append(("the store", self.store_file.parent))
        if mail and isinstance(mail.transport, Maildir):
            found.append(("messages", mail.transport.path))
        if mail and mail.returns is not None:
            found.append(("returned messages", mail.returns))
        return found

    @property
    def secrets(self) -> frozenset[str]:
        """The passwords and private keys in these settings, for whoever has to keep them out."""
        mail = self.mail
        relays = (mail.transport, *mail.fallbacks) if mail else ()
        keys = mail.dkim.keys if mail and mail.dkim else ()
        found = {relay.password for relay in relays if isinstance(relay, SmtpRelay)}
        found |= {key.key for key in keys} | {unquote(urlsplit(self.store).password or "")}
        found.add(self.token)
        return frozenset(found - {""})

    @property
    def hubs(self) -> tuple[str, ...]:
        """The hubs of others that are told of changes."""
        return self.websub.hubs
