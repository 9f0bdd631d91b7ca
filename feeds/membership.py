"""What a change of articles does to feeds: who joins, who goes, what is to be rendered. Pure.

Told the changes in order and who was a member before; decides, and writes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from feeds.article import Entry
from feeds.feed import FeedSpec


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


def member_of(spec: FeedSpec, entry: Entry) -> Member:
    """Return the member that `entry` is of `spec`."""
    return Member(spec.name, entry.article.id, entry.arrival or 0, entry.revised, entry.change)


def movement(
    entries: Sequence[Entry],
    specs: Sequence[FeedSpec],
    members: Mapping[tuple[str, str], Member],
) -> Movement:
    """Decide what `entries`, changed in this order, do to the feeds `specs`.

    `members` are those that the entries are so far, by feed and article.
    """
    joins: list[Member] = []
    leaves: list[tuple[str, str]] = []
    touched: dict[str, Touch] = {}
    places: dict[tuple[str, int], Touch] = {}
    for entry in entries:
        touch = Touch(entry.change, entry.changed_at)
        is_visible = entry.arrival is not None and entry.withdrawn_at is None
        for spec in specs:
            key = (spec.name, entry.article.id)
            before = members.get(key)
            admitted = is_visible and spec.select.admits(entry.article)
            if before is None and not admitted:
                continue
            touched[spec.name] = touch
            if before is not None:
                leaves.append(key)
                places[spec.name, before.arrival] = touch
            if admitted:
                after = member_of(spec, entry)
                joins.append(after)
                places[spec.name, after.arrival] = touch
    return Movement(joins=tuple(joins), leaves=tuple(leaves), touched=touched, places=places)
