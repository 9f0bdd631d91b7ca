"""Who an incoming article is: by its key, by an id of its own, or by how its text begins.

Loaded in bulk for one batch inside the ingest transaction, and kept current while it is worked off.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, insert, or_, select, tuple_

from feeds.article import Article, begins_like
from feeds.kit.text import normalise
from feeds.revision import Decision, Known
from feeds.store.rows import article_of
from feeds.store.tables import article_keys, articles, source_files

_CHUNK = 200

Key = tuple[str, str]
_ANY = ""  # in place of the source, for an IRI by which every source may name the article


class Identities:
    """What the store knows about the articles of one batch."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: dict[str, Known] = {}
        self._by_key: dict[Key, str] = {}
        self._by_iri: dict[str, str] = {}
        self._by_opening: dict[str, list[str]] = defaultdict(list)

    @classmethod
    def load(cls, connection: Connection, incoming: Sequence[Article]) -> Identities:
        """Read whatever could turn out to be one of `incoming`."""
        identities = cls(connection)
        for start in range(0, len(incoming), _CHUNK):
            identities._read(incoming[start : start + _CHUNK])
        return identities

    def find(self, article: Article) -> Known | None:
        """Return what is known of `article` under whatever identity it has."""
        for key in _keys(article):
            if key in self._by_key:
                return self._known[self._by_key[key]]
        if article.own_iri in self._by_iri:
            return self._known[self._by_iri[article.own_iri]]
        return self._find_by_opening(article)

    def remember(self, incoming: Article, stored: Article, decision: Decision) -> None:
        """Keep the keys that led to `stored`, and for the rest of the batch its new words."""
        for key in _keys(incoming):
            if key not in self._by_key and key != (_ANY, f"iri:{stored.own_iri}"):
                self._by_key[key] = stored.id
                values = {"source": key[0], "key": key[1], "article_id": stored.id}
                self._connection.execute(insert(article_keys), values)
        if decision.article is not None:
            self._keep(Known(article=stored, withdrawn=stored.withdrawn, origin_exists=True))

    def _find_by_opening(self, article: Article) -> Known | None:
        """A teaser and its article, or two excerpts of one, of the same publication."""
        candidates = [self._known[id_] for id_ in self._by_opening.get(article.opening, ())]
        found = [known for known in candidates if _same_story(known.article, article)]
        return found[0] if found and (article.publication or len(found) == 1) else None

    def _read(self, batch: Sequence[Article]) -> None:
        keys = [key for article in batch for key in _keys(article)]
        matched = self._connection.execute(
            select(article_keys).where(tuple_(article_keys.c.source, article_keys.c.key).in_(keys))
        )
        for source, key, article_id in matched:
            self._by_key[source, key] = article_id
        iris = [article.own_iri for article in batch if article.own_iri]
        # Two full articles that begin alike are two: only a teaser is looked for in both.
        teasers = [article.opening for article in batch if article.excerpt and article.opening]
        full = [article.opening for article in batch if not article.excerpt and article.opening]
        ids = {self._by_key[key] for key in keys if key in self._by_key}
        alike = {
            articles.c.id.in_(ids): ids,
            articles.c.own_iri.in_(iris): iris,
            articles.c.opening.in_(teasers): teasers,
            articles.c.opening.in_(full) & articles.c.excerpt.is_(True): full,
        }
        # An empty list in it would keep the database from using an index for each of the others.
        wanted = [condition for condition, values in alike.items() if values]
        if not wanted:
            return
        rows = self._connection.execute(select(articles).where(or_(*wanted)))
        found = [(row["withdrawn_at"], article_of(row)) for row in rows.mappings()]
        present = self._present_files(article for _, article in found)
        for withdrawn_at, article in found:
            self._keep(
                Known(
                    article=article,
                    withdrawn=withdrawn_at is not None,
                    origin_exists=(article.source, article.origin) in present,
                )
            )

    def _present_files(self, found: Iterable[Article]) -> set[Key]:
        files = {(article.source, article.origin) for article in found}
        if not files:
            return set()
        rows = self._connection.execute(
            select(source_files.c.source, source_files.c.path).where(
                tuple_(source_files.c.source, source_files.c.path).in_(files)
            )
        )
        return {(source, path) for source, path in rows}

    def _keep(self, known: Known) -> None:
        article = known.article
        self._known[article.id] = known
        if article.own_iri:
            self._by_iri[article.own_iri] = article.id
        if article.opening and article.id not in self._by_opening[article.opening]:
            self._by_opening[article.opening].append(article.id)


def _keys(article: Article) -> list[Key]:
    """The keys of an article; an IRI is one where the article was published under another id."""
    own = (article.source, article.key)
    return [own, (_ANY, f"iri:{article.own_iri}")] if article.own_iri else [own]


def _same_story(known: Article, incoming: Article) -> bool:
    """Tell whether the shorter of two texts is an excerpt that the longer one begins with."""
    if not (known.excerpt or incoming.excerpt):
        return False
    ours, theirs = normalise(known.publication), normalise(incoming.publication)
    if ours != theirs and ours.strip() and theirs.strip():
        return False
    if known.excerpt and incoming.excerpt:
        shorter, longer = sorted((known.text, incoming.text), key=len)
        return begins_like(longer, shorter)
    full, teaser = (incoming, known) if known.excerpt else (known, incoming)
    return begins_like(full.text, teaser.text)
