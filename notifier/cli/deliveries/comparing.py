"""`paperround deliveries reconcile`: what is in doubt against what the relay says it took."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import TextIO

import click

from notifier.cli import OK, PROBLEMS
from notifier.cli.common import config_option, json_option, now, settings_of, show
from notifier.cli.deliveries.picking import Choice, picking
from notifier.delivery.picking import Which
from notifier.errors import NotifierError
from notifier.mailing import Compared, Record, compare, read_record
from notifier.service.looking import look_in
from notifier.settings import Settings


@click.command("reconcile")
@click.argument("file", type=click.File(encoding="utf-8", errors="replace"))
@picking
@config_option
@json_option
@click.pass_context
def reconcile(
    ctx: click.Context,
    file: TextIO,
    config: Path,
    as_json: bool,
    choice: Choice,
) -> None:
    """Close what is in doubt and named in FILE (`-`: standard input) as taken by the relay."""
    settings = settings_of(config)
    which = choice.which(settings)
    record = read_record(file)
    if not record.messages and not record.addresses:
        raise NotifierError("there is no Message-ID of ours in it, and no line that is an address")
    done = asyncio.run(_compare(settings, which, record))
    show(asdict(done), _lines(done), as_json=as_json)
    ctx.exit(PROBLEMS if done.ambiguous else OK)


async def _compare(settings: Settings, which: Which, record: Record) -> Compared:
    async with look_in(settings, now()) as house:
        return await compare(house.picked, house.settling, house.keys, which, record, now())


def _lines(done: Compared) -> list[str]:
    lines = [
        f"taken: {done.by_message} by Message-ID, {done.by_address} by address",
        f"in doubt as before: {done.unlisted + done.ambiguous}",
    ]
    if done.ambiguous:
        told = "of readers with several in doubt, named by address only: choose with --slot"
        lines.append(f"  {done.ambiguous} of them {told}")
    if done.unknown:
        lines.append(f"named, but not in doubt: {done.unknown}")
    return lines
