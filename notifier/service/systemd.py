"""What a service manager is told: ready, reloading, stopping, alive (sd_notify(3)).

A datagram to the socket that the manager named; without one, nothing. A manager that does not
listen costs nothing either.
"""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Mapping, MutableMapping

ADDRESS = "NOTIFY_SOCKET"
WATCHDOG = "WATCHDOG_USEC"


class Manager:
    """The service manager at `address`: a path, or an abstract name after `@`; empty for none."""

    def __init__(self, address: str = "", *, watchdog: bool = False) -> None:
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self._watchdog = watchdog
        self._status = ""

    @classmethod
    def of(cls, environ: MutableMapping[str, str]) -> Manager:
        """Return the manager that started us; what it said is taken out of `environ`.

        So programs that we start do not speak for us.
        """
        said: Mapping[str, str] = {
            name: environ.pop(name, "") for name in (ADDRESS, WATCHDOG, "WATCHDOG_PID")
        }
        return cls(said[ADDRESS], watchdog=bool(said[WATCHDOG]))

    def ready(self, status: str = "") -> None:
        """Tell that everything is up, and in a few words what we are: without any, as before."""
        self._status = status or self._status
        self._tell("READY=1", f"STATUS={self._status}")

    def reloading(self) -> None:
        """Tell that the configuration is being read; `ready` ends it."""
        self._tell("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """Tell that the end has begun."""
        self._tell("STOPPING=1", "STATUS=ending what is under way")

    def alive(self) -> None:
        """Tell that the scheduler works, where the manager watches for it."""
        if self._watchdog:
            self._tell("WATCHDOG=1")

    def _tell(self, *words: str) -> None:
        if not self._address:
            return
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as way:
            way.setblocking(False)
            way.sendto("\n".join(words).encode(), self._address)
