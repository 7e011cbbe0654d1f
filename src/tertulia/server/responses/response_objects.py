"""A response, its items and its events, as clients get them."""

from __future__ import annotations

from typing import Any, Literal, Required

from typing_extensions import TypedDict

from ..objects import ResponseUsage


class SummaryText(TypedDict):
    type: Literal["summary_text"]
    text: str


class OutputText(TypedDict):
    type: Literal["output_text"]
    text: str
    annotations: list[Any]
    logprobs: list[Any]


ItemStatus = Literal["in_progress", "completed", "incomplete"]


class ReasoningItem(TypedDict):
    id: str
    type: Literal["reasoning"]
    status: ItemStatus
    summary: list[SummaryText]


class MessageItem(TypedDict):
    id: str
    type: Literal["message"]
    status: ItemStatus
    role: Literal["assistant"]
    content: list[OutputText]


class CallItem(TypedDict):
    id: str
    type: Literal["function_call"]
    status: ItemStatus
    call_id: str
    name: str
    arguments: str


OutputItem = ReasoningItem | MessageItem | CallItem
Status = Literal["queued", "in_progress", "completed", "incomplete", "failed", "cancelled"]


class ResponseError(TypedDict):
    code: str
    message: str
    param: str | None
    type: str


class IncompleteDetails(TypedDict):
    reason: Literal["max_output_tokens"]


class Response(TypedDict):
    id: str
    object: Literal["response"]
    created_at: int
    status: Status
    background: bool
    completed_at: int | None
    error: ResponseError | None
    incomplete_details: IncompleteDetails | None
    instructions: str | None
    max_output_tokens: int | None
    max_tool_calls: int | None
    model: str
    output: list[OutputItem]
    parallel_tool_calls: bool
    previous_response_id: str | None
    reasoning: dict[str, str | None]
    service_tier: str
    store: bool
    temperature: float | None
    text: dict[str, Any]
    tool_choice: str | dict[str, Any]
    tools: list[dict[str, Any]]
    top_logprobs: int
    top_p: float
    truncation: str
    usage: ResponseUsage | None
    user: str | None
    metadata: dict[str, str]


class EventDetails(TypedDict, total=False):
    """What an event may hold besides its type and number."""

    response: Response
    item_id: str
    output_index: int
    content_index: int
    summary_index: int
    item: OutputItem
    part: OutputText | SummaryText
    delta: str
    text: str
    logprobs: list[Any]
    name: str
    arguments: str
    code: str | None
    message: str
    param: str | None


class ResponseEvent(EventDetails):
    type: Required[str]
    sequence_number: Required[int]


class Deleted(TypedDict):
    id: str
    object: Literal["response"]
    deleted: bool


class InputItems(TypedDict):
    object: Literal["list"]
    data: list[dict[str, Any]]
    first_id: str | None
    last_id: str | None
    has_more: bool
