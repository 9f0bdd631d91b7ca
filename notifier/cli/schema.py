"""`paperround schema`: the JSON Schema of the configuration, for editors."""

from __future__ import annotations

import click


@click.command("schema")
def command() -> None:
    """Print the JSON Schema (2020-12) of one file of a configuration.

    `paperround init` writes it beside the configuration; after an upgrade, write it anew there:
    paperround schema > config/paperround.schema.json
    """
    from notifier.configuration.schema import printed

    click.echo(printed(), nl=False)
