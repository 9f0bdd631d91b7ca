"""A real browser to look at mails with: Chromium, driven over a pipe by its own protocol.

Speaks the DevTools protocol with `--remote-debugging-pipe`: JSON texts parted by zero bytes,
commands on descriptor 3, answers on descriptor 4. Nothing is loaded from outside: no name resolves.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-background-networking",
    "--no-first-run",
    "--hide-scrollbars",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--remote-debugging-pipe",
)


class Page:
    """One open page of the browser, whose content, width and colour scheme can be set."""

    def __init__(self, commands: int, answers: int) -> None:
        self._commands, self._answers = commands, answers
        self._waiting, self._number, self._session = b"", 0, ""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        self._frame = self.call("Page.getFrameTree")["frameTree"]["frame"]["id"]

    def show(self, html: str, *, width: int, dark: bool = False) -> None:
        """Show `html`, `width` CSS pixels wide, to a reader who prefers light or dark."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=900,
            deviceScaleFactor=1,
            mobile=False,
        )
        self.call("Page.setDocumentContent", frameId=self._frame, html=html)

    def evaluate(self, script: str) -> Any:
        """Return what `script` gives, once it is fulfilled, as plain values."""
        done = self.call(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in done, done["exceptionDetails"]
        return done["result"].get("value")

    def picture(self) -> bytes:
        """Return the whole page as PNG."""
        taken = self.call("Page.captureScreenshot", captureBeyondViewport=True)
        return base64.b64decode(taken["data"])

    def call(self, method: str, **params: object) -> Any:
        """Return the answer to one command of the protocol."""
        self._number += 1
        command = {"id": self._number, "method": method, "params": params}
        if self._session:
            command["sessionId"] = self._session
        os.write(self._commands, json.dumps(command).encode() + b"\0")
        while True:
            answer = json.loads(self._next())
            if answer.get("id") == self._number:
                assert "error" not in answer, (method, answer["error"])
                return answer["result"]

    def _next(self) -> bytes:
        while b"\0" not in self._waiting:
            more = os.read(self._answers, 1 << 20)
            assert more, "the browser has gone away"
            self._waiting += more
        message, _, self._waiting = self._waiting.partition(b"\0")
        return message


@contextmanager
def chromium(profile: Path) -> Iterator[Page]:
    """Give a page of a browser of our own, which keeps its things in `profile`."""
    program = shutil.which("chromium")
    assert program, "this test needs Chromium: apt-get install chromium"
    their_commands, commands = os.pipe()
    answers, their_answers = os.pipe()
    # Descriptors 3 and 4 are what the protocol asks for; a shell gives them without a fork hook.
    line = f'exec "$0" "$@" 3<&{their_commands} 4>&{their_answers}'
    process = subprocess.Popen(  # noqa: S603 - our own command
        ["/bin/bash", "-c", line, program, *_FLAGS, f"--user-data-dir={profile}"],
        pass_fds=(their_commands, their_answers),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(their_commands)
    os.close(their_answers)
    try:
        yield Page(commands, answers)
    finally:
        process.kill()
        process.wait()
        os.close(commands)
        os.close(answers)
