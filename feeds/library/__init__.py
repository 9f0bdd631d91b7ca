"""What can be done with articles: take them in, publish them, write them out as a static tree."""

from feeds.library.ingesting import SETTLE_NS, Folder, Report, ingest_folder, ingest_paths
from feeds.library.mirroring import mirror
from feeds.library.publishing import Press, Published, publish

__all__ = [
    "SETTLE_NS",
    "Folder",
    "Press",
    "Published",
    "Report",
    "ingest_folder",
    "ingest_paths",
    "mirror",
    "publish",
]
