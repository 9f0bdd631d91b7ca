"""`paperround ready`: asks a running service whether it is ready, without a web client."""

from __future__ import annotations

import http.client
import json

import click

from notifier.cli import OK, PROBLEMS

_PATIENCE = 5.0  # seconds
_MOST = 100_000  # octets of an answer


@click.command("ready")
@click.argument("address", metavar="[HOST:PORT]", default="127.0.0.1:8000")
@click.option("--live", is_flag=True, help="Ask whether it lives, instead.")
@click.pass_context
def command(ctx: click.Context, address: str, *, live: bool) -> None:
    """Ask the service at HOST:PORT (127.0.0.1:8000) whether it is ready; exit 0 or 1.

    For health checks of containers: it reads no configuration.
    """
    path = "/livez" if live else "/readyz"
    try:
        status, parts = _asked(address, path)
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        click.echo(f"no answer from http://{address}{path}: {reason}", err=True)
        ctx.exit(PROBLEMS)
    for part, state in parts.items():
        click.echo(f"{part}: {state}")
    ctx.exit(OK if status == 200 else PROBLEMS)


def _asked(address: str, path: str) -> tuple[int, dict[str, str]]:
    """Return the status of the answer, and each part with its state; raises where there is none."""
    connection = http.client.HTTPConnection(address, timeout=_PATIENCE)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = json.loads(answer.read(_MOST))
    finally:
        connection.close()
    checks = body.get("checks") if isinstance(body, dict) else None
    if not isinstance(checks, dict):
        raise ValueError("this is not Paperround")  # noqa: TRY004 - of what was read, not a bug
    return answer.status, {str(part): str(state) for part, state in checks.items()}
