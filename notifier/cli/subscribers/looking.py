"""`paperround subscribers show` and `list`: one reader closely, or all of them."""

from __future__ import annotations

import asyncio
import csv
import json
import sys
from pathlib import Path
from typing import Any

import click

from notifier.cli.common import (
    config_option,
    json_option,
    now,
    settings_of,
    settings_without_lists,
)
from notifier.cli.common import show as print_out
from notifier.cli.subscribers.asking import as_declared, check_digest
from notifier.cli.subscribers.told import card_data, card_lines, entry_data, what_of
from notifier.enrolment import Rules
from notifier.errors import NotifierError
from notifier.service import open_house
from notifier.settings import Settings
from notifier.subscribing import follows, reconcile_one, rules_of

_COLUMNS = ("schedule", "timezone", "language", "topics", "words", "pause_until")


@click.command("show")
@click.argument("email")
@config_option
@json_option
def show(email: str, config: Path, as_json: bool) -> None:
    """Tell what is declared of EMAIL, what was chosen, what holds, and what they got last."""
    data = asyncio.run(_show(settings_without_lists(config), email))
    print_out(data, card_lines(data), as_json=as_json)


async def _show(settings: Settings, email: str) -> dict[str, Any]:
    async with open_house(settings, now()) as house:
        if not await follows(settings, house.places):
            await reconcile_one(settings, house.places, house.store, email, now())
        card = await house.listing.card(email)
        if card is None:
            raise NotifierError(f"there is no reader {email}")
        return card_data(card, rules_of(settings), now())


@click.command("list")
@click.option("--digest", metavar="NAME", help="Those of this digest only.")
@click.option("--after", metavar="EMAIL", default="", help="Begin after this address.")
@click.option("--limit", type=click.IntRange(1), help="At most so many readers.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV, a line for each subscription.")
@config_option
@json_option
def list_(
    digest: str | None,
    after: str,
    limit: int | None,
    as_csv: bool,
    config: Path,
    as_json: bool,
) -> None:
    """List the readers and their digests, by address."""
    settings = settings_of(config)
    if as_csv and as_json:
        raise click.UsageError("--csv and --json are two ways to print the same: take one")
    if digest:
        check_digest(digest, settings)
    shape = _Csv() if as_csv else _Json() if as_json else _Lines()
    asyncio.run(_list(settings, shape, digest or "", after, limit))


class _Lines:
    """A line for each subscription; nobody is told too, beside the list."""

    none = True

    def begin(self) -> None:
        """Print nothing."""

    def add(self, told: dict[str, Any]) -> None:
        """Print a reader."""
        self.none = False
        for one in told["digests"]:
            click.echo(f"{told['email']:<36} {one['digest']:<12} {one['state']:<10} {what_of(one)}")
        if not told["digests"]:
            click.echo(f"{told['email']:<36} -")

    def end(self, following: str | None) -> None:
        """Say where to go on."""
        if following:
            click.echo(f"there are more: --after {following}", err=True)
        elif self.none:
            click.echo("there is no such reader", err=True)


class _Csv(_Lines):
    """The same for spreadsheets."""

    none = False

    def begin(self) -> None:
        """Print the names of the columns."""
        self._writer = csv.writer(sys.stdout, lineterminator="\n")
        self._writer.writerow(["email", "name", "digest", "state", *_COLUMNS])

    def add(self, told: dict[str, Any]) -> None:
        """Print a reader."""
        for one in told["digests"]:
            values = [one[name] for name in _COLUMNS]
            cells = [";".join(v) if isinstance(v, list) else v for v in values]
            self._writer.writerow(
                [told["email"], told["name"], one["digest"], one["state"], *cells]
            )


class _Json(_Lines):
    """One object, printed as it comes: a hundred thousand readers need no memory."""

    def begin(self) -> None:
        """Open the object."""
        self._comma = ""
        click.echo('{"subscribers": [', nl=False)

    def add(self, told: dict[str, Any]) -> None:
        """Print a reader."""
        click.echo(f"{self._comma}{json.dumps(told, ensure_ascii=False, default=str)}", nl=False)
        self._comma = ",\n"

    def end(self, following: str | None) -> None:
        """Close the object."""
        click.echo(f'], "next": {json.dumps(following, ensure_ascii=False)}}}')


async def _list(
    settings: Settings, shape: _Lines, digest: str, after: str, limit: int | None
) -> None:
    rules: Rules = rules_of(settings)
    shown, last, following = 0, "", None
    async with open_house(settings, now()) as house:
        await as_declared(house)
        shape.begin()
        async for page in house.listing.pages(digest, after):
            for entry in page:
                if limit is not None and shown == limit:
                    following = last
                    break
                told = entry_data(entry, rules, now())
                if digest:
                    told["digests"] = [one for one in told["digests"] if one["digest"] == digest]
                shape.add(told)
                shown, last = shown + 1, entry.enrolment.address
            if following:
                break
    shape.end(following)
