"""The archive: all SQL about past issues that anybody may read, and about the words of any issue.

Reads only, and never the bytes of messages. What is shown of it is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import ColumnElement, RowMapping, and_, func, or_, select

from feeds.kit.database import Database
from notifier.schedule.slots import Slot
from notifier.tables import editions, issue_parts, issues, lanes

_NEAR = timedelta(days=2)  # no local date is further from the same date in UTC


@dataclass(frozen=True, slots=True, kw_only=True)
class PastEdition:
    """The words of an issue without its message: `articles` are ids in order."""

    id: str
    digest: str
    language: str
    subject: str
    articles: tuple[str, ...]
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PastIssue:
    """An issue with words that were sent in it, and the zone that its slot is in."""

    id: int
    slot: Slot
    timezone: str
    spans_from: datetime | None
    opened_at: datetime
    edition: PastEdition


class Archive:
    """Reads past issues. Raises StoreError when the database cannot be used."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def older(
        self, digest: str, limit: int, than: PastIssue | None = None
    ) -> list[PastIssue]:
        """Return the issues of `digest` before another one, or all, the newest first."""
        which = [issues.c.digest == digest]
        if than is not None:
            at, id_ = than.slot.instant, than.id
            same = and_(issues.c.instant == at, issues.c.id < id_)
            which.append(or_(issues.c.instant < at, same))
        return await self._issues(which, limit, newest_first=True)

    async def newer(self, digest: str, limit: int, than: PastIssue) -> list[PastIssue]:
        """Return the issues of `digest` after another one, the oldest first."""
        at, id_ = than.slot.instant, than.id
        same = and_(issues.c.instant == at, issues.c.id > id_)
        which = [issues.c.digest == digest, or_(issues.c.instant > at, same)]
        return await self._issues(which, limit, newest_first=False)

    async def near(self, digest: str, day: date) -> list[PastIssue]:
        """Return the issues of `digest` that may be of the local date `day` in any zone.

        The newest first; some of the dates beside it are among them.
        """
        midnight = datetime.combine(day, time(), UTC)
        try:
            first, last = midnight - _NEAR, midnight + _NEAR + timedelta(days=1)
        except OverflowError:  # the first or last day that there is
            return []
        which = [issues.c.digest == digest, issues.c.instant.between(first, last)]
        return await self._issues(which, None, newest_first=True)

    async def edition(self, edition_id: str) -> PastEdition | None:
        """Return the words with this name, whoever they were for."""
        query = select(*_WORDS).where(editions.c.id == edition_id)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).mappings().one_or_none()
        return _edition(row) if row else None

    async def issue_of(self, edition: PastEdition) -> PastIssue | None:
        """Return the newest issue in which somebody gets these words, if one is kept."""
        query = (
            select(issues, lanes.c.timezone, *_WORDS)
            .join(lanes, lanes.c.id == issues.c.lane_id)
            .join(issue_parts, issue_parts.c.issue_id == issues.c.id)
            .join(editions, editions.c.id == issue_parts.c.edition_id)
            .where(issues.c.digest == edition.digest, editions.c.id == edition.id)
            .order_by(issues.c.instant.desc(), issues.c.id.desc())
            .limit(1)
        )
        async with self._database.read() as connection:
            row = (await connection.execute(query)).mappings().one_or_none()
        return _issue(row) if row else None

    async def standing(self, digest: str) -> tuple[int, int]:
        """Return two numbers that change whenever an issue of `digest` is added or dropped."""
        query = select(func.count(), func.coalesce(func.max(issues.c.id), 0))
        query = query.where(issues.c.digest == digest, _is_public())
        async with self._database.read() as connection:
            count, last = (await connection.execute(query)).one()
        return count, last

    async def _issues(
        self, which: Sequence[ColumnElement[bool]], limit: int | None, *, newest_first: bool
    ) -> list[PastIssue]:
        order = [issues.c.instant, issues.c.id]
        query = (
            select(issues, lanes.c.timezone, *_WORDS)
            .join(lanes, lanes.c.id == issues.c.lane_id)
            .join(editions, editions.c.id == issues.c.edition_id)
            .where(*which, _is_public())
            .order_by(*(column.desc() if newest_first else column for column in order))
            .limit(limit)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [_issue(row) for row in rows]


_PARTS = ("id", "digest", "language", "subject", "articles", "created_at")
_WORDS = [editions.c[name].label(f"its_{name}") for name in _PARTS]


def _is_public() -> ColumnElement[bool]:
    """The condition that anybody may read an issue, and that it is on its way or sent."""
    return issues.c.edition_id.is_not(None) & issues.c.state.in_(["open", "done"])


def _issue(row: RowMapping) -> PastIssue:
    local_date = date.fromisoformat(row["local_date"]) if row["local_date"] else None
    return PastIssue(
        id=row["id"],
        slot=Slot(row["slot"], row["instant"], local_date),
        timezone=row["timezone"],
        spans_from=row["spans_from"],
        opened_at=row["opened_at"],
        edition=_edition(row),
    )


def _edition(row: RowMapping) -> PastEdition:
    return PastEdition(
        id=row["its_id"],
        digest=row["its_digest"],
        language=row["its_language"],
        subject=row["its_subject"],
        articles=tuple(row["its_articles"]),
        created_at=row["its_created_at"],
    )
