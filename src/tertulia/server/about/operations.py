"""All that the server does: what is done at each address, and the types of what it takes and gives."""

from __future__ import annotations

from ..chat import routes as chat
from ..chat.chat_objects import ChatChunk, ChatCompletion
from ..extract import routes as extraction
from ..extract.request import ExtractRequest
from ..objects import Extracted, Health, ModelList, ModelObject
from ..problems import JSON
from ..reading.chat_request import ChatRequest
from ..reading.response_request import ResponsesRequest
from ..responses import routes as responses
from ..responses.response_objects import Deleted, InputItems, Response, ResponseEvent
from . import routes as about
from .openapi import Operation

RESPONSE = "/v1/responses/{id}"
REPLAY: dict[str, JSON] = {"stream": {"type": "boolean"}, "starting_after": {"type": "integer", "minimum": 0}}
OPERATIONS = (
    Operation("POST", "/v1/chat/completions", chat.complete, ChatCompletion, ChatRequest, ChatChunk),
    Operation(
        "POST",
        "/v1/responses",
        responses.create,
        Response,
        ResponsesRequest,
        ResponseEvent,
        makes={
            "retrieve": f"GET {RESPONSE}",
            "delete": f"DELETE {RESPONSE}",
            "cancel": f"POST {RESPONSE}/cancel",
            "input_items": f"GET {RESPONSE}/input_items",
        },
    ),
    Operation(
        "GET",
        RESPONSE,
        responses.retrieve,
        Response,
        events=ResponseEvent,
        query=REPLAY,
    ),
    Operation("DELETE", RESPONSE, responses.delete, Deleted),
    Operation("POST", f"{RESPONSE}/cancel", responses.cancel, Response),
    Operation(
        "GET",
        f"{RESPONSE}/input_items",
        responses.input_items,
        InputItems,
        query={"order": {"enum": ["asc", "desc"]}},
    ),
    Operation("POST", "/v1/extract", extraction.extract, Extracted, ExtractRequest),
    Operation("GET", "/v1/models", about.models, ModelList),
    Operation("GET", "/v1/models/{id}", about.model, ModelObject),
    Operation("GET", "/metrics", about.metrics, str),
    Operation("GET", "/healthz", about.healthy, Health, is_open=True),
    Operation("GET", "/readyz", about.ready, Health, is_open=True),
)
