"""Reads JSON out of what a model wrote, and says in a schema what it is to write; both from one pydantic model."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

from ..errors import SettingsError, UnusableReply
from .sandbox import FENCE

T = TypeVar("T")
LONGEST = 100_000
"""Characters of a reply above which no JSON is looked for in its prose and its fences."""
DEEPEST = 201
"""Objects and lists within each other that a value may be; pydantic's reader goes no deeper."""
MOST = 1000
"""Objects and lists in prose that are looked at, the last ones."""
HOLDS = re.compile(r"[\[{]|```|~~~")
"""What a text has that holds JSON beside other things."""
OPENS = re.compile(r"[\[{]")
BRACKET = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)
BEGINS = re.compile(r'\{\s*(?:["}]|\Z)|\[\s*(?:["{\[\]\d-]|\Z)')
"""How an object or a list begins, unlike a bracket in prose."""
CITATION = re.compile(r"\[\s*\d{1,3}\s*\]")
LEFT_OUT = frozenset(["title", "default", "$defs"])
"""What pydantic adds to a schema and no provider needs."""


@dataclass(frozen=True)
class Value:
    """A JSON value in a text."""

    value: Any
    written: str


def as_json(text: str, shape: type[T]) -> T:
    """The value of this shape that a reply holds, alone, in a fence or in prose; of several, the last.

    Raises:
        UnusableReply: if there is none: no JSON, cut JSON, or JSON of another shape.
    """
    try:
        return cast("T", _adapter(cast("Any", shape)).validate_json(text))
    except ValidationError:
        return _within(text, shape)


def values(text: str) -> Iterator[Value]:
    """The whole JSON values of a reply, the likeliest first: all of it, what is in a fence, then the last in its prose.

    In prose only objects and lists are taken, marks of citations such as `[1]` after all others. What stands within a
    value that is cut or broken is none: a part of an answer is not the answer. None is deeper than `DEEPEST`.
    """
    for written in (text, *(_pieces(text) if len(text) <= LONGEST and HOLDS.search(text) else ())):
        try:
            value = from_json(written, allow_inf_nan=False)
        except ValueError:
            continue
        yield Value(value, written.strip())
        if written is text:
            return


def schema_of(shape: type, **more: Mapping[str, Any]) -> dict[str, Any]:
    """JSON schema of a shape as providers can enforce it: closed, and with every property required.

    Args:
        more: what else holds of the fields of a name, such as `{"enum": […]}` or `{"maxLength": 200}`.
    """
    schema = deepcopy(_schema(shape))
    for name, field in _fields(schema):
        field |= more.get(name, {})
    return schema


def validator(schema: Mapping[str, Any]) -> Any:
    """What checks values; it fetches nothing, and gives up on patterns that would take for ever.

    Raises:
        SettingsError: if the extra that brings it is not installed.
    """
    try:
        import jsonschema_rs
    except ImportError:
        raise SettingsError("answers that follow a schema need an extra: run `tertulia setup serve`") from None
    return jsonschema_rs.validator_for(
        dict(schema), offline=True, pattern_options=jsonschema_rs.FancyRegexOptions(backtrack_limit=100_000)
    )


def _within(text: str, shape: type[T]) -> T:
    """The value of this shape among those in a text that is not one itself."""
    wrong = "it has no JSON that is whole"
    for found in values(text):
        try:
            return cast("T", _adapter(cast("Any", shape)).validate_python(found.value))
        except ValidationError as error:
            wrong = str(error.errors(include_url=False)[0]["msg"])
    raise UnusableReply(f"the reply is not the JSON that was asked for: {wrong}")


def _pieces(text: str) -> Iterator[str]:
    """What may be JSON in a text, the likeliest first."""
    yield from reversed([block[1] for block in FENCE.findall(text)])
    prose = [text[start:end] for start, end in _spans(text)]
    prose.sort(key=lambda written: CITATION.fullmatch(written) is not None, reverse=True)
    yield from reversed(prose[-MOST:])


def _spans(text: str) -> Iterator[tuple[int, int]]:
    """Where brackets open and are closed again, the outermost ones; none within what begins like JSON and is cut."""
    place = 0
    while opening := OPENS.search(text, place):
        opened: list[int] = []
        closed: list[tuple[int, int]] = []
        for token in BRACKET.finditer(text, opening.start()):
            if token[0] in ("[", "{"):
                opened.append(token.start())
            elif token[0] in ("]", "}"):
                start = opened.pop()
                while closed and closed[-1][0] > start:
                    closed.pop()
                closed.append((start, token.end()))
                if not opened:
                    break
        cut = next((start for start in opened if BEGINS.match(text, start)), len(text))
        yield from (span for span in closed if span[0] < cut)
        if opened:
            return
        place = closed[-1][1]


@cache
def _adapter(shape: Any) -> TypeAdapter[Any]:
    return TypeAdapter(shape)


@cache
def _schema(shape: Any) -> dict[str, Any]:
    schema = _adapter(shape).json_schema()
    closed: dict[str, Any] = _closed(schema, schema.get("$defs", {}))
    return closed


def _closed(node: Any, named: Mapping[str, Any]) -> Any:
    """A schema without references, in which every object has all its properties and no others."""
    if isinstance(node, list):
        return [_closed(one, named) for one in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return _closed(named[node["$ref"].rpartition("/")[2]], named)
    if properties := node.get("properties"):
        inner = {name: _closed(one, named) for name, one in properties.items()}
        return {"type": "object", "properties": inner, "required": list(inner), "additionalProperties": False}
    return {name: _closed(one, named) for name, one in node.items() if name not in LEFT_OUT}


def _fields(node: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """All properties in a schema, by name."""
    for name, one in node.get("properties", {}).items():
        yield name, one
        yield from _fields(one.get("items", one))
