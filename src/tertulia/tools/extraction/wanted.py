"""What is to be read of paper: a JSON schema, or a line such as `vendor, items[]: {name, price: number}`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from ...errors import SettingsError

Kind = Literal["text", "number", "integer", "date", "boolean", "choice", "group", "list"]
KINDS: dict[str, Kind] = {
    "string": "text",
    "text": "text",
    "number": "number",
    "integer": "integer",
    "date": "date",
    "boolean": "boolean",
}
DEEPEST = 4
"""How deep lists and groups may lie in one another."""
MOST_FIELDS = 200
FIELD = re.compile(r"\s*([\w-]+)\s*(\[\])?\s*(?::\s*)?")


@dataclass(frozen=True)
class Field:
    """One thing to be read."""

    name: str
    kind: Kind
    said: str = ""
    """What the schema says of it: title and description."""
    fields: tuple[Field, ...] = ()
    """What a group holds, or each entry of a list."""
    choices: tuple[Any, ...] = ()
    pattern: str = ""
    """Regular expression that its text must match."""

    @property
    def is_leaf(self) -> bool:
        return self.kind not in ("group", "list")


@dataclass(frozen=True)
class Wanted:
    """All that is to be read, with the schema that it follows."""

    fields: tuple[Field, ...]
    schema: Mapping[str, Any]

    @classmethod
    def of_schema(cls, schema: Mapping[str, Any]) -> Wanted:
        """From a JSON schema; `$ref` is followed, and `anyOf` with null is understood.

        Raises:
            SettingsError: if it asks for what cannot be read from paper; the message names the property.
        """
        root = _resolved(schema, schema, "the schema", 0)
        if root.get("type") != "object" or not root.get("properties"):
            raise SettingsError('the schema must be an object with "properties", as in: {"type": "object", …}')
        fields = tuple(_fields(root, schema, "", 0))
        if sum(1 for field in fields for _ in walked(field)) > MOST_FIELDS:
            raise SettingsError(f"the schema has more than {MOST_FIELDS} properties; ask for fewer at once")
        return cls(fields, schema)

    @classmethod
    def of_line(cls, line: str) -> Wanted:
        """From a line of fields with commas; a field that says no type is text.

        Raises:
            SettingsError: if it cannot be read.
        """
        properties, rest = _properties(line, line)
        if rest.strip():
            raise SettingsError(f"the fields cannot be read from {rest.strip()[:30]!r} on; {EXAMPLE}")
        return cls.of_schema(_object(properties))

    @property
    def empty(self) -> dict[str, Any]:
        """What is returned if nothing is found."""
        return {field.name: nothing(field) for field in self.fields}


EXAMPLE = 'write them as in: "vendor, date: date, total: number, items[]: {name, price: number}"'


def walked(field: Field) -> Iterator[Field]:
    yield field
    for inner in field.fields:
        yield from walked(inner)


def nothing(field: Field) -> Any:
    if field.kind == "group":
        return {inner.name: nothing(inner) for inner in field.fields}
    return [] if field.kind == "list" else None


def _fields(schema: Mapping[str, Any], root: Mapping[str, Any], path: str, depth: int) -> Iterator[Field]:
    if depth > DEEPEST:
        raise SettingsError(
            f"the property {path!r} lies deeper than {DEEPEST} levels, or holds itself; make it flatter"
        )
    for name, given in schema["properties"].items():
        at = f"{path}.{name}" if path else name
        yield _field(name, _resolved(given, root, at, depth), root, at, depth)


def _field(name: str, given: Mapping[str, Any], root: Mapping[str, Any], at: str, depth: int) -> Field:
    said = " ".join(str(given[key]) for key in ("title", "description") if given.get(key))
    if choices := given.get("enum") or ([given["const"]] if "const" in given else []):
        return Field(name, "choice", said, choices=tuple(choices))
    kind = given.get("type")
    if kind == "object" and given.get("properties"):
        return Field(name, "group", said, tuple(_fields(given, root, at, depth + 1)))
    if kind == "array":
        entry = _resolved(given.get("items") or {"type": "string"}, root, f"{at}[]", depth)
        if entry.get("type") == "object" and entry.get("properties"):
            return Field(name, "list", said, tuple(_fields(entry, root, f"{at}[]", depth + 1)))
        return Field(name, "list", said, (replace(_field("", entry, root, f"{at}[]", depth + 1), name=""),))
    if kind == "string" and str(given.get("format", "")).startswith("date"):
        return Field(name, "date", said)
    if kind in KINDS:
        return Field(name, KINDS[kind], said, pattern=str(given.get("pattern", "")))
    raise SettingsError(
        f"the property {at!r} is {json.dumps(kind) if kind else 'of no type'}, which is not read from paper; give it "
        "one of string, number, integer, boolean, an enum, an array or an object with properties"
    )


def _resolved(given: Any, root: Mapping[str, Any], at: str, depth: int) -> Mapping[str, Any]:
    """The schema itself, where it is only referred to or may also be null."""
    for _ in range(20):
        if not isinstance(given, Mapping):
            raise SettingsError(f"the schema of {at!r} is {type(given).__name__}, and should be an object")
        if "$ref" in given:
            given = {**_referred(str(given["$ref"]), root, at), **{k: v for k, v in given.items() if k != "$ref"}}
            continue
        if isinstance(given.get("type"), list):
            options = [{**given, "type": kind} for kind in given["type"] if kind != "null"]
        else:
            options = [one for key in ("anyOf", "oneOf", "allOf") for one in given.get(key, [])]
            options = [one for one in options if not (isinstance(one, Mapping) and one.get("type") == "null")]
        if not options or (given.get("type") and not isinstance(given["type"], list)):
            return given
        if len(options) == 2 and {one.get("type") for one in options} == {"number", "string"}:
            options = [one for one in options if one.get("type") == "number"]  # how pydantic writes a Decimal
        if len(options) > 1:
            raise SettingsError(f"the property {at!r} may be of several types; paper does not say which: give it one")
        given = {**options[0], **{key: given[key] for key in ("title", "description") if key in given}}
    raise SettingsError(f"the property {at!r} refers to itself without end")


def _referred(pointer: str, root: Mapping[str, Any], at: str) -> Mapping[str, Any]:
    found: Any = root
    for part in pointer.removeprefix("#").strip("/").split("/") if pointer != "#" else ():
        found = found.get(part) if isinstance(found, Mapping) else None
    if not pointer.startswith("#") or not isinstance(found, Mapping):
        raise SettingsError(
            f"the property {at!r} refers to {pointer!r}, which is not in the schema: put it under $defs"
        )
    return found


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _properties(text: str, whole: str) -> tuple[dict[str, Any], str]:
    """What is said up to the brace that closes, and the rest."""
    found: dict[str, Any] = {}
    while True:
        match = FIELD.match(text)
        if not match:
            raise SettingsError(f"the fields cannot be read from {text.strip()[:30]!r} on; {EXAMPLE}")
        name, is_list, text = match[1], bool(match[2]), text[match.end() :]
        if text.startswith("{"):
            inner, text = _properties(text[1:], whole)
            if not text.startswith("}"):
                raise SettingsError(f"the brace after {name!r} is not closed; {EXAMPLE}")
            found[name], text = _object(inner), text[1:]
        else:
            kind = re.match(r"[a-z]*", text)
            word = kind[0] if kind else ""
            if word and word not in KINDS:
                raise SettingsError(f"{word!r} is no type of a field; there are: {', '.join(KINDS)}")
            found[name] = {"type": "string", "format": "date"} if word == "date" else {"type": "string"}
            if word and word not in ("date", "text"):
                found[name] = {"type": word}
            text = text[len(word) :]
        if is_list:
            found[name] = {"type": "array", "items": found[name]}
        text = text.lstrip()
        if not text.startswith(","):
            return found, text
        text = text[1:]
