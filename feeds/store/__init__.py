"""The article store: all SQL about articles and about the feeds they are in."""

from feeds.store.articles import ArticleStore, Counts, Ingested, Marks
from feeds.store.files import FileMemory, SeenFile
from feeds.store.index import FeedIndex, FeedState, Member, Movement
from feeds.store.tables import HISTORY

__all__ = [
    "HISTORY",
    "ArticleStore",
    "Counts",
    "FeedIndex",
    "FeedState",
    "FileMemory",
    "Ingested",
    "Marks",
    "Member",
    "Movement",
    "SeenFile",
]
