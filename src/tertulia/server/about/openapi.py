"""The OpenAPI document of the server, made of its operations, and a page to read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from typing import Any

from pydantic import TypeAdapter

from ... import __version__
from ..objects import ErrorObject
from ..problems import JSON
from ..service import Handler

FAILURES = {
    "400": "The request cannot be served; `param` names what is wrong.",
    "401": "No key, or an unknown one.",
    "403": "Not from this machine, or from a web page that may not call.",
    "404": "There is no such thing.",
    "408": "The request came too slowly.",
    "409": "It is being stopped, or was cancelled.",
    "413": "The request is too large.",
    "422": "The idempotency key came before with another request.",
    "429": "Too much at once, or a limit of the key is reached; `Retry-After` says when to come back.",
    "500": "A fault of the server.",
    "502": "The model behind it failed; `usage` in the error says what was spent.",
    "503": "The model is busy, or the server stops.",
}
REFERENCES = "#/components/schemas/{model}"


@dataclass(frozen=True, eq=False)
class Operation:
    """What is done at an address, and the types of what it takes and gives."""

    method: str
    path: str
    handler: Handler
    """Its docstring says what is done."""
    reply: Any
    body: Any = None
    """None if it takes none."""
    events: Any = None
    """Of the events of the reply, where it can be streamed; None if it cannot."""
    query: Mapping[str, JSON] | None = None
    """Schemas of its parameters, by name."""
    is_open: bool = False
    """Whether it answers anybody."""
    makes: Mapping[str, str] | None = None
    """Names of the operations on what it makes, which take its id, with method and path of each."""

    @property
    def summary(self) -> str:
        return (self.handler.__doc__ or "").partition("\n")[0]

    @property
    def types(self) -> Sequence[Any]:
        return [type for type in (self.reply, self.body, self.events) if type not in (None, str)]


@cache
def document(operations: tuple[Operation, ...], models: tuple[str, ...]) -> JSON:
    """The OpenAPI 3.1 document of a server that offers `models`."""
    types = dict.fromkeys([ErrorObject, *(type for operation in operations for type in operation.types)])
    found, schemas = TypeAdapter.json_schemas(
        [(type, "validation", TypeAdapter(type)) for type in types], ref_template=REFERENCES
    )
    of = {type: schema for (type, _), schema in found.items()}
    definitions = schemas["$defs"]
    for body in (operation.body for operation in operations if operation.body):
        definitions[body.__name__]["properties"]["model"]["enum"] = list(models)
    paths: JSON = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _described(operation, of)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Tertulia", "version": __version__, "summary": "A reasoning model made of agents."},
        "paths": paths,
        "components": {
            "schemas": definitions,
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"key": []}, {}],
    }


def _described(operation: Operation, of: Mapping[Any, JSON]) -> JSON:
    whole: JSON = {"description": "As asked.", "content": _content(operation, of)}
    if operation.makes:
        whole["links"] = {name: _link(target) for name, target in operation.makes.items()}
    failure = {"application/json": {"schema": of[ErrorObject]}}
    failures = {} if operation.is_open else FAILURES
    described: JSON = {
        "summary": operation.summary,
        "responses": {"200": whole}
        | {status: {"description": text, "content": failure} for status, text in failures.items()},
    }
    if parameters := _parameters(operation):
        described["parameters"] = parameters
    if operation.body:
        content = {"application/json": {"schema": of[operation.body]}}
        described["requestBody"] = {"required": True, "content": content}
    return described


def _content(operation: Operation, of: Mapping[Any, JSON]) -> JSON:
    if operation.reply is str:
        return {"text/plain": {}}
    content: JSON = {"application/json": {"schema": of[operation.reply]}}
    if operation.events:
        content["text/event-stream"] = {"x-itemSchema": of[operation.events]}  # `itemSchema` from OpenAPI 3.2 on
    return content


def _parameters(operation: Operation) -> list[JSON]:
    parameters: list[JSON] = []
    if "{id}" in operation.path:
        parameters.append({"name": "id", "in": "path", "required": True, "schema": {"type": "string"}})
    parameters += [{"name": name, "in": "query", "schema": schema} for name, schema in (operation.query or {}).items()]
    return parameters


def _link(target: str) -> JSON:
    method, _, path = target.partition(" ")
    place = f"#/paths/{path.replace('/', '~1')}/{method.lower()}"
    return {"operationRef": place, "parameters": {"id": "$response.body#/id"}}


STYLE = (
    "body{font:16px/1.5 system-ui;max-width:50rem;margin:2rem auto;padding:0 1rem}code{background:#8882;padding:0 .3em}"
)


def page(document: JSON) -> str:
    """The document as a page without scripts."""
    parts = [f"<h1>Tertulia {escape(__version__)}</h1><p>{escape(document['info']['summary'])}</p>"]
    parts.append("<p>For machines: <a href='/openapi.json'>openapi.json</a></p>")
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            parts.append(f"<h2><code>{method.upper()} {escape(path)}</code></h2><p>{escape(operation['summary'])}</p>")
            body = operation.get("requestBody")
            if body:
                name = body["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[-1]
                parts.append(_fields(document["components"]["schemas"][name]))
    head = f"<!doctype html><html lang='en'><meta charset='utf-8'><title>Tertulia</title><style>{STYLE}</style>"
    return head + "".join(parts) + "</html>"


def _fields(schema: JSON) -> str:
    needed = schema.get("required", ())
    rows = (
        f"<li><code>{escape(name)}</code>{' (required)' if name in needed else ''}</li>"
        for name in schema["properties"]
    )
    return f"<ul>{''.join(rows)}</ul>"
