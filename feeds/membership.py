"""What a change of articles does to feeds: who joins, who goes, what is to be rendered. Pure.

Told the changes in order and who was a member before; decides, and writes nothing.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from feeds.article import Entry
from feeds.selections import Selections


@dataclass(frozen=True, slots=True)
class Member:
    """An article of a feed.

    `shown` is the change by which it was last worth showing anew, `change` the last of any kind.
    """

    feed: str
    article_id: str
    arrival: int
    shown: int
    change: int


@dataclass(frozen=True, slots=True)
class Shown:
    """An article that a document shows, with the words that it has by the change `change`."""

    id: str
    change: int


@dataclass(frozen=True, slots=True)
class Touch:
    """The last change that touched something, and when that was."""

    change: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """What a run of changes does to the feeds.

    `touched` are the feeds to render again; `places` are (feed, arrival) where a member changed,
    came or went, for the archive documents that cover them.
    """

    joins: tuple[Member, ...] = ()
    leaves: tuple[tuple[str, str], ...] = ()
    touched: Mapping[str, Touch] = field(default_factory=dict)
    places: Mapping[tuple[str, int], Touch] = field(default_factory=dict)


def member_of(feed: str, entry: Entry) -> Member:
    """Return the member that `entry` is of `feed`."""
    return Member(feed, entry.article.id, entry.arrival or 0, entry.revised, entry.change)


def movement(
    entries: Sequence[Entry],
    feeds: Selections[str],
    members: Mapping[tuple[str, str], Member],
) -> Movement:
    """Decide what `entries`, changed in this order, do to `feeds`, which are known by name.

    `members` are those that the entries are so far, by feed and article; of other feeds, nothing
    is decided.
    """
    joins: list[Member] = []
    leaves: list[tuple[str, str]] = []
    touched: dict[str, Touch] = {}
    places: dict[tuple[str, int], Touch] = {}
    was_in = _feeds_by_article(members, feeds)
    for entry in entries:
        touch = Touch(entry.change, entry.changed_at)
        is_visible = entry.arrival is not None and entry.withdrawn_at is None
        id_ = entry.article.id
        for feed in was_in.get(id_, ()):
            leaves.append((feed, id_))
            places[feed, members[feed, id_].arrival] = touched[feed] = touch
        for feed in feeds.admitting(entry.article) if is_visible else ():
            after = member_of(feed, entry)
            joins.append(after)
            places[feed, after.arrival] = touched[feed] = touch
    return Movement(joins=tuple(joins), leaves=tuple(leaves), touched=touched, places=places)


def _feeds_by_article(
    members: Iterable[tuple[str, str]], feeds: Container[str]
) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for feed, article_id in members:
        if feed in feeds:
            found.setdefault(article_id, []).append(feed)
    return found
