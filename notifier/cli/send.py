"""`paperround send [DIGEST...]`: open what is due, deliver what is pending."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import click

from notifier.cli import INTERRUPTED, OK, PROBLEMS
from notifier.cli.asking import check_digests, moment_of
from notifier.cli.common import (
    config_option,
    json_option,
    now,
    settings_of,
    settings_without_lists,
    show,
)
from notifier.cli.held import held_lines, held_of, is_confirmed
from notifier.cli.interrupting import interruptible
from notifier.cli.rounds import Sent, data_of, has_problems, lines_of
from notifier.delivery.delivery import State
from notifier.errors import AlreadyRunning
from notifier.mailing import (
    Delivered,
    deliver,
    open_due,
    open_now,
    rehearse,
    release,
    send_test,
)
from notifier.service import House, alone, open_house, run_in_loop
from notifier.settings import Settings
from notifier.subscriber import is_address
from notifier.subscribing import take_in

_LEFT = {State.QUEUED, State.SENDING, State.DEFERRED}


@click.command("send")
@click.argument("digests", nargs=-1)
@click.option("--at", "at", metavar="TIME", help="Do what is due at this time (ISO 8601).")
@click.option("--to", "to", metavar="ADDRESS", help="Only a test message, to this address.")
@click.option("--release", "releases", is_flag=True, help="Send what the fuse holds.")
@click.option("--yes", "yes", is_flag=True, help="Do not ask before a release or a large removal.")
@config_option
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    digests: tuple[str, ...],
    at: str | None,
    to: str | None,
    releases: bool,
    yes: bool,
    config: Path,
    as_json: bool,
) -> None:
    """Open the digests that are due, and deliver them and whatever is still pending.

    A digest that is named is opened at once, due or not.
    """
    settings = settings_of(config) if to is None else settings_without_lists(config)
    check_digests(digests, settings)
    _check_usage(digests, at, to, releases=releases)
    if to is not None:
        sent = run_in_loop(_test(settings, digests[0], to))
    elif releases:
        sent = run_in_loop(_release(settings, digests, tell=not as_json, ask=not (yes or as_json)))
    else:
        sent = run_in_loop(send(settings, digests, moment_of(at, settings) or now(), yes=yes))
    show(data_of(sent), lines_of(sent), as_json=as_json)
    if sent.interrupted is not None:
        ctx.exit(INTERRUPTED)
    ctx.exit(PROBLEMS if has_problems(sent) else OK)


async def send(
    settings: Settings, digests: tuple[str, ...], moment: datetime, *, yes: bool = False
) -> Sent:
    """Do a whole round at `moment` in the foreground.

    Many readers are only removed if that is said by `yes`.
    """
    async with open_house(settings, now()) as house:
        then = min(moment, now())
        done = await take_in(settings, house.places, house.store, then, yes=yes)
        if done.held:
            words = f"{done.held}, and still get what is due; if that is meant: send --yes"
            click.echo(words, err=True)
        if digests:
            opened = await open_now(house.desk(), digests, now(), moment)
        else:
            opened = await open_due(house.desk(), now(), moment)
        return await _delivered(house, moment, Sent(opened))


async def _release(settings: Settings, digests: tuple[str, ...], *, tell: bool, ask: bool) -> Sent:
    """Tell what is held, and send it unless somebody who is asked says no."""
    async with open_house(settings, now()) as house:
        desk = house.desk()
        held = tuple(await held_of(desk, digests))
        if tell and held:
            for line in held_lines(held):
                click.echo(line, err=True)
        if not held or (ask and not is_confirmed(held)):
            return Sent(held=held)
        names = digests or tuple(dict.fromkeys(one.digest for one in held))
        opened = await release(desk, names, now())
        return await _delivered(house, now(), Sent(opened, held=held))


async def _test(settings: Settings, digest: str, address: str) -> Sent:
    """Send one test message, past the ledger."""
    async with open_house(settings, now()) as house:
        lookout = house.lookout()
        test = await rehearse(lookout, digest, address, now())
        if not test.content:
            return Sent(test=(test, None))
        return Sent(test=(test, await send_test(lookout.desk, house.sender().transport, test)))


async def _delivered(house: House, moment: datetime, sent: Sent) -> Sent:
    """Deliver what is pending, unless the service does."""
    try:
        with alone(house.database.path, "send"):
            doubtful = await house.ledger.abandon(now()) if house.database.is_sqlite else 0
            sent = replace(sent, doubtful=doubtful, resend=house.sender().resend)
            with interruptible() as stop:
                delivered = await _deliver(house, moment, stop)
            waiting = await house.ledger.due_by(max(moment, now()))
            left = await _left(house) if stop.is_set() else None
            return replace(sent, delivered=delivered, waiting=waiting, interrupted=left)
    except AlreadyRunning as error:
        return replace(sent, left_to=f"process {error.process}")


async def _deliver(house: House, moment: datetime, stop: asyncio.Event) -> Delivered:
    """Deliver what is pending now, and what is due at a `moment` that is yet to come."""
    ahead = max(moment - now(), timedelta(0))
    await house.drop_old(now())
    done = await deliver(house.sender(), lambda: now() + ahead, stop)
    await house.mend_jobs(now())
    return done


async def _left(house: House) -> int:
    """Count the deliveries that are not over."""
    books = await house.ledger.books()
    return sum(number for (_, state), number in books.items() if state in _LEFT)


def _check_usage(
    digests: tuple[str, ...], at: str | None, to: str | None, *, releases: bool
) -> None:
    if to is not None and (len(digests) != 1 or at or releases):
        raise click.UsageError("--to takes one digest, and neither --at nor --release")
    if to is not None and not is_address(to):
        raise click.BadParameter(f"{to!r} is no address of mail")
    if releases and at:
        raise click.UsageError("--release sends now, and takes no --at")
