"""The AsyncAPI document as validators of what it describes."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft7Validator
from jsonschema.validators import extend

DOCS = Path(__file__).parents[2] / "docs"
DOCUMENT: dict[str, Any] = yaml.safe_load((DOCS / "asyncapi.yaml").read_text(encoding="utf-8"))
ASYNCAPI: dict[str, Any] = json.loads(
    Path(__file__).with_name("asyncapi-3.0.0.schema.json").read_text(encoding="utf-8"),
)


def _is_integer(_checker: object, instance: object) -> bool:
    return isinstance(instance, int) and not isinstance(instance, bool)


# JSON Schema takes 1.0 for an integer; the document says in words that the wire does not.
_Validator = extend(Draft7Validator, type_checker=Draft7Validator.TYPE_CHECKER.redefine("integer", _is_integer))


@cache
def validator(name: str) -> Any:
    """A validator of one of the document's schemas: ``envelope``, ``fix``, ``event``, ``command``."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]}
    return _Validator(schema)


def is_valid(name: str, value: object) -> bool:
    return bool(validator(name).is_valid(value))


def payload_schema(message: str) -> str:
    """The name of the schema of a message's payload."""
    reference: str = DOCUMENT["components"]["messages"][message]["payload"]["$ref"]
    return reference.removeprefix("#/components/schemas/")
