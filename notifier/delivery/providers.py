"""The provider of a reader in SQL: the domain of the address, in the words of each database."""

from __future__ import annotations

from sqlalchemy import ColumnElement, FunctionElement, Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler


class provider(FunctionElement[str]):  # noqa: N801 - written like a function of SQL
    """What stands behind the @ of an address; nothing where there is none."""

    type = Text()
    inherit_cache = True
    name = "provider"

    def __init__(self, address: ColumnElement[str]) -> None:
        super().__init__(address)


@compiles(provider, "sqlite")
def _on_sqlite(element: provider, compiler: SQLCompiler, **options: object) -> str:
    address = compiler.process(element.clauses, **options)
    return f"substr({address}, ifnull(nullif(instr({address}, '@'), 0), length({address})) + 1)"


@compiles(provider, "postgresql")
def _on_postgresql(element: provider, compiler: SQLCompiler, **options: object) -> str:
    return f"split_part({compiler.process(element.clauses, **options)}, '@', 2)"
