"""JSON schemas as servers take them, and a first look at whether a text follows one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic_core import from_json

from .reading import items, mapping

MOST_DEPTH = 20
_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "null": type(None),
}
_LOOSE = ("oneOf", "allOf", "not", "default", "if", "patternProperties")
"""Words that OpenAI's strict schemas may not hold."""


def fits(text: str, schema: Mapping[str, Any]) -> bool:
    """Whether a text is JSON that follows a schema in its types, its choices and what must be there.

    It does not look at lengths, patterns and references: it tells a reply from a thought, and no more.
    """
    try:
        return _follows(from_json(text.strip()), schema, MOST_DEPTH)
    except ValueError:
        return False


def _follows(value: Any, schema: Any, depth: int) -> bool:
    if not isinstance(schema, dict) or not depth:
        return True
    if "enum" in schema and value not in items(schema["enum"]):
        return False
    for choice in ("anyOf", "oneOf"):
        if choice in schema and not any(_follows(value, one, depth - 1) for one in items(schema[choice])):
            return False
    kinds = schema.get("type", [])
    wanted = [_TYPES[kind] for kind in ([kinds] if isinstance(kinds, str) else kinds) if kind in _TYPES]
    if wanted and not any(isinstance(value, kind) for kind in wanted):
        return False
    if isinstance(value, list):
        return all(_follows(one, schema.get("items"), depth - 1) for one in value)
    if isinstance(value, dict):
        inner = mapping(schema.get("properties"))
        there = all(name in value for name in items(schema.get("required")))
        return there and all(_follows(one, inner.get(name), depth - 1) for name, one in value.items())
    return True


def is_strict(schema: Any, depth: int = MOST_DEPTH) -> bool:
    """Whether OpenAI enforces a schema to the letter: every property required, no other allowed, no loose words."""
    if not isinstance(schema, dict):
        return True
    if not depth or any(word in schema for word in _LOOSE):
        return False
    inner = mapping(schema.get("properties"))
    open_ended = schema.get("additionalProperties") is not False or inner.keys() - set(items(schema.get("required")))
    if schema.get("type") == "object" and open_ended:
        return False
    below = [*inner.values(), schema.get("items"), *items(schema.get("anyOf")), *mapping(schema.get("$defs")).values()]
    return all(is_strict(one, depth - 1) for one in below)
