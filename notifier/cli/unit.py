"""`paperround unit`: the service for systemd, made for this installation."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from notifier.cli.common import config_option, settings_of
from notifier.errors import NotifierError

TEMPLATE = Path(__file__).parent.parent / "ops" / "paperround.service"


@click.command("unit")
@config_option
def command(config: Path) -> None:
    """Print a unit for systemd: with the paths of this installation and configuration.

    As root: paperround unit --config /etc/paperround > /etc/systemd/system/paperround.service
    """
    settings = settings_of(config)
    program = Path(sys.executable).parent / "paperround"
    written = dict.fromkeys(str(folder) for _, folder in settings.written)
    folder = str(config.absolute())
    for path in (folder, str(program), *written):
        if any(character in path for character in " \t\n\"'%\\$"):
            raise NotifierError(f"systemd does not take {path!r} as it is: move it elsewhere")
    text = TEMPLATE.read_text(encoding="utf-8")
    text = text.replace("@CONFIG@", folder).replace("@PROGRAM@", str(program))
    if not written:
        text = text.replace("ReadWritePaths=@WRITTEN@\n", "")
    click.echo(text.replace("@WRITTEN@", " ".join(written)), nl=False)
    for path in written:
        if not Path(path).is_dir():
            click.echo(f"{path} is not there: make it, owned by the service's user", err=True)
