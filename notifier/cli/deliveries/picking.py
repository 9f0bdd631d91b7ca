"""The options by which commands are told which deliveries are meant."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import click

from notifier.cli.asking import check_digests, moment_of
from notifier.delivery.delivery import State
from notifier.delivery.picking import Which
from notifier.settings import Settings

Command = TypeVar("Command", bound=Callable[..., object])

_OPTIONS = (
    click.option("--digest", "digests", metavar="NAME", multiple=True, help="Of this digest."),
    click.option("--slot", metavar="SLOT", default="", help="Of slots that begin like this."),
    click.option("--reader", metavar="EMAIL", default="", help="To this reader."),
    click.option("--provider", metavar="DOMAIN", default="", help="To addresses of this domain."),
    click.option("--since", metavar="TIME", help="Whose state was recorded since then."),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What was given on the command line."""

    digests: tuple[str, ...]
    slot: str
    reader: str
    provider: str
    since: str | None

    def which(self, settings: Settings, states: Sequence[str] = ()) -> Which:
        """Return the deliveries that are meant; raises UsageError for what cannot be."""
        check_digests(self.digests, settings)
        return Which(
            digests=self.digests,
            slot=self.slot,
            states=tuple(State(state) for state in states),
            reader=self.reader,
            provider=self.provider.removeprefix("@"),
            since=moment_of(self.since, settings),
        )


def picking(command: Command) -> Callable[..., object]:
    """Give a command options, which it gets as one `choice`."""

    @functools.wraps(command)
    def with_choice(
        *args: object,
        digests: tuple[str, ...],
        slot: str,
        reader: str,
        provider: str,
        since: str | None,
        **others: object,
    ) -> object:
        choice = Choice(digests=digests, slot=slot, reader=reader, provider=provider, since=since)
        return command(*args, choice=choice, **others)

    for option in reversed(_OPTIONS):
        with_choice = option(with_choice)
    return with_choice


def state_option(states: Sequence[State]) -> Callable[[Command], Command]:
    """Return the option that takes one or several of these states."""
    return click.option(
        "--state",
        "states",
        multiple=True,
        type=click.Choice([str(state) for state in states]),
        help="Those in this state; may be repeated.",
    )


def check_choice(which: Which, *, everything: bool) -> None:
    """Raise UsageError where nothing was chosen, for then all must be asked for."""
    if which.is_everything != everything:
        choices = "--digest, --slot, --reader, --provider, --since"
        raise click.UsageError(f"choose some with {choices}, or take --all")
