"""What the commands share: options, settings, the store, and ways to print."""

from __future__ import annotations

import ipaddress
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from notifier.configuration import load
from notifier.errors import ConfigurationError, NotifierError
from notifier.settings import Settings

if TYPE_CHECKING:
    from notifier.dns import NameServer

Command = TypeVar("Command", bound=Callable[..., object])

config_option = click.option(
    "--config",
    "config",
    type=click.Path(path_type=Path),
    envvar="PAPERROUND_CONFIG",
    default=Path("config"),
    show_default=True,
    help="The folder of YAML files, or one file.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


def settings_of(config: Path) -> Settings:
    """Load the configuration; raises ConfigurationError with every mistake in it."""
    return loaded_of(config)[0]


def settings_without_lists(config: Path) -> Settings:
    """Load the configuration; long lists of subscribers are read when they are asked for."""
    loaded = load(config, os.environ, readers_later=True)
    if loaded.settings is None:
        raise ConfigurationError(loaded.problems)
    return loaded.settings


def name_server(written: str | None) -> NameServer:
    """Return the name server at `ADDRESS[:PORT]` (an IPv6 address with a port in brackets).

    Those of this machine where nothing is written; BadParameter for what is no address.
    """
    from notifier.dns import PORT, NameServer

    if written is None:
        return NameServer()
    host, colon, port = written.rpartition(":")
    if not colon or (host.count(":") and not written.startswith("[")):
        host, port = written, str(PORT)
    try:
        address = str(ipaddress.ip_address(host.strip("[]")))
    except ValueError:
        raise click.BadParameter(f"{written!r} is not the IP address of a name server") from None
    if not (port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65536):
        raise click.BadParameter(f"{port[:20]!r} is not a port")
    return NameServer(address, int(port))


def loaded_of(config: Path) -> tuple[Settings, tuple[Path, ...]]:
    """Load the configuration, as `settings_of` does; return the files that it was read from too."""
    loaded = load(config, os.environ)
    if loaded.settings is None:
        raise ConfigurationError(loaded.problems)
    return loaded.settings, loaded.files


def samples() -> Path:
    """The folder that holds the sample `config` and `seeds`: in the wheel, or in the checkout."""
    package = Path(__file__).parent.parent
    inside = package / "samples"
    return inside if inside.is_dir() else package.parent


def program() -> str:
    """How this program was called, for commands that people are told to type."""
    called = Path(sys.argv[0])
    return str(called) if called.name == "paperround" and called.parent != Path() else "paperround"


def now() -> datetime:
    """The time; commands are a door, so it is read here."""
    return datetime.now(UTC)


def show(data: Mapping[str, object], lines: Sequence[str], *, as_json: bool) -> None:
    """Print one JSON object for programs, or lines for people."""
    if as_json:
        click.echo(json.dumps(data, ensure_ascii=False, default=str))
    else:
        for line in lines:
            click.echo(line)


def note(line: str) -> None:
    """Tell people something about what is printed, where programs do not look for an object."""
    click.echo(f"paperround: {line}", err=True)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Tell in one line what keeps us from writing to `path`, or below it."""
    try:
        yield
    except OSError as error:
        name = error.filename if isinstance(error.filename, str) else path
        raise NotifierError(f"cannot write {name}: {error.strerror}") from error


def in_utc(moment: datetime) -> str:
    """Return a moment as people read it everywhere, to the second."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def table(rows: Sequence[Sequence[object]]) -> list[str]:
    """Set rows in columns; the first row is the heading."""
    texts = [[str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in texts
    ]
    return [lines[0], "  ".join("-" * width for width in widths), *lines[1:]]


def counted(number: int, noun: str) -> str:
    """Return `number` with `noun`, which is made a plural unless there is exactly one."""
    if number == 1:
        return f"{number} {noun}"
    if noun.endswith("ry"):
        return f"{number} {noun[:-1]}ies"
    return f"{number} {noun}es" if noun.endswith("s") else f"{number} {noun}s"
