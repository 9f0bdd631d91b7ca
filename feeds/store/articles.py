"""The article store: takes articles in, gives entries out. Speaks nouns; no SQL leaves it.

Decides nothing about articles itself (`feeds.revision` does) and renders nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, FromClause, Select, func, select

from feeds.article import Article, Entry
from feeds.kit.database import Database, Lock
from feeds.query import Query
from feeds.revision import Outcome, decide
from feeds.store import ledger as ledgers
from feeds.store.identity import Identities
from feeds.store.recording import due, record, reveal
from feeds.store.rows import entry_of
from feeds.store.selecting import condition
from feeds.store.tables import article_ledger, articles

_CHUNK = 500  # ids in one statement: below every database's limit of parameters
_EVERYTHING = Query()


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


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an article stands that has arrived: the numbers that the ledger gave it."""

    id: str
    arrival: int
    revised: int
    change: int
    changed_at: datetime


class ArticleStore:
    """All SQL about articles. Raises StoreError when the database cannot be used."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def ingest(self, incoming: Sequence[Article], now: datetime) -> list[Ingested]:
        """Take `incoming` in, in one transaction; what is visible at `now` arrives, in order."""
        if not incoming:
            return []
        return await self._database.writing(Lock.INGEST, _ingest, incoming, now)

    async def reveal(self, now: datetime) -> int:
        """Let every article whose time has come by `now` arrive; return how many did."""
        if not await self._database.reading(_count, due(now)):
            return 0
        return await self._database.writing(Lock.INGEST, _reveal, now)

    async def seal(self, instant: datetime, now: datetime) -> int:
        """Return the last arrival not after `instant`, and keep it so for ever.

        What is due is revealed first; whatever arrives later gets a later instant. An `instant`
        that is to come is not sealed beyond `now`: the clock goes on from there.
        """
        return await self._database.writing(Lock.INGEST, _seal, instant, now)

    async def arrival_at(self, instant: datetime) -> int:
        """Return the last arrival not after `instant` as of now; 0 if there is none."""
        return await self._database.reading(_arrival_at, instant)

    async def marks(self) -> Marks:
        """Return how far arrivals and changes have come."""
        return await self._database.reading(_marks)

    async def changed(self, after: int, limit: int) -> list[Entry]:
        """Return entries changed after change number `after`, in order.

        Withdrawn ones too, and those whose time has not come: they may have been visible before.
        """
        query = select(articles).where(articles.c.change > after)
        return await self._entries(query.order_by(articles.c.change).limit(limit))

    async def arrived(
        self, after: int, upto: int, limit: int, selection: Query = _EVERYTHING
    ) -> list[Entry]:
        """Return what arrived in `(after, upto]` and is not withdrawn, in order of arrival.

        Only what `selection` admits is read and counts for the `limit`.
        """
        return await self._database.reading(_arrived, after, upto, limit, selection)

    async def standings(
        self, after: int, upto: int, limit: int, selection: Query = _EVERYTHING
    ) -> list[Standing]:
        """Return the numbers of what `arrived` returns, whose words are not read."""
        return await self._database.reading(_standings, after, upto, limit, selection)

    async def latest(self, before: int, limit: int) -> list[Entry]:
        """Return what arrived below the arrival `before` and is not withdrawn, newest first."""
        query = select(articles).where(articles.c.arrival < before, _present())
        return await self._entries(query.order_by(articles.c.arrival.desc()).limit(limit))

    async def entries(self, ids: Sequence[str]) -> list[Entry]:
        """Return the entries with these ids, in the order asked for; unknown ids are left out."""
        return await self._database.reading(_by_ids, ids)

    async def counts(self) -> Counts:
        """Count the articles by whether they can be seen."""
        return await self._database.reading(_counts)

    async def _entries(self, query: Select[tuple[object, ...]]) -> list[Entry]:
        return await self._database.reading(_entries, query)


def _ingest(connection: Connection, incoming: Sequence[Article], now: datetime) -> list[Ingested]:
    done: list[Ingested] = []
    ledger = ledgers.load(connection)
    identities = Identities.load(connection, incoming)
    for article in incoming:
        known = identities.find(article)
        decision = decide(known, article)
        if decision.article is not None:
            record(connection, ledger, decision, now, is_known=known is not None)
        stored = decision.article or (known.article if known else article)
        if decision.outcome is not Outcome.REFUSED:
            identities.remember(article, stored, decision)
        done.append(Ingested(article=stored, outcome=decision.outcome, reason=decision.reason))
    ledgers.save(connection, ledger)
    return done


def _reveal(connection: Connection, now: datetime) -> int:
    ledger = ledgers.load(connection)
    revealed = reveal(connection, ledger, now)
    ledgers.save(connection, ledger)
    return revealed


def _seal(connection: Connection, instant: datetime, now: datetime) -> int:
    ledger = ledgers.load(connection)
    reveal(connection, ledger, now)
    ledger.sealed_at = max(ledger.sealed_at, min(instant, now))
    ledgers.save(connection, ledger)
    return _arrival_at(connection, instant)


def _marks(connection: Connection) -> Marks:
    row = connection.execute(select(article_ledger.c.arrival, article_ledger.c.change)).first()
    return Marks(arrival=row.arrival, change=row.change) if row else Marks(arrival=0, change=0)


def _arrival_at(connection: Connection, instant: datetime) -> int:
    newest_first = (articles.c.arrived_at.desc(), articles.c.arrival.desc())
    query = select(articles.c.arrival).where(articles.c.arrived_at <= instant)
    return connection.scalar(query.order_by(*newest_first).limit(1)) or 0


def _entries(connection: Connection, query: Select[tuple[object, ...]]) -> list[Entry]:
    return [entry_of(row) for row in connection.execute(query).mappings()]


def _arrived(
    connection: Connection, after: int, upto: int, limit: int, selection: Query
) -> list[Entry]:
    chosen = condition(selection)
    if chosen is not None:
        return _entries(
            connection, _window(articles, after=after, upto=upto, limit=limit).where(chosen)
        )
    found: list[Entry] = []
    while len(found) < limit:
        entries = _entries(connection, _window(articles, after=after, upto=upto, limit=_CHUNK))
        found += [entry for entry in entries if selection.admits(entry.article)]
        if len(entries) < _CHUNK:
            break
        after = entries[-1].arrival or upto
    return found[:limit]


def _standings(
    connection: Connection, after: int, upto: int, limit: int, selection: Query
) -> list[Standing]:
    chosen = condition(selection)
    if chosen is None:
        entries = _arrived(connection, after, upto, limit, selection)
        return [_standing(entry) for entry in entries]
    columns = [articles.c[name] for name in Standing.__slots__]
    rows = connection.execute(_window(*columns, after=after, upto=upto, limit=limit).where(chosen))
    return [Standing(**row) for row in rows.mappings()]


def _standing(entry: Entry) -> Standing:
    arrival = entry.arrival or 0
    return Standing(entry.article.id, arrival, entry.revised, entry.change, entry.changed_at)


def _window(
    *what: FromClause | ColumnElement[object], after: int, upto: int, limit: int
) -> Select[tuple[object, ...]]:
    between = (articles.c.arrival > after, articles.c.arrival <= upto)
    query = select(*what).where(*between, _present())
    return query.order_by(articles.c.arrival).limit(limit)


def _by_ids(connection: Connection, ids: Sequence[str]) -> list[Entry]:
    found: dict[str, Entry] = {}
    for start in range(0, len(ids), _CHUNK):
        query = select(articles).where(articles.c.id.in_(ids[start : start + _CHUNK]))
        found |= {entry.article.id: entry for entry in _entries(connection, query)}
    return [found[id_] for id_ in ids if id_ in found]


def _counts(connection: Connection) -> Counts:
    return Counts(
        visible=_count(connection, articles.c.arrival.is_not(None), _present()),
        embargoed=_count(connection, articles.c.arrival.is_(None), _present()),
        withdrawn=_count(connection, articles.c.withdrawn_at.is_not(None)),
    )


def _count(connection: Connection, *conditions: ColumnElement[bool]) -> int:
    return connection.scalar(select(func.count()).select_from(articles).where(*conditions)) or 0


def _present() -> ColumnElement[bool]:
    return articles.c.withdrawn_at.is_(None)
