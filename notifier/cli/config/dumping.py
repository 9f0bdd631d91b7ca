"""`paperround config dump`: every setting with its value and where that comes from."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from notifier.cli.common import config_option, json_option
from notifier.configuration import load
from notifier.errors import ConfigurationError

if TYPE_CHECKING:
    from notifier.configuration.effective import Setting

_HEAD = (
    "# The configuration as it takes effect; beside each value stands where it comes from.",
    "# Secrets are blotted out as ***. What is only spoken of has no value.",
)


@click.command("dump")
@click.option("--without-subscribers", is_flag=True, help="Leave out who gets what.")
@config_option
@json_option
def dump(config: Path, *, without_subscribers: bool, as_json: bool) -> None:
    """Print every setting with its value, and whether that is a default, written, or put in."""
    loaded = load(config, os.environ)
    if loaded.settings is None or loaded.places is None:
        raise ConfigurationError(loaded.problems)
    found = loaded.places.effective().settings(subscribers=not without_subscribers)
    if as_json:
        members = {"settings": [_object(setting) for setting in found]}
        click.echo(json.dumps(members, ensure_ascii=False))
        return
    for line in (*_HEAD, *_yaml(found)):
        click.echo(line)


def _object(setting: Setting) -> dict[str, object]:
    spot = setting.origin.spot
    return {
        "path": list(setting.path),
        "value": setting.value,
        "origin": setting.origin.kind,
        "file": spot.path if spot else None,
        "line": spot.line if spot else None,
        "column": spot.column if spot else None,
        "put_in": list(setting.origin.names),
        "default": setting.origin.said,
    }


def _yaml(found: Iterable[Setting]) -> Iterable[str]:
    from feeds.kit.yaml_writing import Commented, lines

    root: dict[str | int, object] = {}
    for setting in found:
        holder = root
        for step in setting.path[:-1]:
            holder = holder.setdefault(step, {})  # type: ignore[assignment]  # made here, a dict
        leaf = Commented(setting.value, str(setting.origin), unset=not setting.is_set)
        holder[setting.path[-1]] = leaf
    return lines(_with_lists(root))


def _with_lists(node: object) -> object:
    """Return maps whose keys are numbers as lists."""
    if not isinstance(node, Mapping):
        return node
    inner = {key: _with_lists(value) for key, value in node.items()}
    return list(inner.values()) if inner and all(isinstance(key, int) for key in inner) else inner
