"""Small builders with defaults: files in a folder, a folder that is watched, a press."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from feeds import FeedSpec, Format
from feeds.feed import Site
from feeds.kit.database import Database
from feeds.library import Folder, Press, Report, ingest_folder, ingest_paths
from feeds.publish import DatabaseShelf, Document
from feeds.sources import FileState
from feeds.store import ArchiveManifest, ArticleStore, FeedIndex, FileMemory, LabelStore
from tests.conftest import NOW
from tests.feeds.builders import a_feed, a_site

LONG_AGO = NOW - timedelta(days=1)

TEASER = (
    "The county council has agreed to rebuild the old paper mill beside the river, and the first"
)
FULL = f"{TEASER} spade of earth was turned on Monday.\n\nWork goes on until spring."
PAGE = f"""The ferry runs again, the harbour office said on Monday.
It had been away for repair since the spring flood.
More From Riverside Courier
{TEASER}
November 13, 2026
{TEASER}
More Articles
"""


def write(folder: Path, name: str, text: str, *, at: datetime = LONG_AGO) -> Path:
    """Write a file that has rested since `at`."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    os.utime(path, (at.timestamp(), at.timestamp()))
    return path


def markdown(title: str = "The bridge", text: str = "It carries traffic.", **fields: str) -> str:
    """Return a Markdown document with front matter."""
    matter = "".join(f"{name}: {value}\n" for name, value in fields.items())
    return f"---\ntitle: {title}\n{matter}---\n{text}\n"


@dataclass
class Desk:
    """A folder of documents and the store that they are read into."""

    database: Database
    path: Path
    earlier: dict[str, FileState] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.path.mkdir(exist_ok=True)
        self.store = ArticleStore(self.database)
        self.memory = FileMemory(self.database)
        self.folder = Folder(name="articles", path=self.path)

    async def look(self, now: datetime = NOW) -> Report:
        """Look into the folder as the service does."""
        return await ingest_folder(self.folder, self.earlier, self.store, self.memory, now)

    async def take(self, *paths: Path, now: datetime = NOW) -> Report:
        """Take files in as the command does."""
        return await ingest_paths(paths, [self.folder], self.store, self.memory, now)

    async def titles(self) -> list[str]:
        """Return the titles of everything visible, in order of arrival."""
        return [entry.article.title for entry in await self.store.arrived(0, 999, 999)]


def outcomes(report: Report) -> dict[str, int]:
    """Return what came of a report, by the names that people read."""
    return {str(outcome): number for outcome, number in report.outcomes.items()}


def a_press(database: Database, *feeds: FeedSpec, site: Site | None = None) -> Press:
    """Return a press of `feeds` on `database`; by default of everything."""
    return Press(
        ArticleStore(database),
        FeedIndex(database),
        DatabaseShelf(database),
        ArchiveManifest(database),
        LabelStore(database),
        site or a_site(),
        feeds or (a_feed(),),
    )


async def standing(press: Press, form: Format = Format.JSON) -> dict[str, Document]:
    """Return what stands on the shelf in one format, by feed."""
    documents = await press.shelf.documents()
    return {document.feed: document for document in documents if document.format is form}
