"""A selection as a condition in SQL, which admits exactly what `Query.admits` does.

Names and languages are looked up in `articles.names`, a line for each, words in the normalised
text; both are written as the article is, so the database folds no case and takes nothing off.
Refuses selections too large for one statement: they are asked article by article.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import ColumnElement, Integer, and_, false, not_, or_, true
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from feeds.query import KEYS, Query, Selectable, names_of, wanted_of
from feeds.store.article_tables import articles

_VALUES = 500  # and selections; SQLite takes expressions that are a thousand deep
_PHRASES = 8  # each has the text read once more: to read the article and ask is sooner done
_DEPTH = 15  # selections within each other; SQLite's parser has a stack of a hundred
_PATTERN = 10_000  # characters; SQLite takes patterns of 50,000 bytes


class _Position(FunctionElement[int]):
    """Where a text stands in another, from 1; 0 if it does not. Compared exactly, unlike LIKE."""

    type = Integer()
    inherit_cache = True
    name = "position"


@compiles(_Position)
def _in_sqlite(element: _Position, compiler: SQLCompiler, **kw: object) -> str:
    return f"instr({compiler.process(element.clauses, **kw)})"


@compiles(_Position, "postgresql")
def _in_postgresql(element: _Position, compiler: SQLCompiler, **kw: object) -> str:
    return f"strpos({compiler.process(element.clauses, **kw)})"


def name_lines(article: Selectable) -> str:
    """Return what is stored of `article` to be selected by: `key:value`, between line breaks."""
    return "\n".join(["", *(f"{key}:{value}" for key, value in names_of(article)), ""])


def condition(query: Query) -> ColumnElement[bool] | None:
    """Return what holds for the articles that `query` admits; None if that is too much to say."""
    values, phrases, depth = _size(query)
    fits = values <= _VALUES and phrases <= _PHRASES and depth <= _DEPTH
    return _all_of(query) if fits else None


def _size(query: Query) -> tuple[int, int, int]:
    """Return how many values and selections there are, how many of these phrases, and how deep."""
    sizes = [_size(one) for one in query.any]
    if query.exclude is not None:
        sizes.append(_size(query.exclude))
    own = sum(len(getattr(query, key)) for key in KEYS)
    values = own + sum(inner + 1 for inner, _, _ in sizes)
    phrases = len(query.words) + sum(inner for _, inner, _ in sizes)
    return values, phrases, 1 + max((inner for _, _, inner in sizes), default=0)


def _all_of(query: Query) -> ColumnElement[bool]:
    return and_(true(), *_conditions(query))


def _conditions(query: Query) -> Iterator[ColumnElement[bool]]:
    """Yield what must hold; words last, for their texts are long."""
    for key in KEYS:
        if key != "words" and getattr(query, key):
            yield or_(false(), *map(_contains, _lines(query, key)))
    if query.exclude is not None:
        yield not_(_all_of(query.exclude))
    if query.any:
        yield or_(false(), *map(_all_of, query.any))
    if query.words:
        yield or_(false(), *map(_says, sorted(wanted_of(query, "words"))))


def _lines(query: Query, key: str) -> Iterator[str]:
    for value in sorted(wanted_of(query, key)):
        yield f"\n{key}:{value}\n"
        if key == "languages":
            yield f"\n{key}:{value}-"


def _contains(line: str) -> ColumnElement[bool]:
    return _Position(articles.c.names, line) > 0


def _says(phrase: str) -> ColumnElement[bool]:
    """What has `phrase` in it: a pattern, for which SQLite is quicker; there is no `%` in words."""
    if len(phrase) > _PATTERN:
        return _Position(articles.c.normalised, phrase) > 0
    return articles.c.normalised.like(f"%{phrase}%")
