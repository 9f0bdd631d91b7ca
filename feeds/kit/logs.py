"""Log lines: events with stable names and fields; the door to structlog.

An event is named `thing.happened` and never has values in its name: they are its fields. What
libraries log by the standard library goes through the same pipe. Addresses of people and secrets
are masked in the pipe, for everybody, so nobody who logs has to think of it.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, MutableMapping
from typing import TYPE_CHECKING, Any, TextIO

import structlog

from feeds.kit.text import clean

if TYPE_CHECKING:
    from structlog.typing import Processor

Event = MutableMapping[str, Any]  # structlog's: names of fields to values of any kind

FORMS = ("auto", "json", "console")

_OURS = "paperround"
_MASK = "***"
_SECRET_FIELDS = re.compile(r"(?i)pass(word|phrase)|secret|token|authorization|private|cookie")
_ADDRESS = re.compile(  # or a name and a password before the host of another server
    r"(?<=://)[^\s/@]+@|([^\s<>\"'(),;:=@/])[^\s<>\"'(),;:=@/]*@(?=[^\s@.]+\.[^\s@]+|localhost\b)"
)
_CAPABILITY = re.compile(r"(?<=/)(u|my)/[^\s\"'?#]+")
_LINE = re.compile(
    r"[\t-\r\x1c-\x1e\x85\u2028\u2029]+"
)  # whatever ends one, for str.splitlines too
_SHORTEST_SECRET = 4  # characters; anything shorter would mask ordinary words
_DEEPEST = 4  # levels of a field's value


def logger() -> structlog.stdlib.BoundLogger:
    """Return what our events are told to: `logger().info("issue.opened", digest="morning")`."""
    log: structlog.stdlib.BoundLogger = structlog.wrap_logger(
        logging.getLogger(_OURS),
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    return log


def set_up(stream: TextIO, form: str = "auto", secrets: Collection[str] = ()) -> None:
    """Send every log line of this process to `stream`, as JSON lines or for people.

    `form` is one of FORMS; `auto` is for people where `stream` is a terminal. `secrets` are texts
    that are masked wherever they occur. Of libraries only warnings and errors are told.
    """
    readable = form == "console" or (form == "auto" and stream.isatty())
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_formatter(Mask(secrets), readable=readable, colors=stream.isatty()))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger(_OURS).setLevel(logging.INFO)
    logging.captureWarnings(True)


def _formatter(mask: Mask, *, readable: bool, colors: bool) -> logging.Formatter:
    render: Processor = structlog.processors.JSONRenderer(ensure_ascii=False, default=str)
    if readable:
        plain = structlog.dev.plain_traceback
        render = structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=plain)
    common: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    return structlog.stdlib.ProcessorFormatter(
        processors=[
            *common,
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            mask,
            render,
        ],
    )


class Mask:
    """The step that masks: addresses of people, credentials, links that open what is private.

    Also makes one line of each text but a traceback, so that nobody can write lines of ours.
    """

    def __init__(self, secrets: Collection[str] = ()) -> None:
        known = sorted({one for one in secrets if len(one) >= _SHORTEST_SECRET}, key=len)
        self._known = re.compile("|".join(map(re.escape, reversed(known)))) if known else None

    def __call__(self, _logger: object, _method: str, event: Event) -> Event:
        """Mask every field of `event`."""
        return {
            name: _MASK if _SECRET_FIELDS.search(name) else self._value(name, value)
            for name, value in event.items()
        }

    def text(self, text: str) -> str:
        """Return `text` masked: `f***@readers.example` is what is left of an address."""
        if self._known is not None:
            text = self._known.sub(_MASK, text)
        text = _CAPABILITY.sub(rf"\1/{_MASK}", text)
        return _ADDRESS.sub(lambda found: f"{found[1] or ''}{_MASK}@", text)

    def _value(self, name: str, value: object, depth: int = 0) -> object:
        if value is None or isinstance(value, (bool, int, float)):
            return value
        if isinstance(value, dict) and depth < _DEEPEST:
            return {
                self.text(str(key)): _MASK
                if _SECRET_FIELDS.search(str(key))
                else self._value(str(key), inner, depth + 1)
                for key, inner in value.items()
            }
        if isinstance(value, (list, tuple, set, frozenset)) and depth < _DEEPEST:
            return [self._value(name, inner, depth + 1) for inner in value]
        text = str(value)
        return self.text(text if name == "exception" else _LINE.sub(" ", clean(text)))
