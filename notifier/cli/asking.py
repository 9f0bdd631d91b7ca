"""What commands that look ahead ask for: a time, digests by name, a reader by address."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import click

from notifier.delivery.tracing import Taken, Traced
from notifier.errors import NotifierError
from notifier.mailing import Lookout
from notifier.settings import Settings


def moment_of(at: str | None, settings: Settings) -> datetime | None:
    """Return the time that `--at` names, without an offset in the site's zone.

    Raises BadParameter for what is no time.
    """
    if at is None:
        return None
    try:
        moment = datetime.fromisoformat(at)
    except ValueError as error:
        raise click.BadParameter(
            f"{at!r} is no time; write it like 2026-11-23T07:30 or 2026-11-23T07:30+01:00"
        ) from error
    if not 1970 < moment.year < 9000:
        raise click.BadParameter(f"{at!r} is too far away")
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(settings.site.timezone))
    return moment


def check_digests(names: Sequence[str], settings: Settings) -> None:
    """Raise UsageError for the first name that no digest has, with the one that was meant."""
    known = [spec.name for spec in settings.digests]
    for name in names:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            others = ", ".join(f"`{other}`" for other in known) or "none"
            hint = f"did you mean `{close[0]}`?" if close else f"there is {others}"
            raise click.UsageError(f"there is no digest `{name}`; {hint}")


async def reader_of(lookout: Lookout, email: str) -> tuple[Traced, list[Taken]]:
    """Return the reader with this address and what they take; NotifierError if there is none."""
    reader = await lookout.traces.reader(email)
    if reader is None:
        raise NotifierError(f"there is no reader {email} in the store")
    return reader, await lookout.traces.taken(reader.id)
