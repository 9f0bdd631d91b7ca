"""`paperround preview DIGEST`: the very message that would be sent. Writes nothing to the store."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path

import click

from notifier.cli import OK, PROBLEMS
from notifier.cli.asking import check_digests, moment_of, reader_of
from notifier.cli.common import (
    config_option,
    json_option,
    now,
    settings_without_lists,
    show,
    writing,
)
from notifier.errors import NotifierError
from notifier.mailing import Preview, preview
from notifier.service.foreseeing import foreseen_for
from notifier.service.looking import look_in
from notifier.settings import Settings


@click.command("preview")
@click.argument("digest")
@click.option("--for", "email", metavar="EMAIL", help="As this reader would get it.")
@click.option("--at", "at", metavar="TIME", help="What is due at this time (ISO 8601).")
@click.option(
    "--out",
    "out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.eml",
    help="Write the message there instead of showing it.",
)
@config_option
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    digest: str,
    email: str | None,
    at: str | None,
    out: Path | None,
    config: Path,
    as_json: bool,
) -> None:
    """Show the message that the next issue of DIGEST would be, or write it to a file."""
    settings = settings_without_lists(config)
    check_digests([digest], settings)
    found = asyncio.run(_preview(settings, digest, email, moment_of(at, settings)))
    if found.content and out:
        with writing(out):
            out.write_bytes(found.content)
    if as_json:
        show(_data(found, out), [], as_json=True)
    elif not found.content:
        click.echo(f"there is nothing to say: {found.reason}", err=True)
    elif not out:
        click.echo(found.content.replace(b"\r\n", b"\n"), nl=False)
    else:
        click.echo(f"{out}: {found.subject}")
    ctx.exit(OK if found.content else PROBLEMS)


async def _preview(
    settings: Settings, digest: str, email: str | None, at: datetime | None
) -> Preview:
    moment = now()
    async with (
        look_in(settings, moment) as house,
        foreseen_for(house, email or "", moment) as lookout,
    ):
        if email is None:
            return await preview(lookout, digest, now(), at)
        reader, taken = await reader_of(lookout, email)
        mine = [one for one in taken if one.lane.key.digest == digest and one.in_force]
        if not mine:
            raise NotifierError(f"{email} does not take the digest `{digest}`")
        return await preview(lookout, digest, now(), at, (reader, mine[0]))


def _data(found: Preview, out: Path | None) -> dict[str, object]:
    return {
        "digest": found.digest,
        "recipient": found.recipient,
        "slot": found.slot,
        "timezone": found.timezone,
        "subject": found.subject,
        "articles": list(found.articles),
        "shown": found.shown,
        "bytes": len(found.content),
        "reason": found.reason,
        "out": str(out) if found.content and out else None,
        "message": None if out or not found.content else found.content.decode(),
    }
