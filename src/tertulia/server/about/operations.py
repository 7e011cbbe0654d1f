"""All that the server does: what is done at each address, and the types of what it takes and gives."""

from __future__ import annotations

from .. import objects
from ..chat import routes as chat
from ..problems import JSON
from ..reading.chat_request import ChatRequest
from ..reading.response_request import ResponsesRequest
from ..responses import routes as responses
from . import routes as about
from .openapi import Operation

RESPONSE = "/v1/responses/{id}"
REPLAY: dict[str, JSON] = {"stream": {"type": "boolean"}, "starting_after": {"type": "integer", "minimum": 0}}
OPERATIONS = (
    Operation("POST", "/v1/chat/completions", chat.complete, objects.ChatCompletion, ChatRequest, objects.Chunk),
    Operation(
        "POST",
        "/v1/responses",
        responses.create,
        objects.Response,
        ResponsesRequest,
        objects.ResponseEvent,
        makes={
            "retrieve": f"GET {RESPONSE}",
            "delete": f"DELETE {RESPONSE}",
            "cancel": f"POST {RESPONSE}/cancel",
            "input_items": f"GET {RESPONSE}/input_items",
        },
    ),
    Operation("GET", RESPONSE, responses.retrieve, objects.Response, events=objects.ResponseEvent, query=REPLAY),
    Operation("DELETE", RESPONSE, responses.delete, objects.Deleted),
    Operation("POST", f"{RESPONSE}/cancel", responses.cancel, objects.Response),
    Operation(
        "GET",
        f"{RESPONSE}/input_items",
        responses.input_items,
        objects.InputItems,
        query={"order": {"enum": ["asc", "desc"]}},
    ),
    Operation("GET", "/v1/models", about.models, objects.Models),
    Operation("GET", "/v1/models/{id}", about.model, objects.Model),
    Operation("GET", "/metrics", about.metrics, str),
    Operation("GET", "/healthz", about.healthy, objects.Health, is_open=True),
    Operation("GET", "/readyz", about.ready, objects.Health, is_open=True),
)
