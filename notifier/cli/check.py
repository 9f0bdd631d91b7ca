"""`paperround check`: every mistake of the configuration at once."""

from __future__ import annotations

import gc
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from notifier.checking import examine
from notifier.cli import OK, PROBLEMS
from notifier.cli.common import config_option, counted, json_option
from notifier.configuration import ConfigProblem, load
from notifier.settings import Settings

if TYPE_CHECKING:
    from notifier.deliverability.finding import Finding

_FORMATS = ("text", "json", "sarif", "github")


@click.command("check")
@click.option("--online", is_flag=True, help="Ask store, mail servers and DNS too.")
@click.option("--resolver", metavar="ADDRESS[:PORT]", help="The name server to ask.")
@click.option(
    "--format",
    "form",
    type=click.Choice(_FORMATS),
    default="text",
    show_default=True,
    help="How problems are printed.",
)
@config_option
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    config: Path,
    form: str,
    resolver: str | None,
    *,
    online: bool,
    as_json: bool,
) -> None:
    """Tell every mistake of the configuration at once, with its place."""
    if resolver is not None and not online:
        raise click.UsageError("--resolver belongs to --online")
    loaded = load(config, os.environ)
    findings: tuple[Finding, ...] = ()
    if online and loaded.settings is not None:
        findings = _asked(loaded.settings, resolver)
    problems = examine(loaded, config, findings)
    _show(problems, findings, config, "json" if as_json else form)
    gc.freeze()  # the process ends: nobody need look through a million values once more
    ctx.exit(PROBLEMS if problems else OK)


def _asked(settings: Settings, resolver: str | None) -> tuple[Finding, ...]:
    import asyncio

    from notifier.cli.common import name_server
    from notifier.probing import probe

    return asyncio.run(probe(settings, name_server(resolver)))


def _show(
    problems: Sequence[ConfigProblem], findings: Sequence[Finding], config: Path, form: str
) -> None:
    from notifier.cli import formats

    if form == "json":
        click.echo(json.dumps(_object(problems, findings), ensure_ascii=False))
        return
    if form == "sarif":
        click.echo(json.dumps(formats.sarif(problems), ensure_ascii=False, indent=1))
        return
    fine = [f"{one.topic}: {one.message}" for one in findings if not one.advice]
    count = len(problems)
    last = f"{counted(count, 'problem')} in {config}" if count else f"{config} is in order"
    told = formats.github(problems) if form == "github" else map(str, problems)
    for line in (*told, *fine, last):
        click.echo(line)


def _object(problems: Sequence[ConfigProblem], findings: Sequence[Finding]) -> dict[str, object]:
    from notifier.cli.formats import members

    return {
        "problems": [members(problem) for problem in problems],
        "online": [
            {
                "topic": one.topic,
                "grade": str(one.grade),
                "message": one.message,
                "advice": one.advice,
                "setting": ".".join(map(str, one.setting)),
            }
            for one in findings
        ],
    }
