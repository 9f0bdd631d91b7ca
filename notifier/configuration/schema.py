"""The JSON Schema (2020-12) of the configuration, for editors: made from the models.

An editor completes keys, explains them, and underlines what is plainly wrong. It knows one file at
a time: what files say of each other, and what only the program can tell, is for `check`.
"""

from __future__ import annotations

import json

from pydantic import JsonValue
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode
from pydantic_core import CoreSchema, core_schema

from notifier.configuration.models.section import (
    EXTRA,
    Section,
    default_of,
    name_of,
    said_of,
)
from notifier.configuration.models.whole import Configuration

JsonDict = dict[str, JsonValue]

FILE = "paperround.schema.json"  # as it stands beside the configuration that `init` writes

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema() -> dict[str, JsonValue]:
    """Return the schema of one file of a configuration."""
    made = Configuration.model_json_schema(schema_generator=_Generator)
    return {"$schema": _DIALECT, **made, "title": "Paperround"}


def printed() -> str:
    """Return the same as text that ends with a line end."""
    return json.dumps(schema(), ensure_ascii=False, indent=1) + "\n"


class _Generator(GenerateJsonSchema):
    """Leaves out what pydantic makes up, and says what we know."""

    def generate(self, schema: CoreSchema, mode: JsonSchemaMode = "validation") -> JsonDict:
        made = super().generate(schema, mode)
        _without_titles(made)
        return made

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonDict:
        made = super().model_schema(schema)
        kind, properties = schema["cls"], made.get("properties")
        if issubclass(kind, Section) and isinstance(properties, dict):
            for name, field in kind.model_fields.items():
                found = properties[name_of(name, field)]
                assert isinstance(found, dict), "each key has a form"
                _explain(found, field)
        return made

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonDict:
        """Leave defaults to `_explain`: those of models are no JSON."""
        return self.generate_inner(schema["schema"])

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonDict:
        """Say of names what they may be; else any other name would do."""
        made = super().dict_schema(schema)
        for pattern, inner in made.pop("patternProperties", {}).items():
            made |= {"propertyNames": {"pattern": pattern}, "additionalProperties": inner}
        return made


def _explain(found: JsonDict, field: FieldInfo) -> None:
    """Say in words what happens without a key, where the default does not say it."""
    for word in EXTRA:
        found.pop(word, None)
    said = said_of(field)
    if said:
        found["description"] = f"{field.description} (default: {said})"
    elif default_of(field):
        found["default"] = field.default


def _without_titles(found: JsonValue) -> None:
    """Take out the titles that are made of names: they say nothing that the key does not."""
    if isinstance(found, list):
        for one in found:
            _without_titles(one)
    elif isinstance(found, dict):
        for name, inner in found.items():
            if name == "properties" and isinstance(inner, dict):
                _without_titles(list(inner.values()))
            elif name not in {"default", "examples", "enum", "const"}:
                _without_titles(inner)
        if isinstance(found.get("title"), str):
            del found["title"]
