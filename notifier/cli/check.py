"""`paperround check`: every mistake of the configuration at once."""

from __future__ import annotations

import os
from pathlib import Path

import click

from notifier.cli import OK, PROBLEMS
from notifier.cli.common import config_option, counted, json_option, show
from notifier.configuration import load
from notifier.settings import Settings


@click.command("check")
@config_option
@json_option
@click.pass_context
def command(ctx: click.Context, config: Path, as_json: bool) -> None:
    """Tell every mistake of the configuration at once, with its place."""
    loaded = load(config, os.environ)
    problems = list(loaded.problems)
    templates = _template_problems(loaded.settings) if loaded.settings else ()
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


def _template_problems(settings: Settings) -> tuple[str, ...]:
    """Return what is wrong with the operator's templates; ours need no check, nor to be loaded."""
    if not settings.templates.is_dir():
        return ()
    from notifier.digest.compose import Composer

    return Composer(settings.templates, settings.site).problems()
