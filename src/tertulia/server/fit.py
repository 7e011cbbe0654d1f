"""Schemas that clients send for their answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..errors import SettingsError
from ..strategies.fitting import validator
from .problems import Problem, refused

MOST_SCHEMA = 100_000
"""Characters of a schema."""


def check(schema: Mapping[str, Any], param: str) -> None:
    """Raise `Problem` if it is no schema, or one that refers to other places."""
    if len(json.dumps(schema)) > MOST_SCHEMA:
        raise refused(param, f"the schema is longer than {MOST_SCHEMA:,} characters")
    try:
        validator(schema)
    except SettingsError:
        raise
    except Exception as error:
        message = f"the schema is not usable: {str(error).splitlines()[0][:300]}"
        raise Problem(400, message, code="invalid_json_schema", param=param) from None
