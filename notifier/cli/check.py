"""`paperround check`: every mistake of the configuration at once."""

from __future__ import annotations

import os
from pathlib import Path

import click

from notifier.cli import OK, PROBLEMS
from notifier.cli.common import config_option, counted, json_option, show
from notifier.configuration import load


@click.command("check")
@config_option
@json_option
@click.pass_context
def command(ctx: click.Context, config: Path, as_json: bool) -> None:
    """Tell every mistake of the configuration at once, with its place."""
    from notifier.digest.compose import Composer

    loaded = load(config, os.environ)
    problems = list(loaded.problems)
    templates: tuple[str, ...] = ()
    if loaded.settings is not None:
        templates = Composer(loaded.settings.templates, loaded.settings.site).problems()
    count = len(problems) + len(templates)
    lines = [*map(str, problems), *templates]
    lines.append(f"{counted(count, 'problem')} in {config}" if count else f"{config} is in order")
    data = {
        "problems": [
            {
                "path": problem.path,
                "line": problem.line,
                "column": problem.column,
                "message": problem.message,
                "hint": problem.hint,
                "severity": str(problem.severity),
            }
            for problem in problems
        ],
        "templates": list(templates),
    }
    show(data, lines, as_json=as_json)
    ctx.exit(PROBLEMS if loaded.errors or templates else OK)
