"""`paperround subscribers ...`: look at readers, add them, choose for them, let them go."""

from __future__ import annotations

import click

from notifier.cli.subscribers.editing import add, remove, set_
from notifier.cli.subscribers.files import export, import_
from notifier.cli.subscribers.looking import list_, show
from notifier.cli.subscribers.personal import feed


@click.group("subscribers")
def command() -> None:
    """Look at readers, add them, choose for them, and let them go."""


for one in (add, set_, show, list_, import_, export, remove, feed):
    command.add_command(one)
