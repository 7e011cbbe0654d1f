"""The OpenAPI document of the server, and a page to read it."""

from __future__ import annotations

from functools import cache
from html import escape

from pydantic.json_schema import models_json_schema

from .. import __version__
from .problems import JSON
from .reading.chat_request import ChatRequest
from .reading.response_request import ResponsesRequest

ERROR: JSON = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["message", "type", "param", "code"],
            "properties": {
                "message": {"type": "string"},
                "type": {"type": "string"},
                "param": {"type": ["string", "null"]},
                "code": {"type": ["string", "null"]},
            },
        }
    },
}
ID = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
LINKS = {
    name: {"operationRef": f"#/paths/~1v1~1responses~1{{id}}{place}", "parameters": {"id": "$response.body#/id"}}
    for name, place in (
        ("retrieve", "/get"),
        ("delete", "/delete"),
        ("cancel", "~1cancel/post"),
        ("input_items", "~1input_items/get"),
    )
}
STREAM = {"name": "stream", "in": "query", "schema": {"type": "boolean"}}
AFTER = {"name": "starting_after", "in": "query", "schema": {"type": "integer", "minimum": 0}}
ORDER = {"name": "order", "in": "query", "schema": {"enum": ["asc", "desc"]}}
FAILURES = {
    "400": "The request cannot be served; `param` names what is wrong.",
    "401": "No key, or an unknown one.",
    "403": "Not from this machine, or from a web page that may not call.",
    "404": "There is no such thing.",
    "408": "The request came too slowly.",
    "413": "The request is too large.",
    "429": "Too much at once, or a limit of the key is reached; `Retry-After` says when to come back.",
    "500": "A fault of the server.",
    "502": "The model behind it failed; `usage` in the error says what was spent.",
    "503": "The model is busy, or the server stops.",
}


@cache
def document(models: tuple[str, ...]) -> JSON:
    """The OpenAPI 3.1 document of a server that offers `models`."""
    _, schemas = models_json_schema(
        [(ChatRequest, "validation"), (ResponsesRequest, "validation")], ref_template="#/components/schemas/{model}"
    )
    made = _operation("Make a response.", body="ResponsesRequest", streams=True)
    made["responses"]["200"]["links"] = LINKS
    for name in ("ChatRequest", "ResponsesRequest"):
        schemas["$defs"][name]["properties"]["model"]["enum"] = list(models)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Tertulia", "version": __version__, "summary": "A reasoning model made of agents."},
        "paths": {
            "/v1/chat/completions": {"post": _operation("Answer a chat.", body="ChatRequest", streams=True)},
            "/v1/responses": {"post": made},
            "/v1/responses/{id}": {
                "get": _operation("A response that was stored.", [ID, STREAM, AFTER], streams=True),
                "delete": _operation("Forget a response.", [ID]),
            },
            "/v1/responses/{id}/cancel": {"post": _operation("Stop a response made in the background.", [ID])},
            "/v1/responses/{id}/input_items": {"get": _operation("What was asked for a response.", [ID, ORDER])},
            "/v1/models": {"get": _operation("The models on offer.")},
            "/v1/models/{id}": {"get": _operation("One model.", [ID])},
            "/metrics": {"get": _operation("Counts and times for Prometheus.", kind="text/plain")},
            "/healthz": {"get": _operation("Whether the process works.")},
            "/readyz": {"get": _operation("Whether it takes new work.")},
        },
        "components": {
            "schemas": schemas["$defs"] | {"Error": ERROR},
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"key": []}, {}],
    }


def _operation(
    summary: str,
    parameters: list[JSON] | None = None,
    body: str = "",
    kind: str = "application/json",
    streams: bool = False,
) -> JSON:
    content: JSON = {kind: {}} | ({"text/event-stream": {}} if streams else {})
    failure = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    operation: JSON = {
        "summary": summary,
        "responses": {
            "200": {"description": "As asked.", "content": content},
            **{status: {"description": text, "content": failure} for status, text in FAILURES.items()},
        },
    }
    if parameters:
        operation["parameters"] = parameters
    if body:
        schema = {"$ref": f"#/components/schemas/{body}"}
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return operation


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
