"""`paperround run`: the service."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from feeds.kit import logs
from notifier.cli.common import config_option, settings_of
from notifier.service import Manager, Role, run, run_in_loop


@click.command("run")
@config_option
@click.option(
    "--role",
    type=click.Choice([str(role) for role in Role]),
    default=str(Role.ALL),
    show_default=True,
    help="The part of this process, where several share a store on PostgreSQL.",
)
@click.option(
    "--log",
    "form",
    type=click.Choice(logs.FORMS),
    default="auto",
    help="JSON lines, or for people; auto: for people where standard error is a terminal.",
)
def command(config: Path, role: str, form: str) -> None:
    """Run the service: web, scheduler and delivery in one process, until SIGTERM or Ctrl-C.

    Several processes, on as many machines as you like, share the work by `--role`: `web` answers
    requests, `scheduler` takes in articles, publishes and opens issues, `sender` delivers.
    """
    settings = settings_of(config)
    logs.set_up(sys.stderr, form, settings.secrets)
    announce = "Paperround is running at {}".format
    manager, told = Manager.of(os.environ), lambda where: click.echo(announce(where))
    run_in_loop(run(settings, told, role=Role(role), manager=manager))
