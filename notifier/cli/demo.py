"""`paperround demo`: the whole job on the sample articles, in a folder of its own."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import click

from feeds.library import ingest_paths, mirror, publish
from feeds.publish import DirectoryShelf
from feeds.revision import Outcome
from notifier.cli import run as running
from notifier.cli.common import (
    json_option,
    now,
    program,
    samples,
    settings_of,
    show,
    table,
    writing,
)
from notifier.cli.init import write_starter
from notifier.cli.send import send
from notifier.delivery.delivery import State
from notifier.service import open_house
from notifier.settings import Maildir, Settings

_MARK = ".paperround-demo"
# The sample's words, and what they are in a demo: its links lead to the service on this machine.
_HERE = {"../seeds": "../articles", "https://news.example.org": "http://127.0.0.1:8000"}


@click.command("demo")
@click.option(
    "--into",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("paperround-demo"),
    show_default=True,
    help="Where everything is put.",
)
@click.option("--serve", is_flag=True, help="Go on as the service, with the feeds in a browser.")
@json_option
@click.pass_context
def command(ctx: click.Context, folder: Path, serve: bool, as_json: bool) -> None:
    """Read the sample articles, publish feeds, and put a digest into a mailbox."""
    with writing(folder):
        _prepare(folder)
    settings = settings_of(folder / "config")
    data = asyncio.run(_demo(settings, folder))
    show(data, _lines(data, folder, settings), as_json=as_json)
    if serve:
        ctx.invoke(running.command, config=folder / "config")


def _prepare(folder: Path) -> None:
    """Begin with an empty folder; clear only what an earlier demo has made."""
    if folder.exists() and any(folder.iterdir()):
        if not (folder / _MARK).exists():
            raise click.UsageError(f"{folder} is not empty; choose another folder with --into")
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _MARK).touch()
    write_starter(folder / "config", _HERE)
    shutil.copytree(samples() / "seeds", folder / "articles")


async def _demo(settings: Settings, folder: Path) -> dict[str, object]:
    async with open_house(settings, now()) as house:
        paths = [source.folder for source in settings.sources]
        report = await ingest_paths(paths, house.folders, house.store, house.memory, now())
        published = await publish(house.press, now())
        await mirror(house.press, DirectoryShelf(folder / "site"))
    sent = await send(settings, tuple(spec.name for spec in settings.digests), now())
    return {
        "articles": report.outcomes[Outcome.NEW],
        "refused": report.outcomes[Outcome.REFUSED],
        "feeds": published.feeds,
        "documents": published.documents,
        "issues": len([opened for opened in sent.opened if opened.readers]),
        "messages": sent.delivered.counts.get(State.ACCEPTED, 0),
    }


def _lines(data: dict[str, object], folder: Path, settings: Settings) -> list[str]:
    assert settings.mail is not None
    assert isinstance(settings.mail.transport, Maildir)
    rows = [
        ("what", "how many"),
        ("articles read", data["articles"]),
        ("feeds written", f"{data['feeds']} (in {data['documents']} documents)"),
        ("messages delivered", data["messages"]),
    ]
    return [
        *table(rows),
        "",
        f"feeds          {folder / 'site' / 'feeds'}",
        f"messages       {settings.mail.transport.path / 'new'}",
        f"configuration  {folder / 'config'}",
        f"in a browser   {program()} run --config {folder / 'config'}",
    ]
