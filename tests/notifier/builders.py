"""Small builders with defaults: digests, readers, and a whole house on a real store."""

from __future__ import annotations

import mailbox
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import Any

from feeds import FeedSpec, Site
from notifier.digest.spec import SUBSCRIBER_ZONE, DigestSpec
from notifier.schedule.language import parse_schedule
from notifier.service import House, open_house
from notifier.settings import Maildir, MailSettings, Settings
from notifier.subscriber import Choice, Declaration

SITE = Site(name="Riverside Courier", url="https://news.example.org", timezone="Europe/Paris")


def a_digest(name: str = "morning", **fields: Any) -> DigestSpec:  # keyword arguments of DigestSpec
    """Return a digest of everything, every day at 07:30 where its readers are."""
    given: dict[str, Any] = {
        "name": name,
        "title": "The morning paper",
        "schedule": parse_schedule("every day at 07:30"),
        "timezone": SUBSCRIBER_ZONE,
        "minimum": 1,
    }
    return DigestSpec(**(given | fields))


def a_reader(
    email: str = "first@readers.example", *digests: str, **fields: Any
) -> Declaration:  # keyword arguments of Declaration
    """Return a declared reader of `digests`, by default the morning one."""
    wanted = {name: Choice() for name in digests or ("morning",)}
    return Declaration(**({"email": email, "digests": wanted} | fields))


def some_settings(store: str, folder: Path, **fields: Any) -> Settings:  # those of Settings
    """Return settings with one feed, one digest and one reader, and a Maildir in `folder`."""
    given: dict[str, Any] = {
        "site": SITE,
        "store": store,
        "folder": folder,
        "templates": folder / "templates",
        "feeds": (FeedSpec(name="all", title="Everything"),),
        "digests": (a_digest(),),
        "subscribers": (a_reader(),),
        "mail": MailSettings(
            from_address="news@example.org",
            from_name="Riverside Courier",
            transport=Maildir(path=folder / "mail"),
        ),
    }
    return Settings(**(given | fields))


@asynccontextmanager
async def a_house(settings: Settings, now: datetime) -> AsyncIterator[House]:
    """Open everything that `settings` ask for."""
    async with open_house(settings, now) as house:
        yield house


def messages_in(folder: Path) -> list[EmailMessage]:
    """Return the messages in a Maildir, parsed, in the order of their recipients."""
    if not folder.exists():
        return []
    parser = BytesParser(policy=policy.default)
    found = [parser.parsebytes(m.as_bytes()) for m in mailbox.Maildir(folder, create=False)]
    return sorted(found, key=lambda message: str(message["To"]))
