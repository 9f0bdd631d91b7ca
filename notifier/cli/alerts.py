"""`paperround alerts`: the alert rules for Prometheus that come along."""

from __future__ import annotations

from pathlib import Path

import click

RULES = Path(__file__).parent.parent / "ops" / "alerts.yaml"


@click.command("alerts")
def command() -> None:
    """Print alert rules for Prometheus, on the numbers of /metrics."""
    click.echo(RULES.read_text(encoding="utf-8"), nl=False)
