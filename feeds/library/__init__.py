"""What can be done with articles: take them in, publish them, write them out as a static tree."""

from feeds.library.archiving import archive, archive_page_of
from feeds.library.ingesting import SETTLE_NS, Folder, Report, ingest_folder, ingest_paths
from feeds.library.mirroring import mirror
from feeds.library.personal import personal_page, render_personal
from feeds.library.press import Press, catalogue
from feeds.library.publishing import Published, publish
from feeds.library.recovering import ingest_missed
from feeds.library.viewing import news, page_of

__all__ = [
    "SETTLE_NS",
    "Folder",
    "Press",
    "Published",
    "Report",
    "archive",
    "archive_page_of",
    "catalogue",
    "ingest_folder",
    "ingest_missed",
    "ingest_paths",
    "mirror",
    "news",
    "page_of",
    "personal_page",
    "publish",
    "render_personal",
]
