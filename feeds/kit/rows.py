"""Statements over rows of values: compiled once for each number of rows, run on the bare driver.

For the few statements that are run thousands of times a second, where building one costs more than
it does. Knows nothing of transactions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any, Protocol

from sqlalchemy import CTE, Executable, bindparam, column, values
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ClauseElement
from sqlalchemy.types import TypeEngine

_Arrange = Callable[[list[object]], Any]  # from values, row by row, to what the driver takes

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
        self._compiled: dict[int, tuple[str, _Arrange]] = {}

    def run(self, connection: Bare, rows: Sequence[Sequence[object]]) -> list[Any]:
        """Run the statement over `rows`, however many; return what it returns."""
        found: list[Any] = []
        for start in range(0, len(rows), MOST):
            found += self._run(connection, rows[start : start + MOST])
        return found

    def _run(self, connection: Bare, rows: Sequence[Sequence[object]]) -> list[Any]:
        count = len(rows)
        if count not in self._compiled:
            self._compiled[count] = self._compile(count)
        statement, arranged = self._compiled[count]
        cursor = connection.execute(statement, arranged([value for row in rows for value in row]))
        return cursor.fetchall() if " RETURNING " in statement else []

    def _compile(self, count: int) -> tuple[str, _Arrange]:
        names = [f"{name}_of_{number}" for number in range(count) for name in self._columns]
        each = iter(names)
        data = [
            tuple(bindparam(next(each), None, type_=kind) for kind in self._columns.values())
            for _ in range(count)
        ]
        expected = [column(name, kind) for name, kind in self._columns.items()]
        built = self._build(values(*expected, name="given").data(data).cte("given"))
        assert isinstance(built, ClauseElement)
        compiled = built.compile(dialect=self._dialect)
        assert isinstance(compiled, SQLCompiler)
        own = {
            name: value
            for name, value in compiled.construct_params(_check=False).items()
            if name not in names
        }
        if not compiled.positional:
            return str(compiled), lambda flat: {**own, **dict(zip(names, flat, strict=True))}
        places = {name: number for number, name in enumerate([*own, *names])}
        pick = itemgetter(*(places[name] for name in compiled.positiontup or ()))
        first = [*own.values()]
        return str(compiled), lambda flat: pick([*first, *flat])
