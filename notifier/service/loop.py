"""The event loop that mail is sent on: uvloop where there is one; its only importer."""

from __future__ import annotations

import asyncio
import gc
import importlib.util
from collections.abc import Coroutine
from typing import TypeVar

T = TypeVar("T")


def run_in_loop(work: Coroutine[None, None, T]) -> T:
    """Run `work` to its end on the fastest event loop at hand, and return what it returns."""
    gc.set_threshold(20_000, 20, 50)  # letters leave no cycles behind: look for them less often
    gc.freeze()  # what was made to start with lives to the end: no collection need look through it
    if importlib.util.find_spec("uvloop") is None:
        return asyncio.run(work)
    import uvloop  # noqa: PLC0415 - not there on every system

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)
