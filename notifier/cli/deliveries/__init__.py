"""`paperround deliveries ...`: look at what was sent, send again, settle what is in doubt."""

from __future__ import annotations

import click

from notifier.cli.deliveries.comparing import reconcile
from notifier.cli.deliveries.looking import counts, list_
from notifier.cli.deliveries.recovering import recover
from notifier.cli.deliveries.settling import release, retry


@click.group("deliveries")
def command() -> None:
    """Look at what became of every message, send again, and settle what is in doubt."""


for one in (list_, counts, retry, release, reconcile, recover):
    command.add_command(one)
