"""The doors of the service over HTTP: feeds and articles, issues, and leaving."""

from starlette.types import ASGIApp, Receive, Scope, Send

from notifier.web.app import application
from notifier.web.leaving import Register
from notifier.web.observing import Observed, observing
from notifier.web.operating import Operators, operating

__all__ = [
    "ASGIApp",
    "Observed",
    "Operators",
    "Receive",
    "Register",
    "Scope",
    "Send",
    "application",
    "observing",
    "operating",
]
