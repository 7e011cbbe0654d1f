"""What clients send: the parameters that are read, and those that are refused since they would change the answer."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from .problems import unsupported

Metadata = Annotated[
    dict[Annotated[str, Field(max_length=64)], Annotated[str, Field(max_length=512)]], Field(max_length=16)
]
Tier = Literal["auto", "default", "flex", "priority", "scale"]
Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]
Tokens = Annotated[int, Field(ge=1, le=10_000_000)]
MOST_CHOICES = 8
MOST_MESSAGES = 2000
SEED = Field(default=None, ge=-(2**63), lt=2**63)
NEUTRAL: dict[str, tuple[Any, ...]] = {
    "top_p": (1,),
    "frequency_penalty": (0,),
    "presence_penalty": (0,),
    "logit_bias": ({},),
    "logprobs": (False,),
    "top_logprobs": (0,),
    "modalities": (["text"],),
    "audio": (),
    "web_search_options": (),
    "functions": ([],),
    "function_call": ("none", "auto"),
    "conversation": (),
    "prompt": (),
    "moderation": (),
}
"""Parameters that would change the answer, with the values that leave it as it is; null does so always."""


class Shape(BaseModel):
    """A part of a request; fields that nobody knows are accepted, since clients add their own."""

    model_config = ConfigDict(extra="allow")

    def refuse_unsupported(self) -> None:
        """Raise `Problem` for a parameter that would change the answer and cannot be honoured."""
        for name, value in (self.model_extra or {}).items():
            if name in NEUTRAL and value is not None and value not in NEUTRAL[name]:
                raise unsupported(name)


class Part(Shape):
    """A piece of a message: text, or an image as a data URL or, where the server may fetch it, its address."""

    type: str
    text: str | None = None
    image_url: str | dict[str, Any] | None = None


class Message(Shape):
    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[Part] | None = None
    tool_calls: list[dict[str, Any]] | None = None


class JSONSchema(Shape):
    name: str = "answer"
    schema_: dict[str, Any] | None = Field(default=None, alias="schema")
    strict: bool | None = None


class Format(Shape):
    """How the answer is to be written."""

    type: Literal["text", "json_object", "json_schema"]


class ChatFormat(Format):
    json_schema: JSONSchema | None = None


class TextFormat(Format, JSONSchema):
    pass


class StreamOptions(Shape):
    include_usage: bool | None = None


class ChatRequest(Shape):
    """The body of `POST /v1/chat/completions`."""

    model: str
    messages: list[Message] = Field(min_length=1, max_length=MOST_MESSAGES)
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    n: int | None = Field(default=None, ge=1, le=MOST_CHOICES)
    stop: str | Annotated[list[str], Field(max_length=4)] | None = None
    seed: int | None = SEED
    temperature: float | None = Field(default=None, ge=0, le=2)
    max_tokens: Tokens | None = None
    max_completion_tokens: Tokens | None = None
    reasoning_effort: Effort | None = None
    response_format: ChatFormat | None = None
    verbosity: Literal["low", "medium", "high"] | None = None
    metadata: Metadata | None = None
    tools: list[dict[str, Any]] | None = None
    tool_choice: str | dict[str, Any] | None = None
    store: bool | None = None
    service_tier: Tier | None = None


class Reasoning(Shape):
    effort: Effort | None = None
    summary: Literal["auto", "concise", "detailed"] | None = None


class TextConfig(Shape):
    format: TextFormat | None = None
    verbosity: Literal["low", "medium", "high"] | None = None


class Item(Shape):
    """A piece of the conversation."""

    type: str = "message"
    role: Literal["system", "developer", "user", "assistant"] | None = None
    content: str | list[Part] | None = None


class ResponsesRequest(Shape):
    """The body of `POST /v1/responses`."""

    model: str
    input: str | Annotated[list[Item], Field(min_length=1, max_length=MOST_MESSAGES)]
    instructions: str | None = None
    stream: bool | None = None
    background: bool | None = None
    store: bool | None = None
    previous_response_id: str | None = None
    max_output_tokens: Tokens | None = None
    temperature: float | None = Field(default=None, ge=0, le=2)
    reasoning: Reasoning | None = None
    text: TextConfig | None = None
    metadata: Metadata | None = None
    tools: list[dict[str, Any]] | None = None
    tool_choice: str | dict[str, Any] | None = None
    parallel_tool_calls: bool | None = None
    service_tier: Tier | None = None
    truncation: Literal["auto", "disabled"] | None = None
    user: str | None = None
