"""A chat completion and its chunks, as clients get them."""

from __future__ import annotations

from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict

from ..objects import ChatUsage, FinishReason


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


class ChatChoice(TypedDict):
    index: int
    message: AssistantMessage
    logprobs: None
    finish_reason: FinishReason


class ChatChunkChoice(TypedDict):
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
    choices: list[ChatChoice]
    usage: ChatUsage
    metadata: NotRequired[dict[str, str]]


class ChatChunk(TypedDict):
    """A piece of a completion that is streamed."""

    id: str
    object: Literal["chat.completion.chunk"]
    created: int
    model: str
    system_fingerprint: str
    service_tier: str
    choices: list[ChatChunkChoice]
    usage: NotRequired[ChatUsage | None]
    """Where it is asked for: in the last chunk, and None in all others."""
