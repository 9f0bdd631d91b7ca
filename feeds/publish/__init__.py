"""Where rendered feeds are put: a shelf in the database, a shelf that is a folder."""

from feeds.publish.directory import DirectoryShelf, Mirrored
from feeds.publish.shelf import DatabaseShelf, Document, Edition, Standing, Version

__all__ = [
    "DatabaseShelf",
    "DirectoryShelf",
    "Document",
    "Edition",
    "Mirrored",
    "Standing",
    "Version",
]
