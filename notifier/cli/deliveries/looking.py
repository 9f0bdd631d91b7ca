"""`paperround deliveries list` and `counts`: every message, or how many came to what."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from notifier.cli.asking import check_digests
from notifier.cli.common import config_option, json_option, now, settings_of, show
from notifier.cli.deliveries.picking import Choice, picking, state_option
from notifier.cli.deliveries.telling import BY_DIGEST, BY_ISSUE, BY_PROVIDER, account, balance
from notifier.delivery.delivery import State
from notifier.delivery.message import message_id
from notifier.delivery.picking import Sent, Which
from notifier.service import House
from notifier.service.looking import look_in
from notifier.settings import Settings

_PLACE = re.compile(r"([0-9]{1,18})/([0-9]{1,18})")


@click.command("list")
@picking
@state_option(list(State))
@click.option("--after", metavar="PLACE", help="Begin after this one: `next` of the page before.")
@click.option("--limit", type=click.IntRange(1), help="At most so many.")
@config_option
@json_option
def list_(
    states: tuple[str, ...],
    after: str | None,
    limit: int | None,
    config: Path,
    as_json: bool,
    choice: Choice,
) -> None:
    """List deliveries, the last issue first: to whom, what became of it, and why."""
    settings = settings_of(config)
    which = choice.which(settings, states)
    place = _place_of(after)
    asyncio.run(_list(settings, which, place, limit, as_json=as_json))


def _place_of(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    found = _PLACE.fullmatch(text)
    if found is None:
        raise click.BadParameter(f"{text!r} is no place in this list; take it from `next`")
    return int(found[1]), int(found[2])


async def _list(
    settings: Settings,
    which: Which,
    after: tuple[int, int] | None,
    limit: int | None,
    *,
    as_json: bool,
) -> None:
    """Print them as they are read: a million need no memory."""
    shown, last, following = 0, "", None
    async with look_in(settings, now()) as house:
        if as_json:
            click.echo('{"deliveries": [', nl=False)
        async for page in house.picked.pages(which, after):
            for sent in page:
                if shown == limit:
                    following = last
                    break
                _print(house, sent, "" if not shown else ",\n", as_json=as_json)
                shown, last = shown + 1, f"{sent.issue}/{sent.reader}"
            if following:
                break
    if as_json:
        click.echo(f'], "next": {json.dumps(following)}}}')
    elif following:
        click.echo(f"there are more: --after {following}", err=True)
    elif not shown:
        click.echo("there is no such delivery", err=True)


def _print(house: House, sent: Sent, comma: str, *, as_json: bool) -> None:
    if not as_json:
        said = " ".join(f"{sent.code or ''} {sent.words}".split())
        why = "; ".join(filter(None, (sent.reason, said)))
        slot = f"{sent.digest} {sent.slot}"
        click.echo(f"{slot:<44} {sent.state:<9} {sent.email or '(erased)':<36} {why}".rstrip())
        return
    told = asdict(sent)
    del told["reader"]
    told["message_id"] = _message_id(house, sent)
    click.echo(comma + json.dumps(told, ensure_ascii=False, default=str), nl=False)


def _message_id(house: House, sent: Sent) -> str:
    mail = house.settings.mail
    domain = mail.from_address.rpartition("@")[2] if mail else "localhost.localdomain"
    return message_id(house.keys[0].secret, str(sent.issue), str(sent.reader), domain)


@click.command("counts")
@click.option("--digest", "digests", metavar="NAME", multiple=True, help="Of this digest.")
@click.option(
    "--by",
    type=click.Choice([BY_DIGEST, BY_ISSUE, BY_PROVIDER]),
    default=BY_DIGEST,
    show_default=True,
    help="What a row is of.",
)
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="Most rows.")
@config_option
@json_option
def counts(digests: tuple[str, ...], by: str, limit: int, config: Path, as_json: bool) -> None:
    """Count deliveries by state: by digest, by issue (the last first), or by provider."""
    settings = settings_of(config)
    check_digests(digests, settings)
    rows = asyncio.run(_counts(settings, digests, by, limit))
    show({"by": by, "counts": rows}, balance(rows, by), as_json=as_json)


async def _counts(
    settings: Settings, digests: Sequence[str], by: str, limit: int
) -> list[dict[str, object]]:
    async with look_in(settings, now()) as house:
        if by == BY_ISSUE:
            return account(await house.books.by_issue(digests, limit), by)
        if by == BY_PROVIDER:
            return account(await house.books.by_provider(digests), by, limit)
        found = await house.books.by_digest()
        return account([one for one in found if not digests or one.digest in digests], by)
