"""What people ask for on the command line, checked as in the configuration; the readers in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from notifier.cli.common import now
from notifier.configuration.entry import entered
from notifier.configuration.problems import ConfigProblem, did_you_mean
from notifier.service import House
from notifier.settings import Settings
from notifier.subscriber import Declaration
from notifier.subscribing import take_in

WHOLE = "*"  # in place of topics: the whole digest


def reader_asked(
    email: str, digests: Mapping[str, dict[str, Any]], settings: Settings, **said: object
) -> Declaration:
    """Return the reader with these settings; raises UsageError that tells every mistake."""
    values: dict[str, object] = {"email": email, "digests": dict(digests)}
    values |= {name: value for name, value in said.items() if value is not None}
    entry = entered(values, settings.digests)
    if entry.reader is None:
        raise click.UsageError("; ".join(_told(problem) for problem in entry.problems))
    return entry.reader


async def as_declared(house: House) -> None:
    """Let readers be as they are declared; many who are not any more stay, and that is told."""
    done = await take_in(house.settings, house.places, house.store, now())
    if done.held:
        click.echo(f"{done.held}, and are still here; if that is meant: send --yes", err=True)


def check_digest(name: str, settings: Settings) -> None:
    """Raise UsageError where no digest has this name."""
    known = [spec.name for spec in settings.digests]
    if name not in known:
        hint = did_you_mean(name, known)
        raise click.UsageError(f"there is no digest `{name}`" + (f"; {hint}" if hint else ""))


def digests_asked(written: Sequence[str]) -> dict[str, list[str] | None]:
    """Return the digests in `NAME` or `NAME:topic,topic`, each with topics; none for `NAME:*`."""
    found: dict[str, list[str] | None] = {}
    for one in written:
        name, colon, topics = one.partition(":")
        names = [topic.strip() for topic in topics.split(",") if topic.strip()]
        if name in found:
            raise click.UsageError(f"the digest `{name}` stands here twice")
        found[name] = ([] if names == [WHOLE] else names) if colon and names else None
    return found


def _told(problem: ConfigProblem) -> str:
    return f"{problem.message} ({problem.hint})" if problem.hint else problem.message
