"""`paperround send [DIGEST...]`: open what is due, deliver what is pending."""

from __future__ import annotations

import asyncio
import difflib
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from notifier.cli import OK, PROBLEMS
from notifier.cli.common import config_option, json_option, now, settings_of, show, table
from notifier.errors import AlreadyRunning
from notifier.mailing import Delivered, Opened, deliver, open_due, open_now
from notifier.service import House, alone, open_house
from notifier.settings import Settings
from notifier.subscribing import reconcile


@dataclass(frozen=True, slots=True)
class Sent:
    """What a round by hand did; `left_to` says who delivers when it is not us."""

    opened: list[Opened]
    delivered: Delivered
    left_to: str = ""


@click.command("send")
@click.argument("digests", nargs=-1)
@click.option("--at", "at", metavar="TIME", help="Do what is due at this time (ISO 8601).")
@config_option
@json_option
@click.pass_context
def command(
    ctx: click.Context, digests: tuple[str, ...], at: str | None, config: Path, as_json: bool
) -> None:
    """Open the digests that are due, and deliver them and whatever is still pending.

    A digest that is named is opened at once, due or not.
    """
    settings = settings_of(config)
    _check_names(digests, settings)
    sent = asyncio.run(send(settings, digests, _moment(at, settings)))
    show(data_of(sent), lines_of(sent), as_json=as_json)
    ctx.exit(PROBLEMS if _problems(sent) else OK)


async def send(settings: Settings, digests: tuple[str, ...], moment: datetime) -> Sent:
    """Do a whole round at `moment` in the foreground."""
    async with open_house(settings, now()) as house:
        await reconcile(settings, house.declared, house.store, min(moment, now()))
        if digests:
            opened = await open_now(house.desk(), digests, now(), moment)
        else:
            opened = await open_due(house.desk(), now(), moment)
        try:
            with alone(house.database.path, "send"):
                return Sent(opened, await _deliver(house, moment))
        except AlreadyRunning as error:
            return Sent(opened, Delivered(), left_to=str(error))


async def _deliver(house: House, moment: datetime) -> Delivered:
    """Deliver what is pending now, and what is due at a `moment` that is yet to come."""
    ahead = max(moment - now(), timedelta(0))
    if house.database.is_sqlite:
        await house.ledger.abandon(now())
    return await deliver(house.sender(), lambda: now() + ahead, asyncio.Event())


def lines_of(sent: Sent) -> list[str]:
    """Return what people read of a round."""
    rows: list[tuple[object, ...]] = [("digest", "slot", "zone", "articles", "readers", "")]
    rows += [(o.digest, o.slot, o.timezone, o.articles, o.readers, o.reason) for o in sent.opened]
    lines = table(rows) if sent.opened else ["nothing is due"]
    counts = [f"{number} {state}" for state, number in sorted(sent.delivered.counts.items())]
    lines += sorted(set(sent.delivered.failures))
    if sent.delivered.halted:
        lines.append(f"the relay refuses us: {sent.delivered.halted}")
    if sent.left_to:
        return [*lines, f"not delivered by this command: {sent.left_to}"]
    return [*lines, f"messages: {', '.join(counts) or 'none'}"]


def data_of(sent: Sent) -> dict[str, object]:
    """Return a round as the documented object."""
    return {
        "opened": [asdict(opened) for opened in sent.opened],
        "messages": {str(state): number for state, number in sent.delivered.counts.items()},
        "halted": sent.delivered.halted,
        "failures": sent.delivered.failures,
        "left_to": sent.left_to,
    }


def _problems(sent: Sent) -> bool:
    failed = any(opened.failed for opened in sent.opened)
    bad = {"failed", "deferred", "in_doubt"}
    return failed or bool(sent.delivered.halted) or bool(bad & sent.delivered.counts.keys())


def _check_names(digests: tuple[str, ...], settings: Settings) -> None:
    known = [spec.name for spec in settings.digests]
    for name in digests:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            hint = (
                f"; did you mean `{close[0]}`?"
                if close
                else f"; there is {', '.join(f'`{other}`' for other in known) or 'none'}"
            )
            raise click.UsageError(f"there is no digest `{name}`{hint}")


def _moment(at: str | None, settings: Settings) -> datetime:
    if at is None:
        return now()
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
