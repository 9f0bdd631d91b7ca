"""`paperround deliveries recover`: a store that was restored from a backup is made safe."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from notifier.cli.asking import check_digests, moment_of
from notifier.cli.common import config_option, counted, json_option, now, settings_of, show
from notifier.mailing import recover as recover_all
from notifier.service import alone
from notifier.service.looking import look_in
from notifier.settings import Settings


@click.command("recover")
@click.option(
    "--assume-sent-until", "until", metavar="TIME", required=True, help="When the store was lost."
)
@click.option(
    "--and-by-hand",
    "by_hand",
    metavar="DIGEST",
    multiple=True,
    help="A digest of which issues were sent by hand or released since the backup.",
)
@config_option
@json_option
def recover(until: str, by_hand: tuple[str, ...], config: Path, as_json: bool) -> None:
    """Take as sent whatever was due by then: run this before a restored store is used."""
    settings = settings_of(config)
    check_digests(by_hand, settings)
    moment = moment_of(until, settings)
    if moment is None or moment > now():
        raise click.UsageError("--assume-sent-until is a time that has passed")
    data = asyncio.run(_recover(settings, moment, by_hand))
    left = [spec.name for spec in settings.digests if spec.name not in by_hand]
    show(data, [*_lines(data), *_warning(left)], as_json=as_json)


async def _recover(settings: Settings, until: datetime, by_hand: tuple[str, ...]) -> dict[str, Any]:
    async with look_in(settings, now()) as house:
        with alone(house.database.path, "run"), alone(house.database.path, "send"):
            done = await recover_all(
                house.desk(), house.settling, house.folders, house.memory, until, now(), by_hand
            )
    closed: dict[str, dict[str, int]] = {}
    for (digest, state), number in done.closed.items():
        closed.setdefault(digest, {})[str(state)] = number
    slots: dict[str, list[str]] = {}
    for digest, slot in done.slots:
        slots.setdefault(digest, []).append(slot)
    articles = {str(outcome): number for outcome, number in done.articles.outcomes.items()}
    return {
        "until": until,
        "by_hand": list(by_hand),
        "articles": articles,
        "closed": closed,
        "slots": slots,
    }


def _lines(data: dict[str, Any]) -> list[str]:
    lines = [f"assumed sent until {data['until']:%Y-%m-%d %H:%M %Z}"]
    if data["articles"]:
        told = ", ".join(f"{number} {outcome}" for outcome, number in data["articles"].items())
        lines.append(f"articles taken in from folders: {told}")
    for digest, closed in data["closed"].items():
        for state, number in closed.items():
            lines.append(f"{digest}: {counted(number, 'delivery')}, {state} before")
    for digest, slots in data["slots"].items():
        lines += [f"{digest}: passed over {slot}" for slot in slots]
    return lines if len(lines) > 1 else [*lines, "nothing was left from before"]


def _warning(names: Sequence[str]) -> list[str]:
    """Return what to say of digests for which only slots were passed over."""
    if not names:
        return []
    return [
        f"of {', '.join(names)} only what the schedule sent is known: where an issue was sent by"
        " hand (send DIGEST) or released (send --release) since the backup, run this again with"
        " --and-by-hand DIGEST before anything else, or its articles are sent again"
    ]
