"""The ways in: files and folders to documents. Everything else in here is private to it.

Refuses nothing by itself; see `files` for one file and `folder` for many.
"""

from feeds.sources.files import SUFFIXES, read_file
from feeds.sources.folder import FileState, Scan, scan, settled
from feeds.sources.outcome import Defaults, ReadFile

__all__ = [
    "SUFFIXES",
    "Defaults",
    "FileState",
    "ReadFile",
    "Scan",
    "read_file",
    "scan",
    "settled",
]
