"""Every error this package raises on purpose; leaves carry data, the message says what to do."""

from __future__ import annotations


class NotifierError(Exception):
    """Root of the errors of digests, delivery and the service."""


class InvalidSchedule(NotifierError):
    """A schedule that cannot be read; `offset` is where in its text, `hint` what was meant."""

    def __init__(self, message: str, *, offset: int = 0, hint: str = "") -> None:
        super().__init__(message)
        self.offset = offset
        self.hint = hint


class ConfigurationError(NotifierError):
    """The configuration has mistakes; `problems` holds all of them, in the order of the files.

    `where` says that they are elsewhere, in its tests for one.
    """

    def __init__(self, problems: tuple[object, ...], where: str = "the configuration") -> None:
        count = f"{len(problems)} problem{'s' if len(problems) != 1 else ''}"
        super().__init__(f"{count} in {where}")
        self.problems = problems


class TemplateError(NotifierError):
    """A template that does not render, with what is known of its place: `template:line: reason`.

    `template` is its name or file, `line` counts from 1.
    """

    def __init__(self, reason: str, *, template: str = "", line: int | None = None) -> None:
        place = ":".join(str(part) for part in (template, line) if part)
        super().__init__(f"{place}: {reason}" if place else reason)
        self.template = template
        self.line = line
        self.reason = reason


class InvalidMessage(NotifierError):
    """A message that must not be sent as it is: a line break in a header, an unknown slot."""


class InvalidKey(NotifierError):
    """A private key that cannot sign messages; says why, and nothing of the key."""


class TransportError(NotifierError):
    """The way out cannot be used at all: a folder that cannot be written, a missing password."""


class AlreadyRunning(NotifierError):
    """Another service works on the same store: `process` is its number, where that is known."""

    def __init__(self, message: str, process: str = "unknown") -> None:
        super().__init__(message)
        self.process = process
