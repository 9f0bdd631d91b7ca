"""`paperround init DIR`: a commented starter configuration."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from notifier.cli.common import program, samples


@click.command("init")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
def command(folder: Path) -> None:
    """Write a commented starter configuration into DIR, and a folder for articles beside it."""
    for path in sorted((samples() / "config").glob("*.yaml")):
        target = folder / path.name
        if target.exists():
            raise click.UsageError(f"{target} is there already; nothing was written")
    articles = folder.resolve().parent / "articles"
    written = write_starter(folder, {"../seeds": "../articles"})
    articles.mkdir(exist_ok=True)
    for path in written:
        click.echo(f"wrote {path}")
    click.echo(f"put articles into {articles}, then: {program()} run --config {folder}")


def write_starter(folder: Path, changes: Mapping[str, str]) -> list[Path]:
    """Write the sample configuration into `folder`, with these words in place of the sample's."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for path in sorted((samples() / "config").glob("*.yaml")):
        target = folder / path.name
        text = path.read_text(encoding="utf-8")
        for ours, theirs in changes.items():
            text = text.replace(ours, theirs)
        target.write_text(text, encoding="utf-8")
        written.append(target)
    return written
