"""`paperround config migrate`: an older configuration, written as it is today."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from notifier.cli import PROBLEMS
from notifier.cli.common import config_option, counted, json_option, show
from notifier.errors import ConfigurationError, NotifierError

if TYPE_CHECKING:
    from notifier.configuration.renewing import Renewal


@click.command("migrate")
@click.option("--check", is_flag=True, help="Only tell what would be changed.")
@click.option("--stdout", is_flag=True, help="Print what would be written, and write nothing.")
@config_option
@json_option
@click.pass_context
def migrate(
    ctx: click.Context, config: Path, *, check: bool, stdout: bool, as_json: bool
) -> None:
    """Rewrite a configuration of an older version as it is written today, comments kept.

    What was there before is kept beside it.
    """
    from notifier.configuration.renewing import renewals

    if check and stdout:
        raise click.UsageError("--check and --stdout exclude each other")
    found = renewals(config)
    if found.problems:
        raise ConfigurationError(found.problems)
    if stdout:
        _print(found.files)
        return
    backups = {} if check else _write(found.files, found.version)
    files = [
        {
            "path": str(one.path),
            "changes": list(one.changes),
            "backup": str(backups[one.path]) if one.path in backups else None,
        }
        for one in found.files
    ]
    lines = [line for one in found.files for line in _told(one, backups.get(one.path))]
    count = counted(len(files), "file")
    done = f"{count} would be rewritten" if check else f"{count} rewritten"
    lines.append(f"{done} from version {found.version}" if files else f"{config} is up to date")
    show({"version": found.version, "files": files}, lines, as_json=as_json)
    ctx.exit(PROBLEMS if check and files else 0)


def _told(renewal: Renewal, backup: Path | None) -> Sequence[str]:
    first = f"{renewal.path}, as it was: {backup}" if backup else f"{renewal.path}"
    return [first, *(f"  {change}" for change in renewal.changes)]


def _print(found: Sequence[Renewal]) -> None:
    for renewal in found:
        if len(found) > 1:
            click.echo(f"# {renewal.path}")
        click.echo(renewal.text, nl=False)


def _write(found: Sequence[Renewal], version: int) -> dict[Path, Path]:
    """Write all files beside their places first, and put them there only when all are written."""
    backups = {one.path: one.path.with_name(f"{one.path.name}.v{version}") for one in found}
    for backup in backups.values():
        if backup.exists():
            raise click.UsageError(f"{backup} is there already; nothing was written")
    written: list[tuple[Path, Path]] = []
    try:
        for renewal in found:
            written.append((renewal.path.resolve(), _beside(renewal)))
        for path, backup in backups.items():
            backup.write_bytes(path.read_bytes())
            backup.chmod(path.stat().st_mode & 0o777)
        for target, temporary in written:
            temporary.replace(target)
    except OSError as error:
        raise NotifierError(f"{error.filename}: {error.strerror}") from error
    finally:
        for _, temporary in written:
            temporary.unlink(missing_ok=True)
    return backups


def _beside(renewal: Renewal) -> Path:
    """Write the new text beside its file, under a name that no configuration is read from."""
    target = renewal.path.resolve()
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    with open(handle, "w", encoding="utf-8", newline="") as stream:
        stream.write(renewal.text)
        stream.flush()
        os.fsync(stream.fileno())
    temporary = Path(name)
    temporary.chmod(target.stat().st_mode & 0o777)
    return temporary
