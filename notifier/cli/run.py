"""`paperround run`: the service."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import click

from notifier.cli.common import config_option, settings_of
from notifier.service import run, run_in_loop


@click.command("run")
@config_option
def command(config: Path) -> None:
    """Run the service: web, scheduler and delivery in one process, until SIGTERM or Ctrl-C."""
    settings = settings_of(config)
    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s"
    )
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    announce = "Paperround is running at {}".format
    run_in_loop(run(settings, lambda address: click.echo(announce(address))))
