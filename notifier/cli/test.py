"""`paperround test [FILE...]`: tests of a configuration."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

import click

from notifier.cli import OK, PROBLEMS
from notifier.cli.common import config_option, counted, json_option, show, writing
from notifier.configuration import ConfigProblem, load
from notifier.configuration.trials import Trial, read_trials
from notifier.errors import ConfigurationError
from notifier.service.trying import Tried, try_out
from notifier.settings import Settings


@click.command("test")
@click.argument("files", nargs=-1, metavar="FILE...", type=click.Path(path_type=Path))
@click.option("--junit", metavar="FILE", type=click.Path(path_type=Path), help="Also JUnit XML.")
@config_option
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    files: tuple[Path, ...],
    junit: Path | None,
    config: Path,
    as_json: bool,
) -> None:
    """Run tests of the configuration; by default those in its folder `tests`.

    Each runs on a store of its own; nothing of yours is touched, and nothing is sent.
    """
    loaded = load(config, os.environ)
    settings = loaded.settings_or_raise()
    folder = (config if config.is_dir() else config.parent) / "tests"
    found = [path for one in files or (folder,) for path in _files_in(one)]
    if not found:
        raise click.UsageError(f"there are no tests in {files[0] if files else folder}")
    trials: list[Trial] = []
    problems: list[ConfigProblem] = []
    for order, path in enumerate(found, start=1):
        more, wrong = read_trials(path, order, loaded, os.environ)
        trials += more
        problems += wrong
    if problems:
        raise ConfigurationError(tuple(problems), "the tests")
    tried = asyncio.run(_run(trials, settings))
    if junit is not None:
        with writing(junit):
            junit.write_text("\n".join(_junit(tried)) + "\n", encoding="utf-8")
    failed = sum(bool(one.difference) for one in tried)
    show(_data(tried), [*_lines(tried), _summary(len(tried), failed)], as_json=as_json)
    ctx.exit(PROBLEMS if failed else OK)


def _files_in(path: Path) -> list[Path]:
    """Return the files with tests in a folder; what is none is the file."""
    return sorted(path.glob("*.yaml")) if path.is_dir() else [path]


async def _run(trials: Sequence[Trial], settings: Settings) -> list[Tried]:
    tried = []
    for trial in trials:
        began = time.monotonic()
        difference = await try_out(trial, settings)
        tried.append(Tried(trial, time.monotonic() - began, difference))
    return tried


def _data(tried: Sequence[Tried]) -> dict[str, object]:
    return {
        "tests": [
            {
                "name": one.trial.name,
                "file": one.trial.spot.path,
                "line": one.trial.spot.line,
                "passed": not one.difference,
                "seconds": round(one.seconds, 3),
                "difference": list(one.difference),
            }
            for one in tried
        ]
    }


def _lines(tried: Sequence[Tried]) -> Iterator[str]:
    for one in tried:
        yield f"{'FAILED' if one.difference else 'passed'}  {one.trial.name}"
        if one.difference:
            yield f"    {one.trial.spot}: `-` was expected, `+` is what came"
            yield from (f"    {line}" for line in one.difference)


def _summary(tests: int, failed: int) -> str:
    return f"{counted(tests, 'test')}, {failed} failed"


def _junit(tried: Sequence[Tried]) -> Iterator[str]:
    failed = sum(bool(one.difference) for one in tried)
    seconds = sum(one.seconds for one in tried)
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield (
        f'<testsuite name="paperround" tests="{len(tried)}" failures="{failed}" errors="0"'
        f' skipped="0" time="{seconds:.3f}">'
    )
    for one in tried:
        name, file = quoteattr(one.trial.name), quoteattr(one.trial.spot.path)
        yield f'<testcase classname={file} name={name} time="{one.seconds:.3f}">'
        if one.difference:
            text = escape("\n".join(one.difference))
            yield f'<failure message="not as expected">{text}</failure>'
        yield "</testcase>"
    yield "</testsuite>"
