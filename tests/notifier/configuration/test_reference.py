"""The reference of the configuration says what the models say, and of every key that there is."""

from __future__ import annotations

from pathlib import Path

import pytest

import feeds
from notifier.configuration.csv_file import COLUMNS
from notifier.configuration.models.whole import Configuration
from notifier.configuration.reference import explained, renewed, sections
from notifier.configuration.sections import KEYS

REFERENCE = Path(feeds.__file__).parent.parent / "docs" / "configuration.md"


def test_its_tables_are_those_of_the_models() -> None:
    page = REFERENCE.read_text(encoding="utf-8")
    assert renewed(page) == page, "run `make reference`"
    assert explained(page) == sections().keys()


def test_a_table_is_written_anew_between_its_marks_and_nothing_else_is() -> None:
    page = "Before\n<!-- keys of ReturnsSection -->\nold\n<!-- end -->\nAfter\n"
    assert renewed(page) == (
        "Before\n<!-- keys of ReturnsSection -->\n"
        "| key | default | what it is |\n|---|---|---|\n"
        "| `maildir` | required | the Maildir into which the mail server puts what comes back |\n"
        "<!-- end -->\nAfter\n"
    )


def test_the_sections_that_are_read_are_those_of_the_model() -> None:
    assert list(KEYS) != []
    assert set(KEYS) == set(Configuration.model_fields)


@pytest.mark.parametrize("name", sections())
def test_every_key_is_explained(name: str) -> None:
    fields = sections()[name].model_fields.items()
    assert [key for key, field in fields if not field.description] == []


@pytest.mark.parametrize("column", COLUMNS)
def test_every_column_of_a_list_of_readers_is_told(column: str) -> None:
    assert f"`{column}`" in REFERENCE.read_text(encoding="utf-8")
