"""Ending work in the foreground in order: what is told to end once finishes what it has begun."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import click

_MEANT = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def interruptible() -> Iterator[asyncio.Event]:
    """Give an event that the first Ctrl-C, or SIGTERM, sets; the second ends everything at once."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()

    def hear() -> None:
        stop.set()
        forget()
        words = "ending once what is under way has its answer; Ctrl-C again ends at once"
        click.echo(f"paperround: {words}", err=True)

    def forget() -> None:
        for number in _MEANT:
            loop.remove_signal_handler(number)

    for number in _MEANT:
        loop.add_signal_handler(number, hear)
    try:
        yield stop
    finally:
        forget()
