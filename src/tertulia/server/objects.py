"""What clients are sent: the objects of OpenAI's protocol, as types that cost nothing at run time."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, Required

from typing_extensions import TypedDict

# -- what it cost


class AgentUsage(TypedDict):
    """What one agent spent."""

    agent: str
    calls: int
    read: int
    written: int
    cached: int
    models: list[str]


class TertuliaUsage(TypedDict):
    """The three numbers, and who spent what."""

    input: int
    output: int
    reasoning: int
    total: int
    reasoning_read: int
    reasoning_written: int
    cached: int
    exact: bool
    """False if a provider did not send a count, so that some are estimates."""
    cost_usd: float | None
    """None if a price is unknown."""
    calls: int
    strategy: str
    agents: list[AgentUsage]
    stopped: str | None
    """Why the run ended early; None if it did not."""
    ignored: list[str]
    """Parameters that had no effect."""
    runs: list[str]
    """Ids under which `tertulia runs` shows what was done."""


class PromptDetails(TypedDict):
    cached_tokens: int
    audio_tokens: int


class CompletionDetails(TypedDict):
    reasoning_tokens: int
    audio_tokens: int
    accepted_prediction_tokens: int
    rejected_prediction_tokens: int


class Usage(TypedDict):
    """Of a chat completion: all that was read is prompt, all that was written is completion."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: PromptDetails
    completion_tokens_details: CompletionDetails
    tertulia: TertuliaUsage


class InputDetails(TypedDict):
    cached_tokens: int
    cache_write_tokens: int


class OutputDetails(TypedDict):
    reasoning_tokens: int


class ResponseUsage(TypedDict):
    """Of a response: all that was read is input, all that was written is output."""

    input_tokens: int
    input_tokens_details: InputDetails
    output_tokens: int
    output_tokens_details: OutputDetails
    total_tokens: int
    tertulia: TertuliaUsage


# -- chat completions


class CalledFunction(TypedDict):
    name: str
    arguments: str
    """JSON, as the model wrote it."""


class ToolCall(TypedDict):
    id: str
    type: Literal["function"]
    function: CalledFunction


class ToolCallDelta(ToolCall):
    index: int


class AssistantMessage(TypedDict):
    role: Literal["assistant"]
    content: str | None
    reasoning_content: str
    refusal: str | None
    annotations: list[Any]
    tool_calls: NotRequired[list[ToolCall]]


class Delta(TypedDict, total=False):
    """What a chunk adds to a message."""

    role: Literal["assistant"]
    content: str
    reasoning_content: str
    tool_calls: list[ToolCallDelta]


FinishReason = Literal["stop", "length", "tool_calls"]


class Choice(TypedDict):
    index: int
    message: AssistantMessage
    logprobs: None
    finish_reason: FinishReason


class ChunkChoice(TypedDict):
    index: int
    delta: Delta
    logprobs: None
    finish_reason: FinishReason | None


class ChatCompletion(TypedDict):
    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    system_fingerprint: str
    service_tier: str
    choices: list[Choice]
    usage: Usage
    metadata: NotRequired[dict[str, str]]


class Chunk(TypedDict):
    """A piece of a completion that is streamed."""

    id: str
    object: Literal["chat.completion.chunk"]
    created: int
    model: str
    system_fingerprint: str
    service_tier: str
    choices: list[ChunkChoice]
    usage: NotRequired[Usage | None]
    """Where it is asked for: in the last chunk, and None in all others."""


# -- responses


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


# -- the server


class Model(TypedDict):
    id: str
    object: Literal["model"]
    created: int
    owned_by: str


class Models(TypedDict):
    object: Literal["list"]
    data: list[Model]


class Health(TypedDict):
    status: Literal["ok", "ready", "stopping"]


class ErrorDetails(TypedDict):
    message: str
    type: str
    param: str | None
    """The parameter that is to blame; None if none is."""
    code: str | None
    usage: NotRequired[Usage | ResponseUsage]
    """What was spent all the same."""


class ErrorObject(TypedDict):
    error: ErrorDetails
