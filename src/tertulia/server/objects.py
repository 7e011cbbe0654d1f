"""What clients are sent in either protocol: objects of OpenAI's API, as types that cost nothing at run time."""

from __future__ import annotations

from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict

FinishReason = Literal["stop", "length", "tool_calls"]

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


class ChatUsage(TypedDict):
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


# -- the server


class ModelObject(TypedDict):
    id: str
    object: Literal["model"]
    created: int
    owned_by: str


class ModelList(TypedDict):
    object: Literal["list"]
    data: list[ModelObject]


class Health(TypedDict):
    status: Literal["ok", "ready", "stopping"]


class ErrorDetails(TypedDict):
    message: str
    type: str
    param: str | None
    """The parameter that is to blame; None if none is."""
    code: str | None
    usage: NotRequired[ChatUsage | ResponseUsage]
    """What was spent all the same."""


class ErrorObject(TypedDict):
    error: ErrorDetails


# -- what was read of a file


class ValueEvidence(TypedDict):
    """Where a value is printed."""

    pointer: str
    """JSON pointer of the value."""
    page: int
    box: list[float] | None
    """Left, top, right and bottom in pixels; None in formats that have no places."""
    text: str
    confidence: float
    by: str


class SumCheck(TypedDict):
    says: str
    holds: bool


class Extracted(TypedDict):
    """What a schema asked for, with where each value is printed."""

    object: Literal["extraction"]
    source: str
    data: dict[str, Any]
    evidence: list[ValueEvidence]
    missing: list[str]
    checks: list[SumCheck]
    rejected: list[str]
    notes: list[str]
    usage: ChatUsage
