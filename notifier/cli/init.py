"""`paperround init DIR`: a commented starter configuration."""

from __future__ import annotations

from pathlib import Path

import click

from notifier.cli.common import samples


@click.command("init")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
def command(folder: Path) -> None:
    """Write a commented starter configuration into DIR, and a folder for articles beside it."""
    for path in sorted((samples() / "config").glob("*.yaml")):
        target = folder / path.name
        if target.exists():
            raise click.UsageError(f"{target} is there already; nothing was written")
    articles = folder.resolve().parent / "articles"
    written = write_starter(folder, articles="../articles")
    articles.mkdir(exist_ok=True)
    for path in written:
        click.echo(f"wrote {path}")
    click.echo(f"put articles into {articles}, then: paperround run --config {folder}")


def write_starter(folder: Path, *, articles: str) -> list[Path]:
    """Write the sample configuration into `folder`, with `articles` as its folder of articles."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for path in sorted((samples() / "config").glob("*.yaml")):
        target = folder / path.name
        text = path.read_text(encoding="utf-8").replace("../seeds", articles)
        target.write_text(text, encoding="utf-8")
        written.append(target)
    return written
