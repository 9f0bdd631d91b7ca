"""`paperround suppressions`: the addresses that must not be written to, and lifting them."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import click

from notifier.cli.asking import moment_of
from notifier.cli.common import config_option, counted, json_option, now, settings_of, show
from notifier.errors import NotifierError
from notifier.returns.suppressions import OPERATOR, Suppression
from notifier.service import open_house
from notifier.service.looking import look_in
from notifier.settings import Settings
from notifier.subscriber import is_address


@click.group("suppressions")
def command() -> None:
    """Look at the addresses that are not written to, add one, lift some."""


@command.command("list")
@click.option("--since", metavar="TIME", help="Those since then only.")
@config_option
@json_option
def list_(since: str | None, config: Path, as_json: bool) -> None:
    """List the addresses that are not written to, and why."""
    settings = settings_of(config)
    found = asyncio.run(_list(settings, moment_of(since, settings)))
    rows = [_plain(one) for one in found]
    lines = [
        f"{one.key:<40} {one.since:%Y-%m-%d}  {one.reason}  {one.code} {one.detail}".rstrip()
        for one in found
    ]
    show({"suppressions": rows}, lines, as_json=as_json)
    if not (found or as_json):
        click.echo("no address is suppressed" + (f" since {since}" if since else ""), err=True)


@command.command("lift")
@click.argument("address", required=False)
@click.option("--since", metavar="TIME", help="All dead addresses since then, instead of one.")
@config_option
@json_option
def lift(address: str | None, since: str | None, config: Path, as_json: bool) -> None:
    """Write to ADDRESS again; or to all that were written off as dead since a TIME."""
    settings = settings_of(config)
    if (address is None) == (since is None):
        raise click.UsageError("give one ADDRESS, or --since TIME")
    lifted = asyncio.run(_lift(settings, address, moment_of(since, settings)))
    show({"lifted": lifted}, [f"lifted: {counted(lifted, 'address')}"], as_json=as_json)


@command.command("add")
@click.argument("address")
@click.option("--reason", default=OPERATOR, help="Why, in a word or two.")
@config_option
@json_option
def add(address: str, reason: str, config: Path, as_json: bool) -> None:
    """Never write to ADDRESS again, whatever is declared."""
    if not is_address(address):
        raise click.UsageError(f"`{address}` is not an e-mail address")
    asyncio.run(_add(settings_of(config), address, reason))
    said = {"address": address, "reason": reason}
    show(said, [f"not written to any more: {address}"], as_json=as_json)


async def _list(settings: Settings, since: datetime | None) -> list[Suppression]:
    async with look_in(settings, now()) as house:
        return [one async for page in house.suppressions.listed(since) for one in page]


async def _lift(settings: Settings, address: str | None, since: datetime | None) -> int:
    async with look_in(settings, now()) as house:
        if since is not None:
            return await house.suppressions.lift_since(since)
        if await house.suppressions.lift(address or "") is None:
            raise NotifierError(f"nothing stands against {address}")
        return 1


async def _add(settings: Settings, address: str, reason: str) -> None:
    async with open_house(settings, now()) as house:
        await house.suppressions.suppress(address, reason, "", now())


def _plain(one: Suppression) -> dict[str, object]:
    values = asdict(one)
    return {"address": values.pop("key"), **values}
