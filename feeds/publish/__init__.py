"""Where rendered feeds are put: a shelf in the database, a shelf that is a folder."""

from feeds.publish.directory import DirectoryShelf, Mirrored
from feeds.publish.documents import Document, Edition, Standing, Version
from feeds.publish.shelf import DatabaseShelf

__all__ = [
    "DatabaseShelf",
    "DirectoryShelf",
    "Document",
    "Edition",
    "Mirrored",
    "Standing",
    "Version",
]
