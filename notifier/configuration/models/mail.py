"""The sections about mail: how messages leave, how they are signed, where failures go."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import BeforeValidator, Field

from notifier.configuration import scalars
from notifier.configuration.models.section import Section, setting
from notifier.configuration.models.values import (
    Address,
    Duration,
    FilePath,
    InDoubt,
    Mailbox,
    MailDomain,
    Profile,
    Rate,
    Selector,
    Suppressed,
    Text,
    TransportAddress,
    Truth,
    UpTo100,
    UpToAMillion,
)


def _ways(value: object) -> object:
    """One way out is a list of one; an address alone has nothing of its own."""
    if isinstance(value, list) and not value:
        scalars.wrong("this list is empty", kind="a way out for mail")
    found = value if isinstance(value, list) else [scalars.text(value)]
    return [one if isinstance(one, dict) else {"address": scalars.text(one)} for one in found]


def _bounces(value: object) -> object:
    """One address is that of all messages."""
    return value if isinstance(value, dict) else {"address": scalars.text(value)}


class DkimKeySection(Section):
    """A key that signs messages."""

    selector: Selector = setting("the name under which DNS has the public key")
    key: Text = setting("the private key in PEM, RSA or Ed25519", secret=True)


class DkimSection(Section):
    """How messages are signed."""

    domain: MailDomain = setting(
        "who signs: the domain of `from`, or one above or below it, else DMARC does not count it",
        "",
        said="required",
    )
    selector: Selector = setting("the name under which DNS has the public key", "", said="required")
    key: Text = setting(
        "the private key in PEM, RSA or Ed25519; `paperround init --dkim DOMAIN DIR` makes one",
        "",
        said="required",
        secret=True,
    )
    also: DkimKeySection | None = setting(
        "a map of `selector` and `key`: a second signature", None, said="none"
    )
    profile: Profile = setting(
        "`relay`: the mail server signs and we do not (nothing else is needed then);"
        " `rewritten`: we sign, but not Message-ID and Date, for a mail server that replaces them",
        "ours",
    )


class BouncesSection(Section):
    """Where failures are reported."""

    short: ClassVar[str] = "address"

    address: Address = setting(
        "the same as the address alone: one for all messages", "", said="the address of `from`"
    )
    domain: MailDomain = setting(
        "a domain whose mail you read (not together with `address`): each message has an envelope"
        " sender of its own there, so a failure says whose it is",
        "",
    )
    unsubscribe: Truth = setting(
        "`true`: mail programs are offered an address in that domain to leave by, after the page;"
        " only where its mail is read",
        False,
    )


class ReturnsSection(Section):
    """Where what comes back is read."""

    maildir: FilePath = setting("the Maildir into which the mail server puts what comes back")


class WaySection(Section):
    """A way out, and what it has of its own."""

    stand_in: ClassVar[dict[str, object]] = {"address": "maildir:mail"}
    short: ClassVar[str] = "address"

    address: TransportAddress = setting("the way out")
    password: Text | None = setting("of the login in `address`", None, secret=True)
    ca_file: FilePath = setting("certificates (PEM)", "", inherits="mail.ca_file")
    connections: UpTo100 | None = setting("how many at once", None, inherits="mail.connections")
    messages_per_connection: UpToAMillion | None = setting(
        "how many go over one connection", None, inherits="mail.messages_per_connection"
    )
    rate: Rate = setting("how many messages in a time", 0.0, inherits="mail.rate")
    warm_up: Rate = setting("the rate to begin with", 0.0, inherits="mail.warm_up")
    timeout: Duration | None = setting(
        "how long the server may be silent", None, inherits="mail.timeout"
    )
    signing: Profile | None = setting(
        "how what leaves here is signed: `ours`, `relay`, `rewritten` as under `dkim`",
        None,
        said="as `mail.dkim.profile` says",
    )


_Ways = TransportAddress | Annotated[list[TransportAddress | WaySection], Field(min_length=1)]


class MailSection(Section):
    """How messages leave."""

    from_: Mailbox = setting(
        "`Riverside Courier <news@example.org>`, or the address alone", alias="from"
    )
    transport: Annotated[
        tuple[WaySection, ...], BeforeValidator(_ways, json_schema_input_type=_Ways)
    ] = setting("the way out; or a list of mail servers, of which the first that works is used")
    password: Text = setting(
        'of the login in `transport`; better `${SMTP_PASSWORD}` or `"${file:smtp.txt}"` than in'
        " clear",
        "",
        secret=True,
    )
    reply_to: Address = setting("an address", "")
    bounces: Annotated[
        BouncesSection,
        BeforeValidator(_bounces, json_schema_input_type=Address | BouncesSection),
    ] = setting(
        "the envelope sender, where failures are reported: one address, or a map",
        {},
        said="the address of `from`",
    )
    dkim: DkimSection | None = setting("how messages are signed", None, said="not signed")
    returns: ReturnsSection | None = setting(
        "a map with `maildir`: the Maildir into which the mail server puts what comes back, read"
        " by the service",
        None,
        said="none",
    )
    ca_file: FilePath = setting(
        "certificates (PEM) that the mail server's is checked against", "", said="the system's"
    )
    in_doubt: InDoubt = setting(
        "what becomes of a message whose answer was lost: `resend` (perhaps twice), or `hold` (for"
        " the operator)",
        "resend",
    )
    lease: Duration = setting(
        "how long a sender of several may give no sign of life before another takes over what it"
        " was sending",
        "90s",
    )
    keep_deliveries: Duration = setting(
        "how long each delivery is kept, from `31d` to `365d`; after that, only its numbers are",
        "90d",
    )
    suppressions: Suppressed = setting(
        "how addresses that must not be written to are kept: `clear`, or `hashed`; there is no way"
        " back",
        "clear",
    )
    connections: UpTo100 = setting("how many at once, from 1 to 100", 4)
    messages_per_connection: UpToAMillion = setting(
        "how many go over one connection before it is renewed", 100
    )
    rate: Rate = setting(
        "how many messages in a time: `20/s`, `600/min` or `1000/hour`; they go evenly spaced",
        0.0,
        said="no limit",
    )
    warm_up: Rate = setting(
        "the rate that a new sending address begins with, such as `10/min`; it rises with each"
        " message that is taken, so that after an hour of it the rate has doubled",
        0.0,
        said="no ramp",
    )
    timeout: Duration = setting("how long the server may be silent", "60s")
