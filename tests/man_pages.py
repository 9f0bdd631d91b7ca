"""Manual pages, one for each command: `make man` writes them, and a test tries it."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import click
from click_man.man import ManPage

from notifier.cli import group

DATE = ""  # the same pages, whenever they are made


def contexts(
    command: click.Command, name: str, parent: click.Context | None = None
) -> Iterator[click.Context]:
    """The context of every command, groups before what is in them."""
    context = click.Context(command, info_name=name, parent=parent)
    yield context
    if isinstance(command, click.Group):
        for inner in command.list_commands(context):
            found = command.get_command(context, inner)
            assert found is not None
            yield from contexts(found, inner, context)


def page_of(context: click.Context) -> str:
    """The page of one command, in the language of man(7)."""
    command = context.command
    page = ManPage(context.command_path)
    page.version, page.date = version("paperround"), DATE
    page.short_help = command.get_short_help_str(limit=100)
    page.description = inspect.cleandoc(command.help or "")
    page.synopsis = " ".join(command.collect_usage_pieces(context))
    page.options = [
        option.get_help_record(context)
        for option in command.params
        if isinstance(option, click.Option)
    ]
    if isinstance(command, click.Group):
        inner = {
            name: command.get_command(context, name) for name in command.list_commands(context)
        }
        page.commands = [(name, one.get_short_help_str(100)) for name, one in inner.items() if one]
    return str(page)


def write(folder: Path) -> list[Path]:
    """Write all pages into `folder`, and return where they are."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for context in contexts(group, "paperround"):
        path = folder / f"{context.command_path.replace(' ', '-')}.1"
        path.write_text(page_of(context), encoding="utf-8")
        written.append(path)
    return written


if __name__ == "__main__":
    write(Path(sys.argv[1]))
