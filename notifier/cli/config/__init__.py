"""`paperround config ...`: the configuration itself, as it takes effect and as it was written."""

from __future__ import annotations

import click

from notifier.cli.config.dumping import dump
from notifier.cli.config.renewing import migrate


@click.group("config")
def command() -> None:
    """Look at the configuration as it takes effect, and renew an old one."""


command.add_command(dump)
command.add_command(migrate)
