"""The tables of keys in `docs/configuration.md`, made of the models.

    python -m notifier.configuration.reference DOCS-PAGE SCHEMA-FILE

writes them anew between their marks, and the schema too. What stands between the tables is written
by hand. `make reference` calls this; the tests hold that nothing is left to write.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from pathlib import Path

from pydantic.fields import FieldInfo

from notifier.configuration import models, schema
from notifier.configuration.models.section import Section, default_of, name_of, said_of
from notifier.configuration.models.whole import Configuration

_TABLE = re.compile(r"(<!-- keys of (\w+) -->\n)(.*?)(<!-- end -->\n)", re.DOTALL)
_HEAD = ("| key | default | what it is |", "|---|---|---|")


def renewed(page: str) -> str:
    """Return `page` with the table between each pair of marks as the models have it."""
    return _TABLE.sub(lambda found: found[1] + _table(_section(found[2])) + found[4], page)


def explained(page: str) -> frozenset[str]:
    """Return the names of the models that `page` has tables of."""
    return frozenset(name for _, name, _, _ in _TABLE.findall(page))


def sections() -> dict[str, type[Section]]:
    """Return every section there is by the name of its model."""
    found = (getattr(models, name) for name in models.__all__)
    kinds = [kind for kind in found if kind is not Section]
    return {kind.__name__: kind for kind in [Configuration, *kinds]}


def _section(name: str) -> type[Section]:
    return sections()[name]


def _table(kind: type[Section]) -> str:
    rows = (_row(name_of(name, field), field) for name, field in kind.model_fields.items())
    return "\n".join([*_HEAD, *rows]) + "\n"


def _row(key: str, field: FieldInfo) -> str:
    default = "required" if field.is_required() else said_of(field) or _quoted(default_of(field))
    return _cells([f"`{key}`", default, field.description or ""])


def _quoted(default: str) -> str:
    return f'`"{default}"`' if "{" in default else f"`{default}`" if default else ""


def _cells(texts: Iterable[str]) -> str:
    escaped = (text.replace("|", r"\|") for text in texts)
    return "".join(f"| {text} " if text else "| " for text in escaped) + "|"


def main(page: Path, schema_file: Path) -> None:
    """Write the tables of `page` and the schema anew."""
    page.write_text(renewed(page.read_text(encoding="utf-8")), encoding="utf-8")
    schema_file.write_text(schema.printed(), encoding="utf-8")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
