"""`paperround publish [--to DIR]`: render what changed."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from feeds.library import Published, mirror, publish
from feeds.publish import DirectoryShelf, Mirrored
from notifier.cli import OK, PROBLEMS
from notifier.cli.common import config_option, counted, json_option, now, settings_of, show
from notifier.service import open_house
from notifier.settings import Settings


@click.command("publish")
@click.option("--to", "to", type=click.Path(path_type=Path), help="Write a static tree there too.")
@config_option
@json_option
@click.pass_context
def command(ctx: click.Context, to: Path | None, config: Path, as_json: bool) -> None:
    """Render the feeds that changed; with --to, write them out as a static tree."""
    published, mirrored = asyncio.run(_publish(settings_of(config), to))
    lines = [f"left out, for it cannot be rendered: {title}" for title in published.left_out]
    lines.append(
        f"{counted(published.feeds, 'feed')} rendered,"
        f" {counted(published.documents, 'document')} changed"
    )
    data: dict[str, object] = {
        "feeds": published.feeds,
        "documents": published.documents,
        "left_out": list(published.left_out),
    }
    if mirrored is not None:
        numbers = {
            "written": mirrored.written,
            "unchanged": mirrored.unchanged,
            "removed": mirrored.removed,
        }
        data["tree"] = numbers
        lines.append(f"{to}: " + ", ".join(f"{number} {what}" for what, number in numbers.items()))
    show(data, lines, as_json=as_json)
    ctx.exit(PROBLEMS if published.left_out else OK)


async def _publish(settings: Settings, to: Path | None) -> tuple[Published, Mirrored | None]:
    async with open_house(settings, now()) as house:
        await house.store.reveal(now())
        published = await publish(house.press, now())
        return published, await mirror(house.press, DirectoryShelf(to)) if to else None
