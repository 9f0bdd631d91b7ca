"""`paperround reload`: ask the running service to take up its configuration."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from notifier.cli import OK, PROBLEMS
from notifier.cli.common import config_option, json_option, now, show
from notifier.cli.configurations import data_of, lines_of, settings_to_look_by
from notifier.errors import NotifierError
from notifier.reloads import Reloads, Standing
from notifier.service.looking import look_in
from notifier.settings import Settings

_PAUSE = 0.2  # seconds between two looks for the answer


@click.command("reload")
@click.option("--yes", is_flag=True, help="Remove readers, however many are not declared any more.")
@click.option(
    "--wait",
    type=click.IntRange(1, 3600),
    default=60,
    show_default=True,
    help="How many seconds to wait for the answer.",
)
@config_option
@json_option
@click.pass_context
def command(ctx: click.Context, config: Path, wait: int, *, yes: bool, as_json: bool) -> None:
    """Ask the running service to take up its configuration as it is now, and tell the outcome."""
    found = asyncio.run(_ask(settings_to_look_by(config)[0], wait, yes=yes))
    data = {"processes": [data_of(one) for one in found]}
    show(data, [line for one in found for line in lines_of(one)], as_json=as_json)
    ctx.exit(OK if all(one.attempt.is_fine for one in found) else PROBLEMS)


async def _ask(settings: Settings, wait: int, *, yes: bool) -> list[Standing]:
    """Return the processes that have answered, as soon as the one that knows the readers has."""
    async with look_in(settings, now()) as house:
        reloads = Reloads(house.database)
        wish = await reloads.wish(now(), yes=yes)
        for _ in range(round(wait / _PAUSE)):
            await asyncio.sleep(_PAUSE)
            answered = [one for one in await reloads.standings() if one.answered >= wish]
            if any(one.process.startswith(("all@", "scheduler@")) for one in answered):
                return answered
    raise NotifierError(
        f"no service has answered within {wait} seconds; is `paperround run` running on this store?"
    )
