"""Recording: what was decided about an article becomes its row, with the ledger's next numbers.

Used only inside a transaction that holds the ingest lock. Decides nothing (`feeds.revision` does).
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, insert, select, update

from feeds.article import Article
from feeds.revision import Decision
from feeds.store.ledger import Ledger
from feeds.store.rows import Values, values_of
from feeds.store.tables import articles


def record(
    connection: Connection,
    ledger: Ledger,
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
    before = _ledger_row(connection, article.id) if is_known else None
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
        connection.execute(insert(articles), row)
    else:
        keep = articles.c.id == article.id
        connection.execute(update(articles).where(keep).values(row))


def _arrive(article: Article, ledger: Ledger, now: datetime) -> Values:
    if article.published is not None and article.published.due > now:
        return {"visible_at": article.published.due, "arrival": None, "arrived_at": None}
    arrival, arrived_at = ledger.next_arrival(now)
    return {"visible_at": None, "arrival": arrival, "arrived_at": arrived_at}


def reveal(connection: Connection, ledger: Ledger, now: datetime) -> int:
    """Let every article whose time has come by `now` arrive; return how many did."""
    rows = connection.execute(
        select(articles.c.id, articles.c.visible_at)
        .where(due(now))
        .order_by(articles.c.visible_at, articles.c.position, articles.c.id)
    )
    revealed = rows.all()
    for id_, visible_at in revealed:
        arrival, arrived_at = ledger.next_arrival(visible_at)
        change = ledger.next_change()
        connection.execute(
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
    return len(revealed)


def _ledger_row(connection: Connection, article_id: str) -> Values:
    query = select(articles.c.revision, articles.c.arrival)
    found = connection.execute(query.where(articles.c.id == article_id))
    return dict(found.mappings().one())


def due(now: datetime) -> ColumnElement[bool]:
    """What waits for a time that has come by `now`."""
    waits = articles.c.arrival.is_(None) & articles.c.withdrawn_at.is_(None)
    return (articles.c.visible_at <= now) & waits
