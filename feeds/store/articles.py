"""The article store: takes articles in, gives entries out. Speaks nouns; no SQL leaves it.

Decides nothing about articles itself (`feeds.revision` does) and renders nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from feeds.article import Article, Entry
from feeds.kit.database import Database, Lock
from feeds.revision import Decision, Outcome, decide
from feeds.store import ledger as ledgers
from feeds.store.identity import Identities
from feeds.store.rows import Values, entry_of, values_of
from feeds.store.tables import article_ledger, articles

_CHUNK = 500  # ids in one statement: below every database's limit of parameters


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingested:
    """What came of one article: its outcome, and for a refusal the reason."""

    article: Article
    outcome: Outcome
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """The last arrival and the last change that have been committed."""

    arrival: int
    change: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many articles there are: to be seen, awaiting their time, withdrawn."""

    visible: int
    embargoed: int
    withdrawn: int


class ArticleStore:
    """All SQL about articles. Raises StoreError when the database cannot be used."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def ingest(self, incoming: Sequence[Article], now: datetime) -> list[Ingested]:
        """Take `incoming` in, in one transaction; what is visible at `now` arrives, in order."""
        if not incoming:
            return []
        done: list[Ingested] = []
        async with self._database.write(Lock.INGEST) as connection:
            ledger = await ledgers.load(connection)
            identities = await Identities.load(connection, incoming)
            for article in incoming:
                known = identities.find(article)
                decision = decide(known, article)
                if decision.article is not None:
                    await _record(connection, ledger, decision, now, is_known=known is not None)
                stored = decision.article or (known.article if known else article)
                if decision.outcome is not Outcome.REFUSED:
                    await identities.remember(article, stored, decision)
                done.append(
                    Ingested(article=stored, outcome=decision.outcome, reason=decision.reason)
                )
            await ledgers.save(connection, ledger)
        return done

    async def reveal(self, now: datetime) -> int:
        """Let every article whose time has come by `now` arrive; return how many did."""
        async with self._database.read() as connection:
            waiting = await connection.scalar(
                select(func.count()).select_from(articles).where(_due(now))
            )
        if not waiting:
            return 0
        async with self._database.write(Lock.INGEST) as connection:
            ledger = await ledgers.load(connection)
            revealed = await _reveal(connection, ledger, now)
            await ledgers.save(connection, ledger)
        return revealed

    async def seal(self, instant: datetime, now: datetime) -> int:
        """Return the last arrival not after `instant`, and keep it so for ever.

        What is due is revealed first; whatever arrives later gets a later instant. An `instant`
        that is to come is not sealed beyond `now`: the clock goes on from there.
        """
        async with self._database.write(Lock.INGEST) as connection:
            ledger = await ledgers.load(connection)
            await _reveal(connection, ledger, now)
            ledger.sealed_at = max(ledger.sealed_at, min(instant, now))
            await ledgers.save(connection, ledger)
            return await _arrival_at(connection, instant)

    async def arrival_at(self, instant: datetime) -> int:
        """Return the last arrival not after `instant` as of now; 0 if there is none."""
        async with self._database.read() as connection:
            return await _arrival_at(connection, instant)

    async def marks(self) -> Marks:
        """Return how far arrivals and changes have come."""
        async with self._database.read() as connection:
            row = (await connection.execute(select(article_ledger))).mappings().one_or_none()
        return (
            Marks(arrival=row["arrival"], change=row["change"])
            if row
            else Marks(arrival=0, change=0)
        )

    async def changed(self, after: int, limit: int) -> list[Entry]:
        """Return entries changed after change number `after`, in order.

        Withdrawn ones too, and those whose time has not come: they may have been visible before.
        """
        query = select(articles).where(articles.c.change > after)
        return await self._entries(query.order_by(articles.c.change).limit(limit))

    async def arrived(self, after: int, upto: int, limit: int) -> list[Entry]:
        """Return what arrived in `(after, upto]` and is not withdrawn, in order of arrival."""
        window = (articles.c.arrival > after, articles.c.arrival <= upto)
        query = select(articles).where(*window, articles.c.withdrawn_at.is_(None))
        return await self._entries(query.order_by(articles.c.arrival).limit(limit))

    async def latest(self, before: int, limit: int) -> list[Entry]:
        """Return what arrived below the arrival `before` and is not withdrawn, newest first."""
        query = select(articles).where(articles.c.arrival < before, _present())
        return await self._entries(query.order_by(articles.c.arrival.desc()).limit(limit))

    async def entries(self, ids: Sequence[str]) -> list[Entry]:
        """Return the entries with these ids, in the order asked for; unknown ids are left out."""
        found: dict[str, Entry] = {}
        for start in range(0, len(ids), _CHUNK):
            query = select(articles).where(articles.c.id.in_(ids[start : start + _CHUNK]))
            found |= {entry.article.id: entry for entry in await self._entries(query)}
        return [found[id_] for id_ in ids if id_ in found]

    async def counts(self) -> Counts:
        """Count the articles by whether they can be seen."""
        async with self._database.read() as connection:
            seen = await _count(connection, articles.c.arrival.is_not(None), _present())
            hidden = await _count(connection, articles.c.arrival.is_(None), _present())
            withdrawn = await _count(connection, articles.c.withdrawn_at.is_not(None))
        return Counts(visible=seen, embargoed=hidden, withdrawn=withdrawn)

    async def _entries(self, query: Select[tuple[object, ...]]) -> list[Entry]:
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [entry_of(row) for row in rows]


async def _record(
    connection: AsyncConnection,
    ledger: ledgers.Ledger,
    decision: Decision,
    now: datetime,
    *,
    is_known: bool,
) -> None:
    """Write the decided words under the next change number, and let them arrive if it is time."""
    article = decision.article
    assert article is not None
    row: Values = values_of(article)
    row |= {"change": ledger.next_change(), "changed_at": max(now, ledger.arrived_at)}
    row["withdrawn_at"] = now if article.withdrawn else None
    before = await _ledger_row(connection, article.id) if is_known else None
    if before is None:
        row |= {"revision": 1, "arrival": None}
    else:
        row["revision"] = before["revision"] + 1
        row["arrival"] = None if decision.again else before["arrival"]
    if before is None or decision.major:
        row |= {"revised": row["change"], "revised_at": row["changed_at"]}
    if row["arrival"] is None and not article.withdrawn:
        row |= _arrive(article, ledger, now) | {"revised": row["change"]}
    if before is None:
        await connection.execute(insert(articles).values(row))
    else:
        keep = articles.c.id == article.id
        await connection.execute(update(articles).where(keep).values(row))


def _arrive(article: Article, ledger: ledgers.Ledger, now: datetime) -> Values:
    if article.published is not None and article.published.at > now:
        return {"visible_at": article.published.at, "arrival": None, "arrived_at": None}
    arrival, arrived_at = ledger.next_arrival(now)
    return {"visible_at": None, "arrival": arrival, "arrived_at": arrived_at}


async def _reveal(connection: AsyncConnection, ledger: ledgers.Ledger, now: datetime) -> int:
    due = await connection.execute(
        select(articles.c.id, articles.c.visible_at)
        .where(_due(now))
        .order_by(articles.c.visible_at, articles.c.position, articles.c.id)
    )
    rows = due.all()
    for id_, visible_at in rows:
        arrival, arrived_at = ledger.next_arrival(visible_at)
        change = ledger.next_change()
        await connection.execute(
            update(articles)
            .where(articles.c.id == id_)
            .values(
                arrival=arrival,
                arrived_at=arrived_at,
                visible_at=None,
                change=change,
                changed_at=arrived_at,
                revised=change,
            )
        )
    return len(rows)


async def _ledger_row(connection: AsyncConnection, article_id: str) -> Values:
    query = select(articles.c.revision, articles.c.arrival)
    found = await connection.execute(query.where(articles.c.id == article_id))
    return dict(found.mappings().one())


async def _arrival_at(connection: AsyncConnection, instant: datetime) -> int:
    newest_first = (articles.c.arrived_at.desc(), articles.c.arrival.desc())
    query = select(articles.c.arrival).where(articles.c.arrived_at <= instant)
    return await connection.scalar(query.order_by(*newest_first).limit(1)) or 0


async def _count(connection: AsyncConnection, *conditions: ColumnElement[bool]) -> int:
    query = select(func.count()).select_from(articles).where(*conditions)
    return await connection.scalar(query) or 0


def _present() -> ColumnElement[bool]:
    return articles.c.withdrawn_at.is_(None)


def _due(now: datetime) -> ColumnElement[bool]:
    return (articles.c.visible_at <= now) & articles.c.arrival.is_(None) & _present()
