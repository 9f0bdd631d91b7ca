"""`paperround completion SHELL`: what makes a shell complete commands and options."""

from __future__ import annotations

import click
from click.shell_completion import ShellComplete, get_completion_class

SHELLS = ("bash", "zsh", "fish")


@click.command("completion")
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print what makes SHELL complete commands and options.

    bash: paperround completion bash > ~/.local/share/bash-completion/completions/paperround
    """
    kind = get_completion_class(shell)
    assert kind is not None
    made = kind(ctx.find_root().command, {}, "paperround", "_PAPERROUND_COMPLETE")
    click.echo(ShellComplete.source(made))  # bash's own would start a shell to learn its version
