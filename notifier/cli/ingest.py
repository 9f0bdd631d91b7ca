"""`paperround ingest PATH...`: documents into the store."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from feeds.library import Report, ingest_paths
from feeds.revision import Outcome
from notifier.cli import OK, PROBLEMS
from notifier.cli.common import config_option, counted, json_option, now, settings_of, show
from notifier.service import open_house
from notifier.settings import Settings

WITHDRAW = "paperround ingest --withdraw PATH"


@click.command("ingest")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--withdraw", is_flag=True, help="Yes, withdraw more than a tenth of all articles.")
@config_option
@json_option
@click.pass_context
def command(
    ctx: click.Context, paths: tuple[Path, ...], withdraw: bool, config: Path, as_json: bool
) -> None:
    """Read documents into the store: files, or whole folders.

    Says what was new, changed, withdrawn, unchanged and refused, and why, by file and line.
    """
    report = asyncio.run(_ingest(settings_of(config), paths, withdraw=withdraw))
    show(data_of(report), lines_of(report), as_json=as_json)
    ctx.exit(PROBLEMS if report.problems or report.held else OK)


async def _ingest(settings: Settings, paths: tuple[Path, ...], *, withdraw: bool) -> Report:
    async with open_house(settings, now()) as house:
        return await ingest_paths(
            paths, house.folders, house.store, house.memory, now(), withdraw=withdraw
        )


def lines_of(report: Report) -> list[str]:
    """Return what people read of a report: problems first, the sum last."""
    counts = [f"{report.outcomes[outcome]} {outcome}" for outcome in _order(report)]
    read = counted(report.files, "file")
    lines = [str(problem) for problem in report.problems]
    if report.unsettled:
        lines.append(f"{counted(report.unsettled, 'file')} still being written: left alone")
    if report.held:
        lines.append(f"{report.held} withdrawals wait for your word: {WITHDRAW}")
    return [*lines, f"{', '.join(counts) or 'nothing'} ({read} read)"]


def data_of(report: Report) -> dict[str, object]:
    """Return a report as the documented object."""
    return {
        **{str(outcome): report.outcomes[outcome] for outcome in Outcome},
        "files": report.files,
        "unsettled": report.unsettled,
        "held": report.held,
        "problems": [
            {
                "path": problem.place.path,
                "line": problem.place.line,
                "column": problem.place.column,
                "message": problem.message,
            }
            for problem in report.problems
        ],
    }


def _order(report: Report) -> list[Outcome]:
    return [outcome for outcome in Outcome if report.outcomes[outcome]]
