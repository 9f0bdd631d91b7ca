"""Statements over rows of values: compiled once, for any number of rows, run on the bare driver.

For the few statements that are run thousands of times a second, where building one costs more than
it does. Knows nothing of transactions.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any, Protocol

from sqlalchemy import CTE, Connection, Executable, Select, bindparam, column, func, select, values
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ClauseElement
from sqlalchemy.types import TypeEngine

_FIRST = "_of_0"  # behind the names of the values of the first row

MOST = 64  # rows in one statement; more are taken in several


class Cursor(Protocol):
    """What a driver gives back for a statement (PEP 249)."""

    def fetchall(self) -> list[Any]:
        """Return all rows that are left."""


class Bare(Protocol):
    """A connection of a driver (PEP 249), past SQLAlchemy."""

    def execute(self, statement: str, parameters: Any = ..., /) -> Any:
        """Run one statement; returns a Cursor."""


class RowStatement:
    """A statement over rows, given as tuples with a value for each of some columns.

    `build` makes it of a table expression with these columns, which are of plain types: what is
    given goes to the driver as it is.
    """

    def __init__(
        self,
        dialect: Dialect,
        columns: Mapping[str, TypeEngine[Any]],
        build: Callable[[CTE], Executable],
    ) -> None:
        self._dialect = dialect
        self._columns = columns
        self._build = build
        self._form: _Form | None = None
        self._made: dict[int, tuple[str, Sequence[str]]] = {}  # by the number of rows

    def run(self, connection: Bare, rows: Sequence[Sequence[object]]) -> list[Any]:
        """Run the statement over `rows`, however many; return what it returns."""
        found: list[Any] = []
        for start in range(0, len(rows), MOST):
            found += self._run(connection, rows[start : start + MOST])
        return found

    def changes_each(self, connection: Bare, rows: Sequence[Sequence[object]]) -> bool:
        """Change a row for each of `rows`; where it would be fewer, change none and return False.

        Always the latter where the driver does not count. That of SQLite does, and there it is
        quicker than to ask which were changed: it lets go of the interpreter for each row of them.
        """
        before = _changes(connection)
        if before is None:
            return False
        connection.execute("SAVEPOINT each")
        self.run(connection, rows)
        if _changes(connection) == before + len(rows):
            return True
        connection.execute("ROLLBACK TO each")
        return False

    def _run(self, connection: Bare, rows: Sequence[Sequence[object]]) -> list[Any]:
        if self._form is None:
            self._form = self._compile()
        count = len(rows)
        if count not in self._made:
            self._made[count] = self._form.text(count), self._form.numbered(count)
        statement, numbered = self._made[count]
        given = chain.from_iterable(rows)
        cursor = connection.execute(statement, self._form.arranged(numbered, given))
        return cursor.fetchall() if self._form.returns else []

    def _compile(self) -> _Form:
        """Compile the statement for one row; those for more differ in their VALUES only."""
        names = [f"{name}{_FIRST}" for name in self._columns]
        pairs = zip(names, self._columns.values(), strict=True)
        row = tuple(bindparam(name, None, type_=kind) for name, kind in pairs)
        expected = [column(name, kind) for name, kind in self._columns.items()]
        built = self._build(values(*expected, name="given").data([row]).cte("given"))
        assert isinstance(built, ClauseElement)
        compiled = built.compile(dialect=self._dialect)
        assert isinstance(compiled, SQLCompiler)
        own = {
            name: value
            for name, value in compiled.construct_params(_check=False).items()
            if name not in names
        }
        before, row_text, after = _parted(str(compiled))
        if not compiled.positional:
            return _Form(before, row_text, after, [*self._columns], own)
        order = list(compiled.positiontup or ())
        start = order.index(names[0])
        assert order[start : start + len(names)] == names, "a row's values stand in one place"
        first = [own[name] for name in order[:start]]
        last = [own[name] for name in order[start + len(names) :]]
        return _Form(before, row_text, after, [], {}, first, last)


def in_one_piece(connection: Connection, query: Select[Any]) -> Iterable[Sequence[Any]]:
    """Return the rows of a query of plain values, in whatever order; of SQLite they are lists.

    They come from there as one text: its driver lets go of the interpreter for each row, and a
    thread gets it back only from whoever has it by then.
    """
    if connection.dialect.name != "sqlite":
        return connection.execute(query)
    rows = query.subquery("rows")
    text = connection.scalar(select(func.json_group_array(func.json_array(*rows.c))))
    assert isinstance(text, str), "an aggregate of nothing is an empty list"
    found: list[list[Any]] = json.loads(text)
    return found


def _changes(connection: Bare) -> int | None:
    """Return how many rows were changed so far; what cursors say of statements is not right."""
    counted: int | None = getattr(connection, "total_changes", None)
    return counted


@dataclass(frozen=True)
class _Form:
    """A statement around its rows, of which `row` is the first, and the values that are its own.

    They are named, or else stand before and after those of the rows.
    """

    before: str
    row: str
    after: str
    names: Sequence[str]
    own: Mapping[str, object]
    first: Sequence[object] = ()
    last: Sequence[object] = ()

    @cached_property
    def returns(self) -> bool:
        """Tell whether the statement returns rows."""
        return " RETURNING " in self.after

    def text(self, count: int) -> str:
        """Return the statement over so many rows."""
        rows = (self.row.replace(f"{_FIRST})", f"_of_{number})") for number in range(count))
        return self.before + ", ".join(rows) + self.after

    def numbered(self, count: int) -> Sequence[str]:
        """Return the names of the values of so many rows, where they are named."""
        return [f"{name}_of_{number}" for number in range(count) for name in self.names]

    def arranged(self, numbered: Sequence[str], given: Iterable[object]) -> Any:
        """Return what the driver takes for the values of all rows, one row after the other."""
        if numbered:
            return {**self.own, **dict(zip(numbered, given, strict=True))}
        return [*self.first, *given, *self.last]


def _parted(statement: str) -> tuple[str, str, str]:
    """Return what stands before the one row of a statement, the row in its brackets, the rest."""
    start = end = statement.index("(VALUES (") + len("(VALUES ")
    depth = 0
    while depth or end == start:
        depth += {"(": 1, ")": -1}.get(statement[end], 0)
        end += 1
    return statement[:start], statement[start:end], statement[end:]
