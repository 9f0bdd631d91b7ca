"""The reference of the configuration names every key that there is."""

from __future__ import annotations

from pathlib import Path

import pytest

import feeds
from notifier.configuration.csv_file import COLUMNS
from notifier.configuration.models import Section
from notifier.configuration.sections import KEYS

REFERENCE = Path(feeds.__file__).parent.parent / "docs" / "configuration.md"


def _keys() -> list[str]:
    names = [
        f"{model.__name__}.{field.alias or name}"
        for model in Section.__subclasses__()
        for name, field in model.model_fields.items()
    ]
    return [*KEYS, *COLUMNS, *names]


@pytest.mark.parametrize("key", _keys())
def test_the_reference_explains_every_key(key: str) -> None:
    assert f"`{key.rpartition('.')[2]}`" in REFERENCE.read_text(encoding="utf-8")
