"""The article store: all SQL about articles and about the feeds they are in."""

from feeds.store.archives import Archive, ArchiveManifest
from feeds.store.articles import ArticleStore, Counts, Ingested, Marks, Standing
from feeds.store.embargoes import Embargoes
from feeds.store.files import FileMemory, SeenFile
from feeds.store.finding import Finder
from feeds.store.index import FeedIndex
from feeds.store.labels import LabelStore
from feeds.store.states import FeedState, Progress
from feeds.store.tables import HISTORY

__all__ = [
    "HISTORY",
    "Archive",
    "ArchiveManifest",
    "ArticleStore",
    "Counts",
    "Embargoes",
    "FeedIndex",
    "FeedState",
    "FileMemory",
    "Finder",
    "Ingested",
    "LabelStore",
    "Marks",
    "Progress",
    "SeenFile",
    "Standing",
]
