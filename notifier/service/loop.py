"""The event loop that the service runs on: uvloop where there is one; its only importer."""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import Coroutine


def run_in_loop(service: Coroutine[None, None, None]) -> None:
    """Run `service` to its end on the fastest event loop at hand."""
    if importlib.util.find_spec("uvloop") is None:
        asyncio.run(service)
        return
    import uvloop  # noqa: PLC0415 - not there on every system

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(service)
