"""Every error this package raises on purpose; leaves carry data, the message says what to do."""

from __future__ import annotations


class FeedsError(Exception):
    """Root of the errors of articles, feeds and their store."""


class InvalidArticle(FeedsError):
    """A document that cannot become an article: its message names the reason, not the place."""


class InvalidQuery(FeedsError):
    """A selection that is not one."""


class StoreError(FeedsError):
    """The article store cannot be opened, read or written."""


class NewerStore(StoreError):
    """A newer version of this program has changed the tables: `name` is the store's."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"store {name}: a newer version of this program has changed its tables; run that"
            " version, or restore a backup of before the upgrade"
        )


class SourceError(FeedsError):
    """A source as a whole cannot be read: a folder that is not there, no permission."""


class RenderError(FeedsError):
    """One entry that could not be rendered; the feed goes on without it."""
