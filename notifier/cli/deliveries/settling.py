"""`paperround deliveries retry` and `release`: send again, or take the operator's word."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path

import click

from notifier.cli import OK, PROBLEMS
from notifier.cli.asking import moment_of
from notifier.cli.common import config_option, counted, json_option, now, program, settings_of, show
from notifier.cli.deliveries.picking import Choice, check_choice, picking, state_option
from notifier.delivery.delivery import State
from notifier.delivery.picking import Which
from notifier.delivery.settling import BY_OPERATOR
from notifier.mailing import Retried
from notifier.mailing import retry as retry_them
from notifier.service.looking import look_in
from notifier.settings import Settings

_LONGEST = timedelta(hours=24)
_ENDED = (State.FAILED, State.EXPIRED, State.IN_DOUBT)


@click.command("retry")
@picking
@state_option(_ENDED)
@click.option("--all", "everything", is_flag=True, help="All there are, with no other choice.")
@click.option("--until", metavar="TIME", help="Give up then; default: in 24 hours.")
@config_option
@json_option
@click.pass_context
def retry(
    ctx: click.Context,
    states: tuple[str, ...],
    everything: bool,
    until: str | None,
    config: Path,
    as_json: bool,
    choice: Choice,
) -> None:
    """Send again what failed or expired, or what is in doubt, where that doubles nothing."""
    settings = settings_of(config)
    if not states:
        raise click.UsageError("say what to send again: --state failed, expired or in_doubt")
    which = choice.which(settings, states)
    check_choice(which, everything=everything)
    end = moment_of(until, settings) or now() + _LONGEST
    if end <= now():
        raise click.UsageError("--until has passed already")
    done = asyncio.run(_retry(settings, which, end))
    show(asdict(done), _lines(done), as_json=as_json)
    ctx.exit(OK if done.queued == done.meant else PROBLEMS)


async def _retry(settings: Settings, which: Which, until: datetime) -> Retried:
    async with look_in(settings, now()) as house:
        return await retry_them(house.desk(), house.settling, which, until, now())


def _lines(done: Retried) -> list[str]:
    lines = [f"to be sent again: {done.queued} of {counted(done.meant, 'delivery')}"]
    if done.queued:
        lines[0] += f"; the service does, or `{program()} send`"
    if done.withdrawn:
        lines.append(f"  {done.withdrawn} not: an article in them was withdrawn")
    if done.had:
        lines.append(f"  {done.had} not: their readers had an article of them in another issue")
    return lines


@click.command("release")
@picking
@click.option("--resend", is_flag=True, help="Send them once more, perhaps twice to a reader.")
@click.option("--accepted", is_flag=True, help="Close them: they were taken.")
@click.option("--all", "everything", is_flag=True, help="All there are, with no other choice.")
@click.option("--until", metavar="TIME", help="With --resend: give up then; default: in 24 hours.")
@config_option
@json_option
@click.pass_context
def release(
    ctx: click.Context,
    resend: bool,
    accepted: bool,
    everything: bool,
    until: str | None,
    config: Path,
    as_json: bool,
    choice: Choice,
) -> None:
    """Settle what is in doubt: send it once more, or close it as taken."""
    settings = settings_of(config)
    if resend == accepted:
        raise click.UsageError("say what becomes of them: --resend or --accepted")
    which = choice.which(settings, [State.IN_DOUBT])
    check_choice(which, everything=everything)
    done, closed = Retried(), 0
    if resend:
        done = asyncio.run(_retry(settings, which, moment_of(until, settings) or now() + _LONGEST))
    else:
        closed = asyncio.run(_close(settings, which))
    lines = _lines(done) if resend else [f"closed as accepted: {counted(closed, 'delivery')}"]
    show(asdict(done) | {"accepted": closed}, lines, as_json=as_json)
    ctx.exit(OK if done.queued == done.meant else PROBLEMS)


async def _close(settings: Settings, which: Which) -> int:
    async with look_in(settings, now()) as house:
        return await house.settling.close(which, BY_OPERATOR, now())
