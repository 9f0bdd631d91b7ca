"""`paperround check`: every mistake of the configuration at once."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from notifier.cli import OK, PROBLEMS
from notifier.cli.common import config_option, counted, json_option, show
from notifier.configuration import ConfigProblem, Spot, load, problem_at
from notifier.settings import Settings

if TYPE_CHECKING:
    from notifier.rehearsing import Flaw


@click.command("check")
@config_option
@json_option
@click.pass_context
def command(ctx: click.Context, config: Path, as_json: bool) -> None:
    """Tell every mistake of the configuration at once, with its place."""
    loaded = load(config, os.environ)
    flaws = _flaws(loaded.settings) if loaded.settings else ()
    problems = [*loaded.problems, *_in_settings(flaws, loaded.spots)]
    templates = [_line(flaw, config) for flaw in flaws if not flaw.setting]
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
        "templates": templates,
    }
    show(data, lines, as_json=as_json)
    ctx.exit(PROBLEMS if count else OK)


def _flaws(settings: Settings) -> tuple[Flaw, ...]:
    """Try what the operator has written of templates; ours need no trial, nor to be loaded."""
    if settings.built_in_only:
        return ()
    from notifier.digest.compose import Composer
    from notifier.rehearsing import rehearse

    return rehearse(Composer(settings.templates, settings.site, settings.words), settings)


def _in_settings(
    flaws: Iterable[Flaw], spots: Mapping[tuple[str, str], Spot]
) -> Iterator[ConfigProblem]:
    """Tell what is wrong with a subject, or with the choice of a template, where it is written."""
    for flaw in flaws:
        if flaw.setting:
            yield problem_at(spots[flaw.digest, flaw.setting], flaw.reason)


def _line(flaw: Flaw, config: Path) -> str:
    """Return `file:line: what`, with the file as the operator knows it."""
    folder = config if config.is_dir() else config.parent
    file = Path(flaw.template)
    if file.is_relative_to(folder.absolute()):
        file = folder / file.relative_to(folder.absolute())
    place = f"{file}:{flaw.line}" if flaw.line else str(file)
    return f"{place}: {flaw.reason}"
