"""Articles and everything syndicated from them; has never heard of subscribers."""

from feeds.article import Article, Entry
from feeds.document import Author, Date, Document, Enclosure, Place, Problem, SourceFeed
from feeds.errors import FeedsError
from feeds.feed import Body, FeedSpec, Format, Rendering, Site
from feeds.labels import ForEach, Kind
from feeds.making import Content, from_document
from feeds.matching import Reason, Verdict, judge, selection_paths
from feeds.query import Query
from feeds.satisfiable import can_match
from feeds.websub.settings import WebSubSettings

__all__ = [
    "Article",
    "Author",
    "Body",
    "Content",
    "Date",
    "Document",
    "Enclosure",
    "Entry",
    "FeedSpec",
    "FeedsError",
    "ForEach",
    "Format",
    "Kind",
    "Place",
    "Problem",
    "Query",
    "Reason",
    "Rendering",
    "Site",
    "SourceFeed",
    "Verdict",
    "WebSubSettings",
    "can_match",
    "from_document",
    "judge",
    "selection_paths",
]
