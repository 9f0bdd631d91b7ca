"""The command line: `paperround COMMAND`. Each command imports what it needs when it is run."""

from __future__ import annotations

import gc
import importlib
import sys

import click

OK, PROBLEMS, USAGE, REFUSED, INTERRUPTED = 0, 1, 2, 78, 130

COMMANDS = {
    "init": "Write a commented starter configuration.",
    "check": "Tell every mistake of the configuration at once.",
    "diff": "Tell what an edited configuration would change; change nothing.",
    "config": "Look at the configuration as it takes effect, and renew an old one.",
    "schema": "Print the JSON Schema of the configuration, for editors.",
    "ingest": "Read documents into the store.",
    "publish": "Render the feeds that changed; with --to also as a static tree.",
    "send": "Open the digests that are due, and deliver what is pending.",
    "plan": "Tell what would go to whom, and when; send nothing.",
    "explain": "Tell why a reader got an article, did not get it, or will.",
    "preview": "Show the very message that would be sent.",
    "run": "Run the service: web, scheduler, delivery.",
    "doctor": "Look at everything the service stands on, and say what to do.",
    "ready": "Ask a running service whether it is ready.",
    "test": "Run tests of the configuration: articles and a clock in, messages and feeds out.",
    "reload": "Ask the running service to take up its configuration.",
    "subscribers": "Look at readers, add them, choose for them, let them go.",
    "deliveries": "Look at what was sent, send again, settle what is in doubt.",
    "returns": "Take in bounces, complaints and wishes to leave that came by mail.",
    "suppressions": "Look at the addresses that are not written to, add one, lift some.",
    "status": "Show what is in the store, and what became of every delivery.",
    "unit": "Print a unit for systemd, made for this installation.",
    "alerts": "Print alert rules for Prometheus.",
    "completion": "Print what makes a shell complete commands.",
    "demo": "Do the whole job on the sample articles.",
}


class _Commands(click.Group):
    """Commands whose modules are imported when they are called, not to list them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        gc.disable()  # nothing of what is imported is garbage
        try:
            module = importlib.import_module(f"notifier.cli.{cmd_name}")
        finally:
            gc.enable()
        command: click.Command = module.command
        return command

    def shell_complete(
        self, ctx: click.Context, incomplete: str
    ) -> list[click.shell_completion.CompletionItem]:
        from click.shell_completion import CompletionItem

        fitting = [name for name in COMMANDS if name.startswith(incomplete)]
        options = click.Command.shell_complete(self, ctx, incomplete)
        return [*(CompletionItem(name, help=COMMANDS[name]) for name in fitting), *options]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            import difflib

            close = difflib.get_close_matches(args[0], COMMANDS, n=1)
            hint = f" Did you mean `{close[0]}`?" if close else ""
            raise click.UsageError(f"There is no command `{args[0]}`.{hint}", ctx) from error


@click.command(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="paperround", message="%(version)s")
def group() -> None:
    """Feeds and digests from an article store.

    What reads the configuration takes --config PATH (default ./config, or $PAPERROUND_CONFIG), and
    what prints something takes --json. Exit status: 0 done, 1 problems found, 2 wrong usage, 78
    refused to start on a bad configuration.
    """


def main() -> None:
    """Run the command line; our own errors are one line, anything else is a bug and traced."""
    try:
        left = group.main(
            prog_name="paperround", standalone_mode=False
        )  # what a command gave to `ctx.exit`
        sys.exit(left if isinstance(left, int) else OK)
    except click.Abort:
        sys.exit(INTERRUPTED)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except BrokenPipeError:
        sys.exit(PROBLEMS)
    except Exception as error:  # noqa: BLE001 - raised again unless it is ours
        _tell(error)


def _tell(error: Exception) -> None:
    """Say what is wrong in our own words; what is not ours is a bug, and raised again.

    The errors are imported only now: what they bring along would slow down `--help`.
    """
    from feeds.errors import FeedsError
    from notifier.errors import ConfigurationError, NotifierError

    if not isinstance(error, (FeedsError, NotifierError)):
        raise error
    refused = isinstance(error, ConfigurationError)
    for problem in error.problems if isinstance(error, ConfigurationError) else ():
        click.echo(str(problem), err=True)
    click.echo(f"paperround: {error}", err=True)
    sys.exit(REFUSED if refused else PROBLEMS)
