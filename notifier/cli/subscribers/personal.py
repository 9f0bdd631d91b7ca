"""`paperround subscribers feed EMAIL`: the addresses of a reader's own feed."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from feeds import Format
from notifier.cli.common import config_option, json_option, now, settings_of, show
from notifier.errors import NotifierError
from notifier.reading import feed_token
from notifier.roster import Reader
from notifier.service import open_house
from notifier.settings import Settings
from notifier.subscribing import reconcile_one


@click.command("feed")
@click.argument("email")
@click.option("--rotate", is_flag=True, help="Replace the address; the old one answers 410.")
@config_option
@json_option
def feed(email: str, rotate: bool, config: Path, as_json: bool) -> None:
    """Tell the addresses of EMAIL's own feed: everything their digests would have."""
    settings = settings_of(config)
    reader, token = asyncio.run(_feed(settings, email, rotate=rotate))
    addresses = {str(form): f"{settings.site.url}/my/{token}.{form}" for form in Format}
    data: dict[str, object] = {"email": reader.address, "feeds": addresses}
    show(data, list(addresses.values()), as_json=as_json)


async def _feed(settings: Settings, email: str, *, rotate: bool) -> tuple[Reader, str]:
    async with open_house(settings, now()) as house:
        await reconcile_one(settings, house.places, house.store, email, now())
        reader = await house.roster.reader_at(email)
        if reader is None:
            raise NotifierError(f"there is no reader {email}")
        if rotate:
            await house.roster.rotate(reader.id)
            reader = await house.roster.reader(reader.id) or reader
        return reader, feed_token(reader, house.keys[0])
