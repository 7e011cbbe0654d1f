"""JSON schemas that clients send for their answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ...errors import SettingsError
from ...tools.structured import validator
from ..problems import Problem, refused
from .shapes import Format, JSONSchema

MOST_SCHEMA = 100_000
"""Characters of a schema."""


def answer_schema(format: Format, param: str) -> Mapping[str, Any] | None:
    """The JSON schema that the answer must follow; None if it is free text."""
    if format.type == "text":
        return None
    if format.type == "json_object":
        return {"type": "object"}
    given = format if isinstance(format, JSONSchema) else getattr(format, "json_schema", None)
    place = f"{param}.schema" if isinstance(format, JSONSchema) else f"{param}.json_schema.schema"
    if given is None or given.schema_ is None:
        raise refused(place, f"Missing required parameter: {place!r}.", "missing_required_parameter")
    check_schema(given.schema_, place)
    return dict(given.schema_)


def check_schema(schema: Mapping[str, Any], param: str) -> None:
    """Raise `Problem` unless it is a JSON schema that refers to no other place."""
    if len(json.dumps(schema)) > MOST_SCHEMA:
        raise refused(param, f"the schema is longer than {MOST_SCHEMA:,} characters")
    try:
        validator(schema)
    except SettingsError:
        raise
    except Exception as error:
        message = f"the schema is not usable: {str(error).splitlines()[0][:300]}"
        raise Problem(400, message, code="invalid_json_schema", param=param) from None
