"""`paperround run`: the service."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from feeds.kit import logs
from notifier.cli.common import config_option
from notifier.configuration import load
from notifier.service import run_in_loop
from notifier.service.edits import Source
from notifier.service.roles import Role
from notifier.service.running import run
from notifier.service.systemd import Manager
from notifier.settings import Settings


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
@click.option("--yes", is_flag=True, help="Remove readers, however many are not declared any more.")
def command(config: Path, role: str, form: str, *, yes: bool) -> None:
    """Run the service: web, scheduler and delivery in one process, until SIGTERM or Ctrl-C.

    Several processes, on as many machines as you like, share the work by `--role`: `web` answers
    requests, `scheduler` takes in articles, publishes and opens issues, `sender` delivers.
    """
    loaded = load(config, os.environ)
    settings, known = loaded.settings_or_raise(), set[str]()

    def learn(more: Settings) -> None:
        """Mask what is secret by now, and what was before."""
        known.update(more.secrets)
        logs.set_up(sys.stderr, form, known)

    learn(settings)
    source = Source(config, os.environ, loaded, learn)
    announce = "Paperround is running at {}".format
    manager, told = Manager.of(os.environ), lambda where: click.echo(announce(where))
    running = run(settings, told, role=Role(role), manager=manager, source=source, yes=yes)
    run_in_loop(running)
