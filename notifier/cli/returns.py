"""`paperround returns`: takes in what came back, from a pipe of the mail server or a Maildir."""

from __future__ import annotations

import asyncio
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from notifier.cli.common import config_option, counted, json_option, now, settings_of, show

if TYPE_CHECKING:
    from notifier.returning import Taken

_TRY_AGAIN = 75  # EX_TEMPFAIL of sysexits.h: the mail server keeps the message


@click.command("returns")
@click.option(
    "--maildir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Take in all of `new` there; without it, one message from standard input.",
)
@click.option("--recipient", default="", help="The address that the message came to.")
@config_option
@json_option
def command(maildir: Path | None, recipient: str, config: Path, as_json: bool) -> None:
    """Take in bounces, complaints and wishes to leave that came by mail."""
    if maildir is not None:
        _tell(asyncio.run(_take_all(config, maildir)), as_json=as_json)
        return
    from notifier.returns.mail import MOST_OCTETS

    raw = sys.stdin.buffer.read(MOST_OCTETS)
    while sys.stdin.buffer.read(MOST_OCTETS):
        pass  # a pipe that is closed early is an error to whoever writes to it
    try:
        _require_message(raw)
        taken = asyncio.run(_take(config, raw, recipient))
    except Exception as error:  # noqa: BLE001 - any other exit status makes servers drop the mail
        _explain(error)
        sys.exit(_TRY_AGAIN)
    _tell([taken], as_json=as_json)


def _require_message(raw: bytes) -> None:
    """Refuse nothing at all: no server hands that on, so a pipe is broken."""
    from notifier.errors import NotifierError

    if not raw.strip():
        raise NotifierError("there is no message on standard input; see --maildir for many")


async def _take(config: Path, raw: bytes, recipient: str) -> Taken:
    from notifier.returning import take
    from notifier.service import open_house

    async with open_house(settings_of(config), now()) as house:
        return await take(house.intake(), raw, now(), recipient)


async def _take_all(config: Path, maildir: Path) -> list[Taken]:
    from notifier.returning import take_all
    from notifier.returns.box import ReturnBox
    from notifier.service import open_house

    async with open_house(settings_of(config), now()) as house:
        return await take_all(house.intake(), ReturnBox(maildir), now)


def _explain(error: Exception) -> None:
    """Say what is wrong in our own words; what is not ours is a bug, and traced."""
    from feeds.errors import FeedsError
    from notifier.errors import ConfigurationError, NotifierError

    for problem in error.problems if isinstance(error, ConfigurationError) else ():
        click.echo(str(problem), err=True)
    if isinstance(error, (FeedsError, NotifierError)):
        click.echo(f"paperround: {error}", err=True)
    else:
        traceback.print_exception(error)


def _tell(taken: Sequence[Taken], *, as_json: bool) -> None:
    from notifier.returning import counted as counts_of

    again = sum(one.again for one in taken)
    counts = [
        {"kind": kind, "found_by": how, "step": step, "messages": number}
        for (kind, how, step), number in counts_of(taken).items()
    ]
    lines = [f"{counted(len(taken), 'message')}, {again} of them read before"]
    lines += [
        f"  {one['messages']:>6}  {one['kind']:<12} {one['step']:<11} by {one['found_by']}"
        for one in counts
    ]
    show({"read": len(taken), "again": again, "counts": counts}, lines, as_json=as_json)
