"""Editions: the words of an issue for one group of its readers, and the rows they are kept as.

Immutable; what the words are is decided elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from sqlalchemy import RowMapping

from feeds.kit.text import digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """The words of an issue for one group: immutable, named by what they are made of.

    `articles` are ids in order, of which the first `shown` are in the message itself; `arrivals`
    are theirs.
    """

    id: str
    digest: str
    language: str
    subject: str
    articles: tuple[str, ...]
    arrivals: tuple[int, ...]
    shown: int
    frozen: bytes

    @property
    def content(self) -> str:
        """A name for just these arrivals, whatever words they are told in."""
        return _content(tuple(sorted(self.arrivals)))


@lru_cache(maxsize=1024)  # thousands of lanes share a few
def _content(arrivals: tuple[int, ...]) -> str:
    return digest(*map(str, arrivals))[:32]


def row_of_edition(edition: Edition, now: datetime) -> dict[str, object]:
    """Return the row that an edition is kept as."""
    arrivals = sorted(edition.arrivals)
    return {name: getattr(edition, name) for name in Edition.__slots__} | {
        "articles": list(edition.articles),
        "arrivals": " ".join(map(str, arrivals)),
        "content": edition.content,
        "first_arrival": arrivals[0],
        "last_arrival": arrivals[-1],
        "created_at": now,
    }


def edition_of(row: RowMapping) -> Edition:
    """Return the edition that a full row of `editions` holds."""
    names = ("id", "digest", "language", "subject", "shown", "frozen")
    return Edition(
        **{name: row[name] for name in names},
        articles=tuple(row["articles"]),
        arrivals=tuple(map(int, row["arrivals"].split())),
    )
