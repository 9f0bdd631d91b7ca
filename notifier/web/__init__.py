"""The doors of the service over HTTP: feeds and articles, issues, and leaving."""

from starlette.types import ASGIApp

from notifier.web.app import application

__all__ = ["ASGIApp", "application"]
