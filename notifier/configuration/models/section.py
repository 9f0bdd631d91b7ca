"""What every part of the configuration is: a map with known keys, each explained where it stands.

The explanations are what editors show beside a key, and what the reference is made of.
"""

from __future__ import annotations

import os
from typing import (  # Any: a key's default may be anything that a check accepts
    Any,
    ClassVar,
)

from pydantic import BaseModel, ConfigDict, Field
from pydantic.fields import FieldInfo

# Nobody else has a say in what is valid here. And looking through all that is installed for
# plugins takes longer than every check of an ordinary configuration.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

EXTRA = ("x-said", "x-inherits")  # what a key knows besides its explanation

_REQUIRED: Any = ...


class Section(BaseModel):
    """A map with known keys.

    `stand_in` has values for required keys, with which the rest of a broken section is looked at.
    `short` is the key that a text in place of the map is for. `example` is what the map looks
    like, for who wrote something else. `elsewhere` tells where keys belong that are often put here.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True, defer_build=True
    )
    stand_in: ClassVar[dict[str, object]] = {}
    short: ClassVar[str] = ""
    example: ClassVar[str] = "key: value"
    elsewhere: ClassVar[dict[str, str]] = {}


def setting(
    explained: str,
    default: Any = _REQUIRED,  # what a check accepts
    *,
    said: str = "",
    inherits: str = "",
    alias: str | None = None,
    secret: bool = False,
) -> Any:  # a field stands where its value will
    """Return a key of a section: `explained` in a line, with its default as it would be written.

    `said` tells in words what happens without the key, where the default does not. `inherits` is
    where the value comes from instead: `site.timezone`, or `name`, that of the part itself.
    """
    plain = isinstance(default, str | int) and not isinstance(default, bool) and default != ""
    written = plain or default == {}  # as it would be written, so it is checked as that
    return Field(
        default,
        description=explained,
        alias=alias,
        repr=not secret,
        validate_default=written or None,
        json_schema_extra={EXTRA[0]: said, EXTRA[1]: inherits},
    )


def said_of(field: FieldInfo) -> str:
    """Return in words what happens without a key, where the default does not say it."""
    inherits = inherits_of(field)
    if inherits:
        return "the name" if inherits == "name" else f"`{inherits}`"
    return _extra(field, EXTRA[0])


def inherits_of(field: FieldInfo) -> str:
    """Return where the value of a key comes from that is not there; empty if it has a default."""
    return _extra(field, EXTRA[1])


def default_of(field: FieldInfo) -> str:
    """Return the default of a key as it would be written, empty if there is nothing to write."""
    default = field.default
    if isinstance(default, bool):
        return str(default).lower()
    return str(default) if isinstance(default, str | int) else ""


def _extra(field: FieldInfo, word: str) -> str:
    extra = field.json_schema_extra
    return str(extra.get(word, "")) if isinstance(extra, dict) else ""


def is_secret(field: FieldInfo) -> bool:
    """Tell whether the value of a key must not be shown."""
    return not field.repr


def name_of(name: str, field: FieldInfo) -> str:
    """Return the key that is written for the field `name`."""
    return field.alias or name
